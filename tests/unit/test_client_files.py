"""Files of requests: read as they are, checked line by line, split within the limits."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.client.checking import Check, LineProblem
from mockbatch.client.downloading import lines_of
from mockbatch.client.duplicate_ids import DuplicateIds
from mockbatch.client.splitting import ENVELOPE, Splitter
from mockbatch.client.waiting import asked_for, passes, pause
from mockbatch.core.contract.params import Terms
from mockbatch.core.money.prices import Prices
from mockbatch.files import UnreadableFile
from mockbatch.files.documents import Line
from mockbatch.files.source import opened
from tests import zstandard as zstd
from tests.builders import BATCHES, Api, params, requests

FIXTURE = Path(__file__).parents[2] / "fixtures" / "requests.jsonl"
LARGEST = 1 << 20


def read(path: Path, longest: int = LARGEST) -> list[tuple[int, bytes]]:
    with opened(str(path), longest) as source:
        return [(line.number, line.raw) for line in source.lines()]


def checked(lines: list[bytes], max_bytes: int = LARGEST) -> list[LineProblem]:
    check = Check(Terms(), Splitter(100_000, max_bytes), Prices())
    return list(check.all(iter(Line(number, 0, raw) for number, raw in enumerate(lines, 1))))


def line(custom_id: Any = "a", **more: Any) -> bytes:
    return json.dumps({"custom_id": custom_id, "params": params(**more)}).encode()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
def test_a_file_is_read_as_it_is(tmp_path: Path, pack: Any) -> None:
    """Byte order mark, CRLF, blank lines, U+2028 and U+0085 inside of a line, no newline at the end."""
    path = tmp_path / "requests"
    inside = '{"a":"x\u2028y\u2029z\x85"}'.encode()
    path.write_bytes(pack(b"\xef\xbb\xbf" + inside + b"\r\n\r\n  \n" + inside + b"\n\n" + inside))
    assert read(path) == [(1, inside), (4, inside), (6, inside)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
def test_reading_can_begin_at_any_line(tmp_path: Path, pack: Any) -> None:
    """As it does when a part is sent again."""
    path = tmp_path / "requests"
    path.write_bytes(pack(b"\n".join(b"x" * length for length in range(200))))
    with opened(str(path), LARGEST) as source:
        lines = list(source.lines())
        for start in (lines[0], lines[77], lines[-1]):
            assert list(source.lines(start)) == lines[lines.index(start) :]


def test_a_line_without_end_is_cut_and_the_next_one_is_found(tmp_path: Path) -> None:
    """So that a file which is no file of lines does not fill the memory."""
    path = tmp_path / "requests"
    path.write_bytes(b"x" * 1000 + b"\nshort\n" + b"y" * 64 + b"\nlast")
    assert read(path, longest=64) == [(1, b"x" * 64), (2, b"short"), (3, b"y" * 64), (4, b"last")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(b"a\n" * 1000, mtime=0)[:-9], "ended before the end-of-stream marker"),
        (gzip.compress(b"a\n" * 1000, mtime=0)[:20] + b"\xff" * 9, "cannot be read"),
        (zstd.compress(b"a\n" * 1000)[:-3], "cannot be read"),
    ],
)
def test_a_broken_archive_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    """Whatever the decompressor calls it."""
    path = tmp_path / "requests"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=reason):
        read(path)


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    """What was checked would not be what is sent."""
    path = tmp_path / "requests"
    path.write_bytes(b"a\n")
    with opened(str(path), LARGEST) as source:
        assert len(list(source.lines())) == 1
        path.write_bytes(b"a\nb\n")
        with pytest.raises(UnreadableFile, match="changed while"):
            list(source.lines())


def test_zstandard_without_a_library_is_a_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names what to install."""
    monkeypatch.setitem(__import__("sys").modules, "backports.zstd", None)
    monkeypatch.setitem(__import__("sys").modules, "compression.zstd", None)
    path = tmp_path / "requests"
    path.write_bytes(b"\x28\xb5\x2f\xfd")
    with pytest.raises(UnreadableFile, match=r"pip install 'mockbatch\[zstd\]'"):
        read(path)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b'{"custom_id": "a"', "not valid JSON: unexpected end of data: column 18"),
        (b'{"custom_id": "a"}{}', "not valid JSON: unexpected content after document: column 19"),
        (
            b'{"custom_id": "\xff", "params": {}}',
            "not valid JSON: it is not UTF-8 (byte 0xFF at column 16): save the file as UTF-8",
        ),
        (b"[1]", "Input should be a valid dictionary"),
        (b'{"params": {}}', "custom_id: Field required"),
        (line(""), "custom_id: String should have at least 1 character"),
        (line("x" * 65), "custom_id: String should have at most 64 characters"),
        (line("a b"), "custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"),
        (line(5), "custom_id: Input should be a valid string"),
        (b'{"custom_id": "a", "params": []}', "params: Input should be a valid dictionary"),
        (b'{"custom_id": "a", "params": {}, "priority": 1}', "priority: Extra inputs are not permitted"),
        (b'{"custom_id": "a", "params": {}}', "model: Field required"),
        (line(model="claude-nope"), "model: claude-nope"),
        (line(max_tokens=0), "max_tokens: must be greater than or equal to 1"),
        (line(stream=True), "`stream=True` is not supported in the Message Batches API"),
        (line(text="x" * LARGEST), "the request is larger than a batch may be"),
        (
            b'{"custom_id": "a", "params": {"max_tokens": 1e999}}',
            "not valid JSON: number is infinity when parsed as double: column 45",
        ),
    ],
)
def test_each_line_that_is_wrong_is_named_with_the_reason(raw: bytes, problem: str) -> None:
    """What create refuses and what only the results would tell."""
    found = checked([line("good"), raw, line("better")])
    assert [(one.line, one.message) for one in found] == [(2, problem)]


