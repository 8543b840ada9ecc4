"""Faults of calls and connections.

Source: https://platform.claude.com/docs/en/api/errors; reactions of the official SDK as its tests here show them.
"""

from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from mockbatch.core.contract.errors import ApiError, NotFound, error_of
from mockbatch.core.rules.actions import (
    Action,
    AfterBody,
    CloseAfter,
    LimitPage,
    OnSuccess,
    Reset,
    Respond,
    RespondError,
    SendHeadersSlowly,
    Strike,
    Wait,
    WaitAfterHeaders,
    seconds,
)
from mockbatch.core.rules.fault import ANY_CALL, Fault
from mockbatch.core.rules.item_faults import ERROR_MESSAGES, error_type_problem
from mockbatch.core.rules.options import is_header, option
from mockbatch.core.time.delays import Delay
from mockbatch.core.time.spans import SECOND

_HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"


def status_problem(status: int) -> str | None:
    """Return what is wrong with the status of an error response that has a body, if anything."""
    if status < 300:
        return f"status: {status} is not an error"
    return "status: a 304 response has no body" if status == HTTPStatus.NOT_MODIFIED else None


def api_error(
    status: int, kind: str | None = None, message: str | None = None, details: dict[str, Any] | None = None
) -> ApiError:
    """Return an error of the API, by default with its own type and message for the status."""
    error = error_of(status, kind)
    error.message = message or ERROR_MESSAGES.get(error.type, _phrase(status))
    error.details = details
    return error


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"


class HttpError(Fault):
    """Respond with this status, in the API's shape or a broken one, before the call does anything."""

    name = "http.error"
    on = ANY_CALL
    key = "http"
    sdk = "408, 409, 429 and 5xx: 3 requests, then the exception for the status; others: 1 request"
    modes = (12, 24, 25, 26, 32, 51)
    test = "tests/e2e/test_faults_calls.py::test_a_create_that_is_refused"
    status: int = option("status", "The response status.", 500)
    shape: str = option(
        "choice",
        "The API's envelope, an HTML page, an empty body, or a truncated envelope.",
        "anthropic",
        ("anthropic", "html", "empty", "truncated_json"),
    )
    type: str | None = option("text", "The error type; by default the one for the status.")
    message: str | None = option("text", "The error message; by default the API's.")
    details: dict[str, Any] | None = option("json", "The error's `details`, a table.")
    body: str | None = option("text", "The body, instead of a shape.")
    headers: dict[str, str] | None = option("table", "Additional headers.")
    retry_after: int | None = option("count", "The header `retry-after`, in seconds.")
    retry_after_ms: int | None = option("count", "The header `retry-after-ms`.")
    retry_after_date: int | None = option(
        "span", "The header `retry-after` as a date this long from now, in real time."
    )
    x_should_retry: bool | None = option("flag", "The header `x-should-retry`, which the SDK obeys.")

    def problem(self) -> str | None:
        names = ("retry_after", "retry_after_ms", "retry_after_date")
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) > 1:
            return f"{given[0]} and {given[1]} contradict each other"
        bare = self.shape == "empty" and self.status == HTTPStatus.NOT_MODIFIED
        if not bare and (problem := status_problem(self.status)):
            return problem
        if self.shape != "anthropic" and self.body is not None:
            return f"body and shape = {self.shape!r} contradict each other"
        return error_type_problem(self.type)

    def before(self, strike: Strike) -> Action:
        headers, bodyless = self._headers(strike.real), self.status == HTTPStatus.NOT_MODIFIED
        if self.body is not None and not bodyless:
            return Respond(self.status, headers, "text/plain; charset=utf-8", self.body.encode("utf-8", "replace"))
        if self.shape == "html":
            return _page(self.status, headers)
        if self.shape == "empty" or bodyless:
            return Respond(self.status, headers, "text/plain", b"")
        error = api_error(self.status, self.type, self.message, self.details)
        return RespondError(error, headers, self.shape == "truncated_json")

    def _headers(self, now: int) -> dict[str, str]:
        headers = sendable_headers(self.headers)
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        if self.retry_after_ms is not None:
            headers["retry-after-ms"] = str(self.retry_after_ms)
        if self.retry_after_date is not None:
            # the client compares it with a real clock
            headers["retry-after"] = formatdate((now + self.retry_after_date) / SECOND, usegmt=True)
        if self.x_should_retry is not None:
            headers["x-should-retry"] = "true" if self.x_should_retry else "false"
        return headers


def _page(status: int, headers: dict[str, str]) -> Respond:
    return Respond(status, headers, "text/html", _HTML.format(f"{status} {_phrase(status)}").encode())


def sendable_headers(headers: dict[str, str] | None) -> dict[str, str]:
    """Return the valid ones; rules from an older database may contain headers that are rejected today."""
    return {name: text for name, text in (headers or {}).items() if is_header(name, text)}


class Latency(Fault):
    """Delay the response, in real time; combines with other faults."""

    name = "http.latency"
    on = ANY_CALL
    sdk = "waits; APITimeoutError after 3 requests if its timeout is shorter"
    modes = (33,)
    test = "tests/e2e/test_faults_calls.py::test_latency"
    continues = True
    delay: Delay = option("delay", "The delay: a span or a distribution.", "1s")

    def response(self, strike: Strike) -> Action:
        return Wait(self.delay(strike.luck("latency")) / SECOND)


class _Flap(Fault):
    first_n: int | None
    lasts: int | None

    def selects(self, ordinal: int, age: int, *, chosen: bool) -> bool:
        # at first, or every other time if the rule does not say when
        if self.first_n is None and self.lasts is None:
            return chosen or ordinal % 2 == 1
        early = self.first_n is not None and ordinal <= self.first_n
        return early or (self.lasts is not None and age < self.lasts)


