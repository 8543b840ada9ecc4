"""Faults of how a response is sent: its headers and its encoding. Its status and content stay the same.

Source: reactions of the official SDK as its tests here show them.
"""

from mockbatch.core.rules.actions import Action, EditHeaders, Encode, Strike
from mockbatch.core.rules.call_faults import sendable_headers
from mockbatch.core.rules.fault import ANY_CALL, Fault
from mockbatch.core.rules.options import check_removable, option


class Headers(Fault):
    """Send no Content-Type, or remove, add or replace other headers."""

    name = "http.headers"
    on = ANY_CALL
    sdk = "ignores the Content-Type of JSON, rows and events; other clients return text, or nothing"
    modes = (57,)
    test = "tests/e2e/test_faults_wire.py::test_answers_without_a_content_type"
    continues = True
    without: list[str] | None = option(
        "list", "The headers to remove, like a/b; by default `content-type`, unless `headers` are given."
    )
    headers: dict[str, str] | None = option("table", "Headers to add, or to replace those of the same name.")

    def problem(self) -> str | None:
        try:
            for name in self.without or ():
                check_removable(name.lower())
        except ValueError as error:
            return f"without: {error}"
        return None

    def before(self, strike: Strike) -> Action:
        added = sendable_headers(self.headers)
        without = self.without or ([] if added else ["content-type"])
        return EditHeaders(frozenset(name.lower() for name in without), added)


class Encoding(Fault):
    """Send a body that does not match its Content-Encoding."""

    name = "http.encoding"
    on = ANY_CALL
    sdk = (
        "not_gzip, corrupt: httpx2.DecodingError from results(), elsewhere APIConnectionError after 3 requests; "
        "truncated: JSONDecodeError, or fewer rows; unannounced: UnicodeDecodeError; unknown: passes"
    )
    modes = (57,)
    test = "tests/e2e/test_faults_wire.py::test_encodings_that_are_wrong"
    continues = True
    how: str = option(
        "choice",
        "`not_gzip`: labeled gzip but is not; `truncated`: gzip without its last bytes; `corrupt`: gzip with a wrong "
        "byte; `unannounced`: gzip that is not labeled as such; `unknown`: an unknown encoding, with an unencoded "
        "body.",
        "not_gzip",
        ("not_gzip", "truncated", "corrupt", "unannounced", "unknown"),
    )

    def before(self, strike: Strike) -> Action:
        return Encode(self.how)
