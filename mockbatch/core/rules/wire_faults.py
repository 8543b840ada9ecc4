"""Faults of how a response is sent: its headers and its encoding. Its status and content stay the same.

Source: reactions of the official SDK as its tests here show them.
"""

from typing import Any

from mockbatch.core.rules.fault import ANY_CALL, Fault, Option, check_removable

ENCODINGS = ("not_gzip", "truncated", "corrupt", "unannounced", "unknown")


def _headers_problem(options: dict[str, Any]) -> str | None:
    for name in options.get("without", ()):
        try:
            check_removable(name.lower())
        except ValueError as error:
            return f"without: {error}"
    return None


WIRE_FAULTS = (
    Fault(
        "http.headers",
        ANY_CALL,
        "Send no Content-Type, or remove, add or replace other headers.",
        "ignores the Content-Type of JSON, rows and events; other clients return text, or nothing",
        (57,),
        "tests/e2e/test_faults_wire.py::test_answers_without_a_content_type",
        options={
            "without": Option(
                "list", "The headers to remove, like a/b; by default `content-type`, unless `headers` are given."
            ),
            "headers": Option("table", "Headers to add, or to replace those of the same name."),
        },
        check=_headers_problem,
    ),
    Fault(
        "http.encoding",
        ANY_CALL,
        "Send a body that does not match its Content-Encoding.",
        "not_gzip, corrupt: httpx2.DecodingError from results(), elsewhere APIConnectionError after 3 requests; "
        "truncated: JSONDecodeError, or fewer rows; unannounced: UnicodeDecodeError; unknown: passes",
        (57,),
        "tests/e2e/test_faults_wire.py::test_encodings_that_are_wrong",
        options={
            "how": Option(
                "choice",
                "`not_gzip`: labeled gzip but is not; `truncated`: gzip without its last bytes; `corrupt`: gzip with a"
                " wrong byte; `unannounced`: gzip that is not labeled as such; `unknown`: an unknown encoding, with an"
                " unencoded body.",
                "not_gzip",
                ENCODINGS,
            )
        },
    ),
)
