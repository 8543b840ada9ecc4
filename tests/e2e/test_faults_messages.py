"""Streams of `/v1/messages` that fail, as the official SDK meets them: the exception, and how many events."""

import time
from typing import Any

import anthropic
import httpx2
import pytest

from mockbatch.core.rules.message_faults import EVENT_LINES
from tests.builders import params
from tests.e2e.faulty import Faulty, counted

PROMPT = params("Tell me a long story", max_tokens=200)
AFTER = 5
SHOWN = 4  # the SDK keeps pings to itself


def streamed(faulty: Faulty, seen: list[str]) -> anthropic.types.Message:
    """The message that the SDK makes of a stream; `seen` gets the types of the events that came."""
    with faulty.sdk.messages.create(**PROMPT, stream=True) as stream:
        seen += [event.type for event in stream]
    with faulty.sdk.messages.stream(**PROMPT) as helper:
        return helper.get_final_message()


def until(faulty: Faulty, error: type[BaseException]) -> tuple[list[str], BaseException]:
    """The events that came before the stream ended with an exception of exactly that class."""
    seen: list[str] = []
    with pytest.raises(error) as raised, faulty.sdk.messages.create(**PROMPT, stream=True) as stream:  # noqa: PT012
        for event in stream:
            seen.append(event.type)
    assert raised.type is error
    return seen, raised.value


def body(faulty: Faulty, **more: Any) -> bytes:
    """The bytes of a stream."""
    answer = faulty.raw("POST", "/v1/messages", {**PROMPT, "stream": True, **more})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    return bytes(answer.content)


def events(data: bytes) -> list[bytes]:
    assert data.endswith(b"\n\n")
    return [event + b"\n\n" for event in data.removesuffix(b"\n\n").split(b"\n\n")]


def test_events_have_the_lines_that_are_counted(faulty: Faulty) -> None:
    """A name, data, and an empty line: else events would be cut elsewhere."""
    whole = events(body(faulty))
    assert len(whole) > AFTER + 2
    assert {event.count(b"\n") for event in whole} == {EVENT_LINES}
    assert all(event.split(b"\n")[1].startswith(b"data: ") for event in whole)


@pytest.mark.parametrize(
    ("told", "kind", "message"),
    [
        ({}, "overloaded_error", "Overloaded"),
        ({"type": "api_error"}, "api_error", "Internal server error"),
        ({"type": "rate_limit_error", "message": "slow down"}, "rate_limit_error", "slow down"),
    ],
    ids=str,
)
def test_an_error_inside_of_a_stream(faulty: Faulty, told: dict[str, Any], kind: str, message: str) -> None:
    """After so many events, inside of a 200: an APIStatusError, which is not repeated."""
    faulty.arm(counted("http"), {"name": "no", "fault": "messages.error_event", "after_events": AFTER, "with": told})
    seen, error = until(faulty, anthropic.APIStatusError)
    assert len(seen) == SHOWN
    assert isinstance(error, anthropic.APIStatusError)
    assert error.status_code == 200
    assert error.body == {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": error.response.headers["request-id"],
    }
    assert (faulty.hits("calls"), faulty.hits("no")) == (1, 1)


def test_an_error_of_a_stream_that_tells_more(faulty: Faulty) -> None:
    """Details as in any envelope; before the first event, or never where the message is shorter."""
    details = {"error_code": "ramp_limit_exceeded"}
    faulty.arm({"fault": "messages.error_event", "after_events": 0, "details": details, "nth": 1})
    faulty.arm({"fault": "messages.error_event", "after_events": 1000, "nth": 2})
    first = events(body(faulty))
    assert len(first) == 1
    assert first[0].startswith(b'event: error\ndata: {"type":"error","error":')
    assert b'"error_code":"ramp_limit_exceeded"' in first[0]
    assert events(body(faulty))[-1].startswith(b"event: message_stop\n")


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("clean", None),
        ("close", None),
        ("reset", httpx2.ReadError),
        ("no_terminator", httpx2.RemoteProtocolError),
        ("short", httpx2.RemoteProtocolError),
        ("stall", httpx2.ReadTimeout),
    ],
)
@pytest.mark.parametrize("at", ["boundary", "mid_event"])
def test_the_ends_of_a_streamed_message(faulty: Faulty, how: str, at: str, error: type[Exception] | None) -> None:
    """None of them is repeated; those that look clean leave a message without a stop_reason."""
    faulty.arm(counted("http"), {"fault": "messages.cut", "after_events": AFTER, "how": how, "at": at})
    if how == "stall":
        faulty.sdk = faulty.sdk.with_options(timeout=0.5)
    if error is None:
        seen: list[str] = []
        message = streamed(faulty, seen)
        assert (len(seen), message.stop_reason) == (SHOWN, None)
        assert faulty.hits("calls") == 2
    else:
        seen, _ = until(faulty, error)
        assert len(seen) in (SHOWN - 1, SHOWN)
        assert faulty.hits("calls") == 1


