"""Streams of results that fail, as the official SDK meets them: the exception, how many requests, which rows."""

import json
import time
from typing import Any

import anthropic
import httpx2
import pytest

from tests.e2e.faulty import Faulty, counted, parsed

_ROWS = 200


def test_a_stream_that_ends_early_but_cleanly(faulty: Faulty) -> None:
    """No exception, fewer rows: only who counts notices. The next download is complete."""
    batch = faulty.ended(_ROWS)
    faulty.arm({"name": "cut", "fault": "results.cut", "after_items": 73, "times": 1})
    assert faulty.rows(batch) == [str(n) for n in range(73)]
    assert len(faulty.rows(batch)) == _ROWS
    assert faulty.hits("cut") == 1


@pytest.mark.parametrize(
    ("how", "at", "error"),
    [
        ("clean", "mid_line", json.JSONDecodeError),
        ("close", "boundary", None),
        ("close", "mid_line", json.JSONDecodeError),
        ("no_terminator", "boundary", httpx2.RemoteProtocolError),
        ("no_terminator", "mid_line", httpx2.RemoteProtocolError),
        ("short", "boundary", httpx2.RemoteProtocolError),
        ("short", "mid_line", httpx2.RemoteProtocolError),
        ("reset", "boundary", httpx2.ReadError),
        ("reset", "mid_line", httpx2.ReadError),
        ("stall", "boundary", httpx2.ReadTimeout),
        ("stall", "mid_line", httpx2.ReadTimeout),
    ],
)
def test_the_ends_of_a_stream(faulty: Faulty, how: str, at: str, error: type[Exception] | None) -> None:
    """None of them is repeated, none is an error of the SDK, and the last row may be lost with them."""
    batch = faulty.ended(_ROWS)
    faulty.arm(counted("http"), {"name": "cut", "fault": "results.cut", "after_items": 73, "how": how, "at": at})
    faulty.sdk = faulty.sdk.with_options(timeout=0.5)
    delivered = faulty.rows(batch) if error is None else faulty.rows_until(batch, error)
    expected = [str(n) for n in range(73)]
    assert delivered == expected[: len(delivered)]
    assert len(delivered) in ((73,) if error in (None, json.JSONDecodeError) else (72, 73))
    assert (faulty.hits("calls"), faulty.hits("cut")) == (2, 1)


def test_a_stream_cut_after_bytes(faulty: Faulty) -> None:
    """At exactly that byte, or at the last end of a line before it."""
    batch = faulty.ended(_ROWS)
    whole = faulty.lines(batch)
    faulty.arm({"fault": "results.cut", "after_bytes": 65536, "nth": 1})
    faulty.arm({"fault": "results.cut", "after_bytes": "64KiB", "at": "boundary", "nth": 2})
    assert faulty.lines(batch) == whole[:65536]
    assert faulty.lines(batch) == whole[: whole.rindex(b"\n", 0, 65536) + 1]


def test_a_cut_that_is_never_reached(faulty: Faulty) -> None:
    """A shorter stream ends as it should."""
    batch = faulty.ended()
    faulty.arm({"fault": "results.cut", "after_items": 73, "how": "reset"})
    assert len(faulty.rows(batch)) == 3


def test_a_stall_that_ends(faulty: Faulty) -> None:
    """All rows come; who has less patience gets httpx2.ReadTimeout."""
    batch = faulty.ended(_ROWS)
    faulty.arm({"fault": "results.stall", "after_items": 10, "lasts": "400ms"})
    began = time.monotonic()
    assert len(faulty.rows(batch)) == _ROWS
    assert time.monotonic() - began >= 0.4
    faulty.sdk = faulty.sdk.with_options(timeout=0.1)
    assert len(faulty.rows_until(batch, httpx2.ReadTimeout)) in (9, 10)


