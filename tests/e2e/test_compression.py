"""Answers that are compressed: for whom, which, and that nothing else changes."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from mockbatch.core.rules.lines import TRICKS
from tests.builders import params
from tests.e2e.faulty import Faulty
from tests.processes import Process, running

BATCHES = "/v1/messages/batches"
ROWS = 400


class Sent:
    """An answer as it came."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.status = answer.status_code
        self.headers = answer.headers
        self.raw = b"".join(answer.iter_raw())

    @property
    def zipped(self) -> bool:
        return self.headers.get("content-encoding") == "gzip"

    @property
    def body(self) -> bytes:
        """The whole of it, which has to be there to the last byte."""
        if not self.zipped:
            return self.raw
        inflate = zlib.decompressobj(31)
        body = inflate.decompress(self.raw)
        assert inflate.eof
        assert not inflate.unused_data
        return body


def ask(faulty: Faulty, path: str, accepted: str | None = "gzip", method: str = "GET", content: Any = None) -> Sent:
    headers = {"x-api-key": faulty.key, "accept-encoding": accepted or ""}
    with faulty.server.http.stream(method, path, headers=headers, json=content) as answer:
        return Sent(answer)


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZip;q=0.2", True),
        ("*", True),
        ("x-gzip", True),
        ("identity", False),
        ("br, zstd, deflate", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("notgzip, gzip2", False),
        ("", False),
    ],
)
def test_results_for_those_who_accept_it(faulty: Faulty, accepted: str, zipped: bool) -> None:
    """The same rows, and the other headers as ever."""
    batch = faulty.ended()
    plain = ask(faulty, f"{BATCHES}/{batch}/results", "identity")
    answer = ask(faulty, f"{BATCHES}/{batch}/results", accepted)
    assert answer.zipped is zipped
    assert answer.body == plain.raw
    assert answer.headers["content-type"] == "application/x-jsonl"
    assert ("vary" in answer.headers) is zipped


def test_which_answers_are_large_enough(faulty: Faulty) -> None:
    """A poll is not, a list is; events come as they are sent, and the control plane has no edge in front."""
    batch = faulty.ended()
    for _ in range(3):
        faulty.create()
    events = {**params("hi"), "stream": True}
    assert not ask(faulty, f"{BATCHES}/{batch}").zipped
    assert not ask(faulty, "/v1/messages", method="POST", content=events).zipped
    assert not ask(faulty, "/_mockbatch/faults").zipped
    listed = ask(faulty, BATCHES)
    assert listed.zipped
    assert int(listed.headers["content-length"]) == len(listed.raw)
    assert len(json.loads(listed.body)["data"]) == 4
    whole = ask(faulty, BATCHES, "identity")
    assert (whole.zipped, whole.raw) == (False, listed.body)


def test_an_answer_of_any_size_is_whole(faulty: Faulty) -> None:
    """Also where it is too large to be compressed at once."""
    for _ in range(120):
        faulty.create(1)
    plain = ask(faulty, f"{BATCHES}?limit=1000", "identity").raw
    assert len(plain) > 32 << 10
    assert ask(faulty, f"{BATCHES}?limit=1000").body == plain


def test_a_head_has_the_length_of_what_is_not_compressed(faulty: Faulty) -> None:
    """As it has no body to compress."""
    plain = ask(faulty, "/v1/models", "identity")
    head = ask(faulty, "/v1/models", method="HEAD")
    assert (head.raw, head.zipped) == (b"", False)
    assert head.headers["content-length"] == str(len(plain.raw))


def test_from_which_size_on_is_up_to_the_session(faulty: Faulty) -> None:
    """From the first byte, or never."""
    opened = faulty.control("POST", "sessions", {"api_key": faulty.key, "options": {"gzip_from": "0"}})
    batch = faulty.ended()
    assert json.loads(ask(faulty, f"{BATCHES}/{batch}").body)["id"] == batch
    assert ask(faulty, f"{BATCHES}/{batch}").zipped
    assert ask(faulty, f"{BATCHES}/msgbatch_none").zipped
    faulty.control("PATCH", f"sessions/{opened['id']}", {"options": {"gzip_from": "off"}})
    assert not ask(faulty, f"{BATCHES}/{batch}/results").zipped