def test_a_doubled_id_is_named_with_the_line_of_the_first() -> None:
    """Across the whole file, even where the two would go into different batches."""
    lines = [line(f"row-{number}") for number in range(3000)] + [line("row-7")]
    assert [(one.line, one.custom_id, one.message) for one in checked(lines)] == [
        (3001, "row-7", "custom_id: row-7 is on line 8 already")
    ]


def test_good_requests_pass() -> None:
    """All of the fixture."""
    assert checked(FIXTURE.read_bytes().splitlines()) == []


def test_the_check_says_what_the_server_says(api: Api) -> None:
    """The errored rows of a batch are those that were found before, with the same words."""
    wrong: tuple[dict[str, Any], ...] = (
        {"model": "claude-nope"},
        {"max_tokens": 10**9},
        {"temperature": 7},
        {"stream": True},
        {"colour": "red"},
    )
    items = requests("good") + [
        {"custom_id": f"wrong-{number}", "params": params(**more)} for number, more in enumerate(wrong)
    ]
    headers = {"anthropic-version": Terms().version}
    batch = api.ended(api.ok(api.post(BATCHES, json={"requests": items}, headers=headers)))
    told = {
        row["custom_id"]: row["result"]["error"]["error"]["message"]
        for row in api.results(batch)
        if row["result"]["type"] == "errored"
    }
    found = checked([json.dumps(item).encode() for item in items])
    assert {one.custom_id: one.message for one in found} == told
    assert len(told) == len(wrong)


@given(st.lists(st.integers(1, 60)), st.integers(1, 8), st.integers(80, 200))
def test_splitting_loses_nothing_and_keeps_the_limits(lengths: list[int], most: int, max_bytes: int) -> None:
    """And no part could have taken the request after its last."""
    splitter = Splitter(most, max_bytes)
    lines = [Line(number, 0, b"x" * length) for number, length in enumerate(lengths, 1)]
    for one in lines:
        assert splitter.fits(one)
        splitter.add(one)
    at = 0
    for part in splitter.parts:
        taken = lengths[at : at + part.requests]
        assert (part.first.number, part.last) == (at + 1, at + part.requests)
        assert part.size == ENVELOPE + sum(taken) + len(taken) - 1 <= max_bytes
        assert part.requests <= most
        at += part.requests
        if at < len(lengths):
            assert part.requests == most or part.size + 1 + lengths[at] > max_bytes
    assert at == len(lengths)


@given(st.lists(st.text(max_size=3), max_size=3000))
def test_what_was_seen_is_known_with_its_line(names: list[str]) -> None:
    """As a dict would have it."""
    seen, expected = DuplicateIds(), dict[str, int]()
    for number, name in enumerate(names, 1):
        assert seen.line_of(name, number) == expected.get(name)
        expected.setdefault(name, number)
    assert len(seen) == len(expected)
    assert all(name in seen for name in names)
    assert "none of these" not in seen


def test_many_names_keep_their_lines() -> None:
    """Through all the times that the table grows."""
    seen = DuplicateIds()
    assert all(seen.line_of(f"row-{number}", number) is None for number in range(1, 50_001))
    assert all(seen.line_of(f"row-{number}", 0) == number for number in range(1, 50_001))


@given(st.lists(st.binary(max_size=6).map(lambda raw: raw.replace(b"\n", b"")), min_size=1), st.data())
def test_lines_of_a_stream_do_not_depend_on_its_pieces(lines: list[bytes], data: st.DataObject) -> None:
    """Cut anywhere, even inside of a character or between CR and LF."""
    content = b"\r\n".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=5)))
    pieces = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    first, *others = lines
    stripped = [raw.strip(b" \t\r") for raw in (first.removeprefix(b"\xef\xbb\xbf"), *others)]
    assert list(lines_of(pieces)) == [raw for raw in stripped if raw]


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (400, {}, False),
        (404, {}, False),
        (408, {}, True),
        (409, {}, True),
        (413, {}, False),
        (429, {}, True),
        (500, {}, True),
        (529, {}, True),
        (529, {"x-should-retry": "false"}, False),
        (404, {"x-should-retry": "true"}, True),
    ],
)
def test_which_failures_pass(status: int, headers: dict[str, str], expected: bool) -> None:
    """As for the official SDKs."""
    assert passes(status, headers) is expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "10"}, 10),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "10"}, 0.25),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1e99"}, 86_400),
        ({"retry-after": "Wed, 01 Jan 2026 00:01:00 GMT", "date": "Wed, 01 Jan 2026 00:00:00 GMT"}, 60),
        ({"retry-after": "Wed, 01 Jan 2026 00:01:00 GMT"}, None),
    ],
)
def test_how_long_the_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """In each form that HTTP and the API have for it."""
    assert asked_for(headers) == seconds
    assert pause(1, headers) == (0.5 if seconds is None else seconds)


def test_pauses_grow_to_a_bound() -> None:
    """Without a word from the server."""
    assert [pause(attempt, {}) for attempt in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]
