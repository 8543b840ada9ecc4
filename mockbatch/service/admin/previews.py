"""The beginnings of requests and replies, for lists: computed only for visible rows."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Struct

from mockbatch.core.batch import Batch
from mockbatch.core.cassette.display import shown_text
from mockbatch.core.time.timeline import NEVER
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.rows.states import PlannedRow, RowStates
from mockbatch.service.sessions.session import SessionState

_LENGTH = 160
# how much of a text is examined, so that a secret at the end of the preview is recognized
_LOOKED_AT = 1_000
# larger ones are not parsed for a line in a list
_LARGEST = 256 << 10
_LONGEST_REPLY = 8_000


class Preview(Struct, frozen=True):
    """The beginning of the last turn of a request, and of its reply if the row has succeeded by now."""

    index: int
    prompt: str
    reply: str


class Previews:
    """Reads the beginnings of rows."""

    def __init__(self, rows: RowPipeline, states: RowStates) -> None:
        self._rows = rows
        self._states = states

    async def of(self, session: SessionState, batch: Batch, indexes: Iterable[int]) -> list[Preview]:
        """Return the previews of the rows at these positions, as far as they exist."""
        now = session.now()
        found = []
        for start, count in _runs(sorted({index for index in indexes if 0 <= index < batch.size})):
            rows, _ = await self._states.page(batch, start, count, lambda planned: True)
            found += [await self._of_row(batch, planned, now) for planned in rows]
        return found

    async def _of_row(self, batch: Batch, planned: PlannedRow, now: int) -> Preview:
        row = planned.row
        params = await self._rows.params(batch, row)
        line = b""
        if planned.state(batch, now) == "succeeded" and row.output_tokens <= _LONGEST_REPLY:
            line = await self._rows.line(batch, row, done=planned.done_at != NEVER)
        return await asyncio.to_thread(_preview, row.index, params, line)


def _runs(indexes: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the start and the length of each run of consecutive indexes."""
    for _, run in groupby(enumerate(indexes), lambda pair: pair[1] - pair[0]):
        places = [index for _, index in run]
        yield places[0], len(places)


def _preview(index: int, params: bytes, line: bytes) -> Preview:
    request, response = _decoded(params), _decoded(line)
    prompt = _text(_last(request.get("messages"))) if request else f"{len(params) // 1024:,} kB"
    message = response.get("result", {}).get("message", {})
    return Preview(index, _short(prompt), _short(_text(message)))


def _decoded(data: bytes) -> dict[str, Any]:
    if not data or len(data) > _LARGEST:
        return {}
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _last(messages: Any) -> Any:
    return messages[-1] if isinstance(messages, list) and messages else {}


def _text(message: Any) -> str:
    """Return the texts of a message, and the names of its other blocks."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return content[:_LOOKED_AT]
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    return " ".join(_block(block)[:_LOOKED_AT] for block in blocks)


def _block(block: dict[str, Any]) -> str:
    kind = str(block.get("type", "?"))
    if kind == "text":
        return str(block.get("text", ""))
    named = f" {block['name']}" if "name" in block else ""
    return f"[{kind}{named}]"


def _short(text: str) -> str:
    words = " ".join(shown_text(text[:_LOOKED_AT]).split())
    return words if len(words) <= _LENGTH else f"{words[: _LENGTH - 1]}…"