def test_a_late_first_byte(faulty: Faulty) -> None:
    """After the headers, and so no error of the SDK."""
    batch = faulty.ended()
    faulty.arm({"fault": "results.slow_start", "delay": "300ms"})
    faulty.sdk = faulty.sdk.with_options(timeout=0.1)
    assert faulty.rows_until(batch, httpx2.ReadTimeout) == []


def test_rows_that_are_missing(faulty: Faulty) -> None:
    """One, a few, or all of a kind; counts say nothing of it."""
    batch = faulty.ended(20)
    faulty.arm({"fault": "results.omit", "nth": 1})
    faulty.arm({"fault": "results.omit", "nth": 2, "with": {"custom_id": "1*", "first": 3}})
    faulty.arm({"fault": "results.omit", "nth": 3, "with": {"custom_id": "1?", "first": 0}})
    everything = [str(n) for n in range(20)]
    assert faulty.rows(batch) == everything[1:]
    assert faulty.rows(batch) == [name for name in everything if name not in ("1", "10", "11")]
    assert faulty.rows(batch) == everything[:10]
    assert faulty.sdk.messages.batches.retrieve(batch).request_counts.succeeded == 20


def test_rows_that_come_twice(faulty: Faulty) -> None:
    """The same bytes once more."""
    batch = faulty.ended()
    faulty.arm({"fault": "results.duplicate", "with": {"custom_id": "1"}})
    assert faulty.rows(batch) == ["0", "1", "1", "2"]


@pytest.mark.parametrize(
    ("trick", "error"),
    [
        ("bom", None),
        ("crlf", None),
        ("crlf_split", json.JSONDecodeError),
        ("lone_cr", None),
        ("blank_line", json.JSONDecodeError),
        ("no_final_newline", None),
        ("invalid_utf8", UnicodeDecodeError),
        ("u2028", None),
        ("u2029", None),
        ("nel", None),
        ("emoji_split", None),
    ],
)
def test_odd_bytes(faulty: Faulty, trick: str, error: type[Exception] | None) -> None:
    """Some of them are more than the SDK can read."""
    batch = faulty.ended()
    faulty.arm({"fault": "results.bytes", "trick": trick})
    if error is None:
        assert faulty.rows(batch) == ["0", "1", "2"]
    else:
        assert len(faulty.rows_until(batch, error)) < 3


@pytest.mark.parametrize(
    ("trick", "found"),
    [
        ("bom", b"\xef\xbb\xbf{"),
        ("crlf", b"}\r\n{"),
        ("lone_cr", b"}\r{"),
        ("blank_line", b"}\n\n{"),
        ("invalid_utf8", b"\xff"),
        ("u2028", b"\xe2\x80\xa8"),
        ("u2029", b"\xe2\x80\xa9"),
        ("nel", b"\xc2\x85"),
    ],
)
def test_the_odd_bytes_are_there(faulty: Faulty, trick: str, found: bytes) -> None:
    """As bytes, not escaped."""
    batch = faulty.ended()
    assert found not in faulty.lines(batch)
    faulty.arm({"fault": "results.bytes", "trick": trick})
    assert found in faulty.lines(batch)


def test_bytes_that_are_split_between_chunks(faulty: Faulty) -> None:
    """A CR, and half an emoji, is what a chunk of 64 bytes ends with; but for that the rows are sound."""
    batch = faulty.ended()
    faulty.arm({"fault": "results.bytes", "trick": "crlf_split", "nth": 1})
    faulty.arm({"fault": "results.bytes", "trick": "emoji_split", "nth": 2})
    faulty.arm({"fault": "results.bytes", "trick": "no_final_newline", "nth": 3})
    split, emoji, last = (faulty.lines(batch) for _ in range(3))
    ends = [at for at, byte in enumerate(split) if byte == 13]
    assert len(ends) == 3
    assert {at % 64 for at in ends} == {63}
    assert len(parsed(split.replace(b"\r\n", b"\n"))) == 3
    starts = [at for at in range(len(emoji)) if emoji.startswith("\N{PILE OF POO}".encode(), at)]
    assert len(starts) == 3
    assert {at % 64 for at in starts} == {62}
    assert last.endswith(b"}")
    assert len(parsed(last)) == 3