class RetrieveFlap(_Flap):
    """An existing batch is a 404 at first, or every other time."""

    name = "retrieve.not_found_flap"
    on = ("retrieve",)
    sdk = "1 GET, NotFoundError: a 404 is never retried"
    modes = (13,)
    test = "tests/e2e/test_faults_calls.py::test_a_batch_that_is_not_found_at_first"
    first_n: int | None = option("count", "A 404 for the first n retrieves of each batch.")
    lasts: int | None = option("span", "A 404 for this long after creation, in virtual time.")

    def before(self, strike: Strike) -> Action:
        return RespondError(NotFound(f"Message Batch {strike.batch} not found."))


class ResultsFlap(_Flap):
    """The results of an ended batch are a 404 at first, or every other time."""

    name = "results.not_found_flap"
    on = ("results",)
    sdk = "2 GETs, the retrieve and the download; NotFoundError"
    modes = (13, 32)
    test = "tests/e2e/test_faults_calls.py::test_results_that_are_not_found_at_first"
    first_n: int | None = option("count", "A 404 for the first n downloads of each batch.")
    lasts: int | None = option("span", "A 404 for this long after the batch ended, in virtual time.")

    def before(self, strike: Strike) -> Action:
        return RespondError(NotFound(f"Message Batch {strike.batch} has no available results."))


class AcceptThenDrop(Fault):
    """The body is read, the batch is created or not, and the response is lost."""

    name = "create.accept_then_drop"
    on = ("create",)
    sdk = "3 POSTs with retry-count 0, 1, 2 and no idempotency header; APIConnectionError, and up to three batches"
    modes = (1, 4)
    test = "tests/e2e/test_faults_calls.py::test_a_create_whose_answer_is_lost"
    when: str = option(
        "choice", "Whether the batch has been created by then.", "after_commit", ("before_commit", "after_commit")
    )
    how: str = option("choice", "What happens instead of the response.", "reset", ("reset", "hang", "502"))

    def before(self, strike: Strike) -> Action | None:
        return AfterBody(self._loss()) if self.when == "before_commit" else None

    def response(self, strike: Strike) -> Action | None:
        return OnSuccess(self._loss()) if self.when == "after_commit" else None

    def _loss(self) -> Action:
        if self.how == "hang":
            return Wait(None)
        return Reset() if self.how == "reset" else _page(502, {})


class ShortPages(Fault):
    """Pages have at most `size` entries, regardless of the requested limit."""

    name = "list.short_pages"
    on = ("list",)
    sdk = "auto-paging fetches more pages; code that reads one page misses the rest"
    modes = (43,)
    test = "tests/e2e/test_faults_calls.py::test_short_pages"
    size: int = option("count", "Entries per page, at least 1.", 1)

    def problem(self) -> str | None:
        return None if self.size else "size: a page of 0 entries would have no end"

    def before(self, strike: Strike) -> Action:
        return LimitPage(self.size)


class Refuse(Fault):
    """New connections are closed before anything is read. Affects all sessions, so only the server's own rules can
    use it.
    """

    name = "connection.refuse"
    on = ("connection",)
    sdk = "3 connections, APIConnectionError"
    modes = (12,)
    test = "tests/e2e/test_faults_batches.py::test_connections_that_are_refused"
    server_wide = True

    def connect(self) -> Action:
        return Reset()


class _OfConnections(Fault):
    on = ("connection", *ANY_CALL)


class ConnectionReset(_OfConnections):
    """The connection is reset instead of a response, before or after the call takes effect."""

    name = "connection.reset"
    sdk = "3 requests, APIConnectionError"
    modes = (1, 12)
    test = "tests/e2e/test_faults_calls.py::test_a_connection_that_is_reset"
    when: str = option("choice", "Before or after the call takes effect.", "before", ("before", "after"))

    def before(self, strike: Strike) -> Action | None:
        return Reset() if self.when == "before" else None

    def response(self, strike: Strike) -> Action | None:
        return Reset() if self.when == "after" else None


class Hang(_OfConnections):
    """Send nothing, or only the headers, and hang."""

    name = "connection.hang"
    sdk = "before the headers: 3 requests, APITimeoutError; after them: httpx2.ReadTimeout from results(), no retry"
    modes = (12, 33)
    test = "tests/e2e/test_faults_calls.py::test_a_connection_that_hangs"
    when: str = option("choice", "Before or after the headers.", "before_headers", ("before_headers", "after_headers"))
    lasts: int | None = option("span", "How long, in real time; by default until the client gives up.")

    def response(self, strike: Strike) -> Action:
        lasts = seconds(self.lasts)
        return Wait(lasts) if self.when == "before_headers" else WaitAfterHeaders(lasts)


class SlowHeadersFault(_OfConnections):
    """Send the headers byte by byte."""

    name = "connection.slow_headers"
    sdk = "waits: every byte restarts its timeout"
    modes = (33,)
    test = "tests/e2e/test_faults_calls.py::test_slow_headers"
    gap: int = option("span", "Between two bytes, in real time.", "10ms")

    def response(self, strike: Strike) -> Action:
        return SendHeadersSlowly(self.gap / SECOND)


class Close(_OfConnections):
    """Close the connection after the response, announced or not."""

    name = "connection.close"
    sdk = "opens a new one; if unannounced, a call may hit the closed connection and be retried"
    modes = (12,)
    test = "tests/e2e/test_faults_calls.py::test_a_connection_that_ends_after_each_answer"
    announced: bool = option("flag", "Whether the response has `connection: close`.", True)

    def response(self, strike: Strike) -> Action:
        return CloseAfter(self.announced)
