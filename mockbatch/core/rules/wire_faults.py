"""Faults of how an answer is sent: its headers, its encoding. Its status and its content stay what they are.

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
        "The answer has no Content-Type; or lacks other headers, or has others.",
        "reads JSON, rows and events whatever the Content-Type says; other clients give back text, or nothing",
        (57,),
        "tests/e2e/test_faults_wire.py::test_answers_without_a_content_type",
        options={
            "without": Option(
                "list", "The headers to leave out; `content-type` where no `headers` are given either, like a/b."
            ),
            "headers": Option("table", "Headers to add, or to send instead of those of the same name."),
        },
        check=_headers_problem,
    ),
    Fault(
        "http.encoding",
        ANY_CALL,
        "The answer and its Content-Encoding do not fit together.",
        "not_gzip, corrupt: httpx2.DecodingError from results(), elsewhere APIConnectionError after 3 requests; "
        "truncated: JSONDecodeError, or fewer rows; unannounced: UnicodeDecodeError; unknown: passes",
        (57,),
        "tests/e2e/test_faults_wire.py::test_encodings_that_are_wrong",
        options={
            "how": Option(
                "choice",
                "`not_gzip`: it says gzip and is not; `truncated`: gzip that lacks its last bytes; `corrupt`: gzip "
                "with a wrong byte; `unannounced`: gzip that says nothing of it; `unknown`: an encoding that nobody "
                "knows, of a body that is as it was.",
                "not_gzip",
                ENCODINGS,
            )
        },
    ),
)