def test_a_line_of_5_megabytes(faulty: Faulty) -> None:
    """It is there, and it is one sound line."""
    batch = faulty.ended()
    faulty.arm({"fault": "results.bytes", "trick": "line_5mb"})
    first, *others = parsed(faulty.lines(batch))
    assert len(first["result"]["message"]["content"][0]["text"]) > 5_000_000
    assert len(others) == 2


def test_a_stream_in_slices(faulty: Faulty) -> None:
    """The same bytes, whatever the slices; together with another fault too."""
    batch = faulty.ended(20)
    whole = faulty.lines(batch)
    faulty.arm({"fault": "results.slicer", "bytes": 7})
    assert faulty.lines(batch) == whole
    assert len(faulty.rows(batch)) == 20
    faulty.arm({"fault": "results.cut", "after_items": 5})
    assert len(faulty.rows(batch)) == 5


def test_a_narrow_stream(faulty: Faulty) -> None:
    """So many bytes a second, in real time."""
    batch = faulty.ended(20)
    size = len(faulty.lines(batch))
    faulty.arm({"fault": "results.bandwidth", "per_second": size * 2})
    began = time.monotonic()
    assert len(faulty.rows(batch)) == 20
    assert 0.3 < time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("other_host", anthropic.APIConnectionError),
        ("nxdomain", anthropic.APIConnectionError),
        ("doubled_path", anthropic.NotFoundError),
        ("null", anthropic.AnthropicError),
        ("relative", None),
        ("redirect", None),
    ],
)
def test_where_results_are_found(faulty: Faulty, to: str, error: type[Exception] | None) -> None:
    """The SDK goes wherever it is told, and nowhere where it is told nothing."""
    batch = faulty.ended()
    faulty.arm({"name": "elsewhere", "fault": "results.url", "to": to})
    if error is None:
        assert len(faulty.rows(batch)) == 3
    else:
        with pytest.raises(anthropic.AnthropicError) as raised:
            faulty.rows(batch)
        assert raised.type is error
    assert faulty.hits("elsewhere") == 1


def test_a_result_type_of_tomorrow(faulty: Faulty) -> None:
    """The SDK takes it for a success, and there is no message."""
    batch = faulty.ended()
    faulty.arm({"fault": "compat.unknown_result_type", "with": {"type": "deferred"}})
    odd, *others = faulty.sdk.messages.batches.results(batch)
    assert odd.result.type == "deferred"  # type: ignore[comparison-overlap]
    untyped: Any = odd.result
    assert type(untyped).__name__ == "MessageBatchSucceededResult"
    assert untyped.message is None
    assert [row.result.type for row in others] == ["succeeded", "succeeded"]


def test_fields_of_tomorrow(faulty: Faulty) -> None:
    """In rows and in batches; the SDK keeps them."""
    batch = faulty.ended()
    faulty.arm({"on": "results", "fault": "compat.extra_fields"}, {"on": "batch", "fault": "compat.extra_fields"})
    assert all("schema_version" in row.to_dict() for row in faulty.sdk.messages.batches.results(batch))
    assert faulty.sdk.messages.batches.retrieve(batch).to_dict()["priority"] == "standard"


def test_a_faulted_download_says_so(faulty: Faulty) -> None:
    """The name of the rule is in a header, and no other answer has it."""
    batch = faulty.ended()
    faulty.arm({"name": "third is cut", "fault": "results.cut", "nth": 2, "after_items": 1})
    path = f"/v1/messages/batches/{batch}/results"
    told = [faulty.raw("GET", path).headers.get("x-mockbatch-fault") for _ in range(3)]
    assert told == [None, "third is cut", None]