def test_a_message_cut_after_bytes(faulty: Faulty) -> None:
    """At exactly that byte, or at the end of an event before it; and between events, or in the data of the next."""
    whole = body(faulty)
    inside = len(b"".join(events(whole)[:3])) + 20
    places: list[dict[str, Any]] = [
        {"after_bytes": inside},
        {"after_bytes": inside, "at": "boundary"},
        {"after_events": 3},
    ]
    for nth, where in enumerate(places, 1):
        faulty.arm({"fault": "messages.cut", "nth": nth, **where})
    faulty.arm({"fault": "messages.cut", "nth": 4, "after_events": 3, "at": "mid_event"})
    # the id of a message that is sent again is another one of the same length
    assert [len(body(faulty)) for _ in range(2)] == [inside, inside - 20]
    assert len(body(faulty)) == inside - 20
    cut = body(faulty)[inside - 20 :]
    assert cut.startswith(b"event: content_block_delta\ndata: ")
    assert b"\n\n" not in cut


def test_what_is_not_streamed_is_no_business_of_theirs(faulty: Faulty) -> None:
    """Nor counts: the first streamed message is struck, whatever came before it."""
    faulty.arm({"name": "no", "fault": "messages.error_event", "times": 1})
    faulty.sdk.messages.create(**PROMPT)
    faulty.sdk.messages.count_tokens(model=PROMPT["model"], messages=PROMPT["messages"])
    assert faulty.hits("no") == 0
    assert len(until(faulty, anthropic.APIStatusError)[0]) == SHOWN
    assert faulty.hits("no") == 1


def test_a_streamed_message_that_stalls(faulty: Faulty) -> None:
    """All of it comes; who has less patience gets httpx2.ReadTimeout."""
    faulty.arm({"fault": "messages.stall", "after_events": AFTER, "lasts": "900ms"})
    began = time.monotonic()
    assert events(body(faulty))[-1].startswith(b"event: message_stop\n")
    assert time.monotonic() - began >= 0.9
    faulty.sdk = faulty.sdk.with_options(timeout=0.4)
    assert len(until(faulty, httpx2.ReadTimeout)[0]) in (SHOWN - 1, SHOWN)


def test_a_streamed_message_that_starts_late(faulty: Faulty) -> None:
    """After the headers."""
    faulty.arm({"fault": "messages.slow_start", "delay": "900ms"})
    faulty.sdk = faulty.sdk.with_options(timeout=0.4)
    assert until(faulty, httpx2.ReadTimeout)[0] == []


def test_a_streamed_message_in_slices(faulty: Faulty) -> None:
    """Cut anywhere, and whole in the end; also where a cut comes on top of it."""
    seen: list[str] = []
    faulty.arm({"fault": "messages.slicer", "bytes": 3})
    assert streamed(faulty, seen).stop_reason is not None
    assert seen[-1] == "message_stop"
    faulty.arm({"fault": "messages.cut", "after_events": AFTER})
    assert len(events(body(faulty))) == AFTER


def test_a_streamed_message_over_a_narrow_line(faulty: Faulty) -> None:
    """So many bytes a second."""
    size = len(body(faulty))
    faulty.arm({"fault": "messages.bandwidth", "per_second": size * 4})
    began = time.monotonic()
    assert len(body(faulty)) == size
    assert time.monotonic() - began >= 0.2