def test_the_same_bytes_on_every_download(faulty: Faulty) -> None:
    """Compressed too: no time, no name is in them."""
    batch = faulty.ended(ROWS)
    first, second = (ask(faulty, f"{BATCHES}/{batch}/results") for _ in range(2))
    assert first.raw == second.raw
    assert len(first.raw) < len(first.body) / 3


@pytest.mark.parametrize(
    "rule",
    [
        *({"fault": "results.bytes", "trick": trick} for trick in TRICKS if trick != "line_5mb"),
        {"fault": "results.omit"},
        {"fault": "results.duplicate"},
        {"fault": "results.slow_start", "delay": "1ms"},
        {"fault": "results.slicer", "bytes": 999},
        {"fault": "results.bandwidth", "per_second": "5MB"},
        {"fault": "results.stall", "after_items": 5, "lasts": "1ms"},
        {"fault": "results.cut", "after_items": 5},
        {"fault": "results.cut", "after_bytes": 777},
        {"fault": "results.cut", "after_items": 5, "how": "close"},
        {"fault": "http.latency", "delay": "1ms"},
        {"fault": "connection.close"},
        {"fault": "compat.extra_fields", "on": "results"},
    ],
    ids=str,
)
def test_rules_do_what_they_say_whoever_accepts_what(faulty: Faulty, rule: dict[str, Any]) -> None:
    """The caller ends up with the same bytes."""
    batch = faulty.ended(ROWS)
    faulty.arm(rule)
    plain, zipped = (ask(faulty, f"{BATCHES}/{batch}/results", accepted) for accepted in ("identity", "gzip"))
    assert plain.body == zipped.body


@pytest.mark.parametrize("how", ["reset", "no_terminator", "short", "stall"])
def test_a_stream_that_breaks_off_has_brought_what_came_before(faulty: Faulty, how: str) -> None:
    """Byte for byte, as nothing of it waits in a compressor."""
    batch = faulty.ended(ROWS)
    whole = ask(faulty, f"{BATCHES}/{batch}/results", "identity").raw
    faulty.arm({"fault": "results.cut", "after_bytes": 40_000, "how": how})
    got = bytearray()
    headers = {"x-api-key": faulty.key, "accept-encoding": "gzip"}
    with (  # noqa: PT012 what came before is wanted
        pytest.raises(httpx2.TransportError),
        faulty.server.http.stream("GET", f"{BATCHES}/{batch}/results", headers=headers, timeout=1) as answer,
    ):
        for piece in answer.iter_bytes():
            got += piece
    assert bytes(got) == whole[:40_000]


def test_the_journal_and_the_count_of_rows_are_those_of_what_was_meant(faulty: Faulty) -> None:
    """Not of the bytes that were made of it."""
    batch = faulty.ended(ROWS)
    ask(faulty, f"{BATCHES}/{batch}/results")
    (call,) = faulty.control("POST", "requests/find", {"op": "results"})["requests"]
    assert call["answered"].startswith('{"custom_id":"0",')
    assert faulty.control("GET", f"batches/{batch}")["delivered"] == ROWS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("zipping"), "--frozen", "--gzip-from", "off") as process:
        yield process


def test_a_server_that_does_not_compress(server: Process) -> None:
    """Switched off for all of its sessions, and for calls of none."""
    faulty = Faulty(server, "off")
    with faulty.sdk:
        batch = faulty.ended(ROWS)
        for path in ("/v1/models", f"{BATCHES}/{batch}/results"):
            answer = ask(faulty, path)
            assert not answer.zipped
            assert len(answer.raw) > 1000
