"""Calls that fail, as the official SDK meets them: the exception, how many requests it made, what exists then."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import anthropic
import httpx2
import pytest

from tests.builders import requests
from tests.e2e.faulty import Faulty, counted

BATCHES = "/v1/messages/batches"


@pytest.mark.parametrize(
    ("http", "error", "calls"),
    [
        ({"status": 429, "retry_after": 0}, anthropic.RateLimitError, 3),
        ({"status": 529}, anthropic.OverloadedError, 3),
        ({"status": 502, "shape": "html"}, anthropic.InternalServerError, 3),
        ({"status": 500, "shape": "empty"}, anthropic.InternalServerError, 3),
        ({"status": 503, "shape": "truncated_json"}, anthropic.ServiceUnavailableError, 3),
        ({"status": 504}, anthropic.GatewayTimeoutError, 3),
        ({"status": 409}, anthropic.ConflictError, 3),
        ({"status": 413}, anthropic.ContentTooLargeError, 1),
        ({"status": 400, "message": "no"}, anthropic.BadRequestError, 1),
        ({"status": 401}, anthropic.AuthenticationError, 1),
        ({"status": 402}, anthropic.PaymentRequiredError, 1),
        ({"status": 403, "type": "billing_error"}, anthropic.PermissionDeniedError, 1),
        ({"status": 404}, anthropic.NotFoundError, 1),
        ({"status": 400, "x_should_retry": True}, anthropic.BadRequestError, 3),
        ({"status": 529, "x_should_retry": False}, anthropic.OverloadedError, 1),
    ],
    ids=str,
)
def test_a_create_that_is_refused(faulty: Faulty, http: dict[str, Any], error: type[Exception], calls: int) -> None:
    """What may be repeated is sent three times; nothing is created by any of them."""
    faulty.arm({"name": "no", "on": "create", "http": http})
    with pytest.raises(anthropic.APIStatusError) as raised:
        faulty.sdk.messages.batches.create(requests=requests("a"))  # type: ignore[arg-type]
    assert raised.type is error
    assert faulty.hits("no") == calls
    assert raised.value.response.headers["x-mockbatch-fault"] == "no"
    assert faulty.batches() == []


def test_the_shapes_of_an_error(faulty: Faulty) -> None:
    """The envelope with its type, an HTML page, nothing, half an envelope, any text."""
    shapes = [
        ({"status": 429, "details": {"error_code": "ramp_limit_exceeded"}}, "application/json"),
        ({"status": 502, "shape": "html"}, "text/html"),
        ({"status": 502, "shape": "empty"}, "text/plain"),
        ({"status": 502, "shape": "truncated_json"}, "application/json"),
        ({"status": 502, "body": "upstream gone"}, "text/plain; charset=utf-8"),
    ]
    for nth, (http, _) in enumerate(shapes, 1):
        faulty.arm({"name": str(nth), "on": "list", "nth": nth, "http": http})
    answers = [faulty.raw("GET", BATCHES) for _ in shapes]
    assert [answer.headers["content-type"] for answer in answers] == [kind for _, kind in shapes]
    envelope, html, empty, cut, text = answers
    assert envelope.json()["error"]["type"] == "rate_limit_error"
    assert envelope.json()["error"]["details"] == {"error_code": "ramp_limit_exceeded"}
    assert "<h1>502 Bad Gateway</h1>" in html.text
    assert empty.text == ""
    assert cut.text.startswith('{"type":"error"')
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        cut.json()
    assert text.text == "upstream gone"


def test_the_headers_that_say_when_to_come_back(faulty: Faulty) -> None:
    """In seconds, in milliseconds, or as a date; and any other header."""
    told: list[dict[str, Any]] = [
        {"retry_after": 120},
        {"retry_after_ms": 1500},
        {"retry_after_date": "2m"},
        {"headers": {"x-a": "b"}},
    ]
    for nth, options in enumerate(told, 1):
        faulty.arm({"on": "list", "nth": nth, "http": {"status": 429, **options}})
    seconds, milliseconds, date, other = (faulty.raw("GET", BATCHES).headers for _ in told)
    assert seconds["retry-after"] == "120"
    assert milliseconds["retry-after-ms"] == "1500"
    assert 118 <= parsedate_to_datetime(date["retry-after"]).timestamp() - time.time() <= 121
    assert other["x-a"] == "b"


def test_an_outage_of_some_polls_only(faulty: Faulty) -> None:
    """Every second retrieve fails, and the SDK does not even show it."""
    batch = faulty.create()
    faulty.arm({"name": "flaky", "on": "retrieve", "every": 2, "times": 2, "http": 502})
    for _ in range(4):
        assert faulty.sdk.messages.batches.retrieve(batch).id == batch
    assert faulty.hits("flaky") == 2


def test_an_outage_on_day_two(faulty: Faulty) -> None:
    """A span of virtual time, whatever time it really is."""
    faulty.arm({"name": "outage", "on": "*", "during": "+24h..+24h10m", "http": {"status": 529}})
    statuses = []
    for by in ("0s", "24h", "9m", "1m"):
        faulty.control("POST", "clock/advance", {"by": by})
        statuses.append(faulty.raw("GET", BATCHES).status_code)
    assert statuses == [200, 529, 529, 200]


def test_a_batch_that_is_not_found_at_first(faulty: Faulty) -> None:
    """A 404 is never repeated; by the next call of the user it is there."""
    batch = faulty.create()
    faulty.arm(counted("retrieve"), {"name": "flap", "fault": "retrieve.not_found_flap", "first_n": 1})
    with pytest.raises(anthropic.NotFoundError, match="not found"):
        faulty.sdk.messages.batches.retrieve(batch)
    assert faulty.hits("calls") == 1
    assert faulty.sdk.messages.batches.retrieve(batch).id == batch


def test_a_batch_that_is_not_found_for_a_while(faulty: Faulty) -> None:
    """By virtual time, counted from its creation."""
    faulty.arm({"fault": "retrieve.not_found_flap", "lasts": "2s"})
    batch = faulty.create()
    statuses = []
    for by in ("0s", "1s", "1s"):
        faulty.control("POST", "clock/advance", {"by": by})
        statuses.append(faulty.raw("GET", f"{BATCHES}/{batch}").status_code)
    assert statuses == [404, 404, 200]


def test_results_that_are_not_found_at_first(faulty: Faulty) -> None:
    """results() asks twice: for the batch, then for its results."""
    batch = faulty.ended()
    faulty.arm(counted("http"), {"name": "flap", "fault": "results.not_found_flap", "first_n": 2})
    for _ in range(2):
        with pytest.raises(anthropic.NotFoundError, match="has no available results"):
            faulty.rows(batch)
    assert len(faulty.rows(batch)) == 3
    assert (faulty.hits("calls"), faulty.hits("flap")) == (6, 2)


@pytest.mark.parametrize(("when", "made"), [("after_commit", 3), ("before_commit", 0)])
@pytest.mark.parametrize(
    ("how", "error"), [("reset", anthropic.APIConnectionError), ("502", anthropic.InternalServerError)]
)
def test_a_create_whose_answer_is_lost(faulty: Faulty, how: str, error: type[Exception], when: str, made: int) -> None:
    """The SDK sends it again without a key that would tell: up to three batches of the same requests."""
    faulty.arm({"name": "lost", "fault": "create.accept_then_drop", "when": when, "how": how})
    with pytest.raises(anthropic.APIError) as raised:
        faulty.sdk.messages.batches.create(requests=requests("a", "b"))  # type: ignore[arg-type]
    assert raised.type is error
    assert faulty.hits("lost") == 3
    assert len(faulty.batches()) == made


def test_a_create_that_hangs(faulty: Faulty) -> None:
    """It times out on the side of the caller, and the batch is there."""
    faulty.arm({"name": "lost", "fault": "create.accept_then_drop", "how": "hang", "times": 1})
    with pytest.raises(anthropic.APITimeoutError):
        faulty.sdk.with_options(timeout=0.3, max_retries=0).messages.batches.create(requests=requests("a"))  # type: ignore[arg-type]
    assert len(faulty.batches()) == 1


def test_each_retry_says_that_it_is_one(faulty: Faulty) -> None:
    """Rules can be about the retries alone, by the header in which the SDK counts them."""
    faulty.arm(
        *({"name": n, "on": "create", "header": {"x-stainless-retry-count": n}, "http": 500} for n in ("0", "1", "2"))
    )
    with pytest.raises(anthropic.InternalServerError):
        faulty.sdk.messages.batches.create(requests=requests("a"))  # type: ignore[arg-type]
    assert [faulty.hits(n) for n in ("0", "1", "2")] == [1, 1, 1]


def test_a_cancel_that_is_forgotten(faulty: Faulty) -> None:
    """It is acknowledged, and the batch goes on."""
    batch = faulty.create()
    faulty.arm({"name": "lost", "fault": "cancel.lost"})
    told = faulty.sdk.messages.batches.cancel(batch)
    assert told.processing_status == "canceling"
    assert told.cancel_initiated_at is not None
    found = faulty.sdk.messages.batches.retrieve(batch)
    assert (found.processing_status, found.cancel_initiated_at) == ("in_progress", None)


def test_a_cancel_that_errs_after_taking_effect(faulty: Faulty) -> None:
    """Three POSTs, of which the first was enough."""
    batch = faulty.create()
    faulty.arm({"name": "erring", "fault": "cancel.error_after_commit"})
    with pytest.raises(anthropic.InternalServerError):
        faulty.sdk.messages.batches.cancel(batch)
    assert faulty.hits("erring") == 3
    assert faulty.sdk.messages.batches.retrieve(batch).processing_status == "canceling"


def test_short_pages(faulty: Faulty) -> None:
    """Auto-paging finds all, one page does not."""
    made = [faulty.create(n) for n in range(1, 8)]
    faulty.arm({"name": "short", "fault": "list.short_pages", "size": 3})
    page = faulty.sdk.messages.batches.list(limit=100)
    assert (len(page.data), page.has_more) == (3, True)
    assert [batch.id for batch in page] == made[::-1]
    assert faulty.hits("short") == 3


def test_latency(faulty: Faulty) -> None:
    """In real time, on top of what another rule does."""
    faulty.arm({"name": "slow", "on": "list", "fault": "http.latency", "delay": "300ms"}, {"on": "list", "http": 500})
    began = time.monotonic()
    answer = faulty.raw("GET", BATCHES)
    assert time.monotonic() - began >= 0.3
    assert (answer.status_code, answer.headers["x-mockbatch-fault"]) == (500, "slow, http.error")
    with pytest.raises(anthropic.APITimeoutError):
        faulty.sdk.with_options(timeout=0.05).messages.batches.list()
    assert faulty.hits("slow") == 4


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_that_is_reset(faulty: Faulty, when: str) -> None:
    """Three requests, and no answer to any; what was asked for was done or not."""
    faulty.arm({"name": "gone", "on": "create", "fault": "connection.reset", "when": when})
    with pytest.raises(anthropic.APIConnectionError):
        faulty.sdk.messages.batches.create(requests=requests("a"))  # type: ignore[arg-type]
    assert faulty.hits("gone") == 3
    assert len(faulty.batches()) == (3 if when == "after" else 0)


def test_a_connection_that_hangs(faulty: Faulty) -> None:
    """Before the headers it is a timeout of the SDK, repeated; a limited hang is a late answer."""
    faulty.arm({"name": "hanging", "on": "retrieve", "fault": "connection.hang"})
    batch = faulty.create()
    with pytest.raises(anthropic.APITimeoutError):
        faulty.sdk.with_options(timeout=0.1).messages.batches.retrieve(batch)
    assert faulty.hits("hanging") == 3
    faulty.control("PUT", "rules", [{"on": "retrieve", "fault": "connection.hang", "lasts": "50ms"}])
    assert faulty.sdk.messages.batches.retrieve(batch).id == batch


def test_a_connection_that_hangs_after_the_headers(faulty: Faulty) -> None:
    """Within results() it is not even an error of the SDK."""
    batch = faulty.ended()
    faulty.arm({"name": "hanging", "on": "results", "fault": "connection.hang", "when": "after_headers"})
    with pytest.raises(httpx2.ReadTimeout):
        list(faulty.sdk.with_options(timeout=0.2).messages.batches.results(batch))
    assert faulty.hits("hanging") == 1


def test_slow_headers(faulty: Faulty) -> None:
    """Byte by byte, and so slower than any timeout that starts anew with each."""
    batch = faulty.create()
    faulty.arm({"on": "retrieve", "fault": "connection.slow_headers", "gap": "1ms"})
    began = time.monotonic()
    assert faulty.sdk.with_options(timeout=0.2).messages.batches.retrieve(batch).id == batch
    assert time.monotonic() - began > 0.2


@pytest.mark.parametrize("announced", [True, False])
def test_a_connection_that_ends_after_each_answer(faulty: Faulty, announced: bool) -> None:
    """The SDK opens another one."""
    batch = faulty.create()
    faulty.arm({"name": "last", "on": "retrieve", "fault": "connection.close", "announced": announced})
    for _ in range(3):
        response = faulty.sdk.messages.batches.with_raw_response.retrieve(batch)
        assert (response.headers.get("connection") == "close") == announced
    assert faulty.hits("last") >= 3


def test_a_streamed_message_breaks_as_well(faulty: Faulty) -> None:
    """Faults of calls are not about batches alone."""
    faulty.arm({"name": "no", "on": "messages", "model": "claude-haiku-*", "http": 529})
    with pytest.raises(anthropic.OverloadedError):
        faulty.sdk.messages.create(
            model="claude-haiku-4-5", max_tokens=8, messages=[{"role": "user", "content": "hello"}]
        )
    assert faulty.hits("no") == 3
