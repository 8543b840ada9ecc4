"""What is kept in memory is bounded by number and by bytes."""

import ast
import asyncio
from pathlib import Path

import pytest

import mockbatch
from mockbatch.service.sessions import event_bus as bulletin
from mockbatch.service.sessions import journal
from mockbatch.service.sessions.event_bus import EventBus
from mockbatch.service.sessions.journal import Journal, JournalEntry, trimmed


def record(**more: bytes) -> JournalEntry:
    return JournalEntry(0, 0, "create", "POST", "/", 200, "req", {}, **more)  # type: ignore[arg-type]


def test_the_journal_lets_the_oldest_calls_go_by_bytes() -> None:
    """Long before there are too many of them; the counts go on."""
    kept = Journal()
    for _ in range(900):
        kept.add(record(request_body=b"x" * journal.BODY))
    assert kept.bytes <= journal.KEPT_BYTES
    assert len(kept) < 600
    assert kept.count("create") == 900


@pytest.mark.parametrize("headers", [{b"a": b"x" * 10**6}, {b"%d" % n: b"" for n in range(10**4)}, {b"x" * 10**6: b""}])
def test_large_headers_are_cut(headers: dict[bytes, bytes]) -> None:
    """In their values, their number, their names."""
    found = trimmed(headers)
    assert sum(map(len, found)) + sum(map(len, found.values())) + 100 * len(found) <= journal.HEADERS
    assert trimmed({b"a": b"b"}) == {b"a": b"b"}


@pytest.mark.parametrize(("count", "size"), [(3_000, 1), (100, 100_000)])
def test_slow_listeners_miss_the_oldest_news_and_are_told(count: int, size: int) -> None:
    """Then they hear the others; and the end, however far behind they are."""

    async def heard() -> tuple[int, int]:
        told = EventBus()
        with told.subscribe() as listener:
            for _ in range(count):
                told.publish(0, "rule", name="x" * size)
            assert listener.bytes <= bulletin.KEPT_BYTES
            told.close()
            first = await listener.next(1)
            assert first is not None
            assert first.type == "missed"
            number = len(listener)
            for _ in range(number):
                assert await listener.next(1)
            with pytest.raises(bulletin.Closed):
                await listener.next(1)
            return first.data["count"], number

    missed, number = asyncio.run(heard())
    assert missed > 0
    assert missed + number == count


def test_texts_are_read_and_written_as_utf_8() -> None:
    """Whatever the locale says."""
    found = []
    for path in Path(mockbatch.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                named = {keyword.arg for keyword in node.keywords}
                if node.func.attr in ("read_text", "write_text") and "encoding" not in named:
                    found.append(f"{path}:{node.lineno}")
    assert found == []
