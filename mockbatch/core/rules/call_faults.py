"""Faults of calls and connections.

Source: https://platform.claude.com/docs/en/api/errors; reactions of the official SDK as its tests here show them.
"""

from typing import Any

from mockbatch.core.rules.fault import ANY_CALL, Fault, Option, Scope, status_problem
from mockbatch.core.rules.item_faults import error_type_problem

_CONNECTION: tuple[Scope, ...] = ("connection", *ANY_CALL)
_ENDLESS = Option("span", "For how long, in real time; by default until the caller gives up.")


def _http_problem(options: dict[str, Any]) -> str | None:
    told = [name for name in ("retry_after", "retry_after_ms", "retry_after_date") if name in options]
    if len(told) > 1:
        return f"{told[0]} and {told[1]} contradict each other"
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
        "The call is answered with this status, in the API's shape or an odd one, before anything is done.",
        "408, 409, 429 and from 500 on: 3 requests, then the exception of the status; others: 1 request",
        (12, 24, 25, 26, 32, 51),
        "tests/e2e/test_faults_calls.py::test_a_create_that_is_refused",
        options={
            "status": Option("status", "The status.", 500),
            "shape": Option(
                "choice",
                "The API's envelope, an HTML page, nothing, or an envelope that breaks off.",
                "anthropic",
                ("anthropic", "html", "empty", "truncated_json"),
            ),
            "type": Option("text", "The type of the error; by default that of the status."),
            "message": Option("text", "What it says; by default what the API says."),
            "details": Option("json", "Its details, a table."),
            "body": Option("text", "The body, instead of any shape."),
            "headers": Option("table", "More headers."),
            "retry_after": Option("count", "The header `retry-after`, in seconds."),
            "retry_after_ms": Option("count", "The header `retry-after-ms`."),
            "retry_after_date": Option("span", "The header `retry-after` as the date so long from now, in real time."),
            "x_should_retry": Option("flag", "The header `x-should-retry`, which the SDK obeys."),
        },
        check=_http_problem,
    ),
    Fault(
        "http.latency",
        ANY_CALL,
        "The answer comes later, in real time; other faults come on top of it.",
        "waits; beyond its timeout APITimeoutError after 3 requests",
        (33,),
        "tests/e2e/test_faults_calls.py::test_latency",
        options={"delay": Option("delay", "How much later: a span, or a distribution of them.", "1s")},
    ),
    Fault(
        "retrieve.not_found_flap",
        ("retrieve",),
        "The batch is not found at first, or every other time, though it is there.",
        "1 GET, NotFoundError: a 404 is never retried",
        (13,),
        "tests/e2e/test_faults_calls.py::test_a_batch_that_is_not_found_at_first",
        options={
            "first_n": Option("count", "Not for the first n retrieves of each batch."),
            "lasts": Option("span", "Not for so long after it was created, in virtual time."),
        },
    ),
    Fault(
        "results.not_found_flap",
        ("results",),
        "The results are not found at first, or every other time, though the batch has ended.",
        "2 GETs, the retrieve and the download; NotFoundError",
        (13, 32),
        "tests/e2e/test_faults_calls.py::test_results_that_are_not_found_at_first",
        options={
            "first_n": Option("count", "Not for the first n downloads of each batch."),
            "lasts": Option("span", "Not for so long after the batch ended, in virtual time."),
        },
    ),
    Fault(
        "create.accept_then_drop",
        ("create",),
        "The body is read, the batch created or not, and the answer gets lost.",
        "3 POSTs with retry-count 0, 1, 2 and no idempotency header; APIConnectionError, and up to three batches",
        (1, 4),
        "tests/e2e/test_faults_calls.py::test_a_create_whose_answer_is_lost",
        options={
            "when": Option(
                "choice", "Whether the batch exists then.", "after_commit", ("before_commit", "after_commit")
            ),
            "how": Option("choice", "What comes instead of the answer.", "reset", ("reset", "hang", "502")),
        },
    ),
    Fault(
        "list.short_pages",
        ("list",),
        "Pages have at most so many entries, whatever limit was asked for.",
        "auto-paging fetches more pages; code that reads one page misses the rest",
        (43,),
        "tests/e2e/test_faults_calls.py::test_short_pages",
        options={"size": Option("count", "Entries in a page, at least 1.", 1)},
        check=lambda options: None if options["size"] else "size: a page of 0 entries would have no end",
    ),
    Fault(
        "connection.refuse",
        ("connection",),
        "New connections are closed at once, before anything is read: for all sessions, so only a server's own rules "
        "can do it.",
        "3 connections, APIConnectionError",
        (12,),
        "tests/e2e/test_faults_batches.py::test_connections_that_are_refused",
    ),
    Fault(
        "connection.reset",
        _CONNECTION,
        "The connection is reset instead of an answer; what was asked for is done before, or not at all.",
        "3 requests, APIConnectionError",
        (1, 12),
        "tests/e2e/test_faults_calls.py::test_a_connection_that_is_reset",
        options={"when": Option("choice", "Before anything is done, or after.", "before", ("before", "after"))},
    ),
    Fault(
        "connection.hang",
        _CONNECTION,
        "Nothing comes, or only the headers.",
        "before headers 3 requests and APITimeoutError; after them httpx2.ReadTimeout from results(), no retry",
        (12, 33),
        "tests/e2e/test_faults_calls.py::test_a_connection_that_hangs",
        options={
            "when": Option(
                "choice", "Before the headers, or after them.", "before_headers", ("before_headers", "after_headers")
            ),
            "lasts": _ENDLESS,
        },
    ),
    Fault(
        "connection.slow_headers",
        _CONNECTION,
        "The headers come byte by byte.",
        "waits: every byte starts its timeout anew",
        (33,),
        "tests/e2e/test_faults_calls.py::test_slow_headers",
        options={"gap": Option("span", "Between two bytes, in real time.", "10ms")},
    ),
    Fault(
        "connection.close",
        _CONNECTION,
        "The connection ends after the answer, announced or not.",
        "opens another one; unannounced, a call may meet the closed one and be repeated",
        (12,),
        "tests/e2e/test_faults_calls.py::test_a_connection_that_ends_after_each_answer",
        options={"announced": Option("flag", "Whether the answer says `connection: close`.", True)},
    ),
)
FLAPS = frozenset({"retrieve.not_found_flap", "results.not_found_flap"})
"""Those that depend on how often, or how long, a batch was there."""
