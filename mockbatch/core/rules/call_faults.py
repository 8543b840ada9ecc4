"""Faults of calls and connections.

Source: https://platform.claude.com/docs/en/api/errors; reactions of the official SDK as its tests here show them.
"""

from typing import Any

from mockbatch.core.rules.fault import ANY_CALL, Fault, Option, Scope, status_problem
from mockbatch.core.rules.item_faults import error_type_problem

_CONNECTION: tuple[Scope, ...] = ("connection", *ANY_CALL)
_ENDLESS = Option("span", "How long, in real time; by default until the client gives up.")


def _http_problem(options: dict[str, Any]) -> str | None:
    given = [name for name in ("retry_after", "retry_after_ms", "retry_after_date") if name in options]
    if len(given) > 1:
        return f"{given[0]} and {given[1]} contradict each other"
    bare = options["shape"] == "empty" and options["status"] == 304
    if not bare and (problem := status_problem(options)):
        return problem
    if options["shape"] != "anthropic" and "body" in options:
        return f"body and shape = {options['shape']!r} contradict each other"
    return error_type_problem(options)


CALL_FAULTS = (
    Fault(
        "http.error",
        ANY_CALL,
        "Respond with this status, in the API's shape or a broken one, before the call does anything.",
        "408, 409, 429 and 5xx: 3 requests, then the exception for the status; others: 1 request",
        (12, 24, 25, 26, 32, 51),
        "tests/e2e/test_faults_calls.py::test_a_create_that_is_refused",
        options={
            "status": Option("status", "The response status.", 500),
            "shape": Option(
                "choice",
                "The API's envelope, an HTML page, an empty body, or a truncated envelope.",
                "anthropic",
                ("anthropic", "html", "empty", "truncated_json"),
            ),
            "type": Option("text", "The error type; by default the one for the status."),
            "message": Option("text", "The error message; by default the API's."),
            "details": Option("json", "The error's `details`, a table."),
            "body": Option("text", "The body, instead of a shape."),
            "headers": Option("table", "Additional headers."),
            "retry_after": Option("count", "The header `retry-after`, in seconds."),
            "retry_after_ms": Option("count", "The header `retry-after-ms`."),
            "retry_after_date": Option("span", "The header `retry-after` as a date this long from now, in real time."),
            "x_should_retry": Option("flag", "The header `x-should-retry`, which the SDK obeys."),
        },
        check=_http_problem,
    ),
    Fault(
        "http.latency",
        ANY_CALL,
        "Delay the response, in real time; combines with other faults.",
        "waits; APITimeoutError after 3 requests if its timeout is shorter",
        (33,),
        "tests/e2e/test_faults_calls.py::test_latency",
        options={"delay": Option("delay", "The delay: a span or a distribution.", "1s")},
    ),
    Fault(
        "retrieve.not_found_flap",
        ("retrieve",),
        "An existing batch is a 404 at first, or every other time.",
        "1 GET, NotFoundError: a 404 is never retried",
        (13,),
        "tests/e2e/test_faults_calls.py::test_a_batch_that_is_not_found_at_first",
        options={
            "first_n": Option("count", "A 404 for the first n retrieves of each batch."),
            "lasts": Option("span", "A 404 for this long after creation, in virtual time."),
        },
    ),
    Fault(
        "results.not_found_flap",
        ("results",),
        "The results of an ended batch are a 404 at first, or every other time.",
        "2 GETs, the retrieve and the download; NotFoundError",
        (13, 32),
        "tests/e2e/test_faults_calls.py::test_results_that_are_not_found_at_first",
        options={
            "first_n": Option("count", "A 404 for the first n downloads of each batch."),
            "lasts": Option("span", "A 404 for this long after the batch ended, in virtual time."),
        },
    ),
    Fault(
        "create.accept_then_drop",
        ("create",),
        "The body is read, the batch is created or not, and the response is lost.",
        "3 POSTs with retry-count 0, 1, 2 and no idempotency header; APIConnectionError, and up to three batches",
        (1, 4),
        "tests/e2e/test_faults_calls.py::test_a_create_whose_answer_is_lost",
        options={
            "when": Option(
                "choice",
                "Whether the batch has been created by then.",
                "after_commit",
                ("before_commit", "after_commit"),
            ),
            "how": Option("choice", "What happens instead of the response.", "reset", ("reset", "hang", "502")),
        },
    ),
    Fault(
        "list.short_pages",
        ("list",),
        "Pages have at most `size` entries, regardless of the requested limit.",
        "auto-paging fetches more pages; code that reads one page misses the rest",
        (43,),
        "tests/e2e/test_faults_calls.py::test_short_pages",
        options={"size": Option("count", "Entries per page, at least 1.", 1)},
        check=lambda options: None if options["size"] else "size: a page of 0 entries would have no end",
    ),
    Fault(
        "connection.refuse",
        ("connection",),
        "New connections are closed before anything is read. Affects all sessions, so only the server's own rules "
        "can use it.",
        "3 connections, APIConnectionError",
        (12,),
        "tests/e2e/test_faults_batches.py::test_connections_that_are_refused",
    ),
    Fault(
        "connection.reset",
        _CONNECTION,
        "The connection is reset instead of a response, before or after the call takes effect.",
        "3 requests, APIConnectionError",
        (1, 12),
        "tests/e2e/test_faults_calls.py::test_a_connection_that_is_reset",
        options={"when": Option("choice", "Before or after the call takes effect.", "before", ("before", "after"))},
    ),
    Fault(
        "connection.hang",
        _CONNECTION,
        "Send nothing, or only the headers, and hang.",
        "before the headers: 3 requests, APITimeoutError; after them: httpx2.ReadTimeout from results(), no retry",
        (12, 33),
        "tests/e2e/test_faults_calls.py::test_a_connection_that_hangs",
        options={
            "when": Option(
                "choice", "Before or after the headers.", "before_headers", ("before_headers", "after_headers")
            ),
            "lasts": _ENDLESS,
        },
    ),
    Fault(
        "connection.slow_headers",
        _CONNECTION,
        "Send the headers byte by byte.",
        "waits: every byte restarts its timeout",
        (33,),
        "tests/e2e/test_faults_calls.py::test_slow_headers",
        options={"gap": Option("span", "Between two bytes, in real time.", "10ms")},
    ),
    Fault(
        "connection.close",
        _CONNECTION,
        "Close the connection after the response, announced or not.",
        "opens a new one; if unannounced, a call may hit the closed connection and be retried",
        (12,),
        "tests/e2e/test_faults_calls.py::test_a_connection_that_ends_after_each_answer",
        options={"announced": Option("flag", "Whether the response has `connection: close`.", True)},
    ),
)
FLAPS = frozenset({"retrieve.not_found_flap", "results.not_found_flap"})
"""Faults that depend on how often a batch was requested, or on how long it has existed."""
