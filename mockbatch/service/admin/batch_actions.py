"""Manual actions on batches: resubmit rows, fail rows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection

import msgspec
from msgspec.structs import replace

from mockbatch.core.batch import Batch
from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.params import Terms
from mockbatch.core.rows.row import Row, RowFailure
from mockbatch.service.api.batches import BatchService
from mockbatch.service.api.registry import BatchRegistry
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.sessions.session import SessionState

BY_HAND = "by hand"
_FAILURE = RowFailure("api_error", "Internal server error", None, executed=True)


class BatchActions:
    """Acts on batches outside the API."""

    def __init__(self, batches: BatchService, registry: BatchRegistry, rows: RowPipeline) -> None:
        self._batches = batches
        self._registry = registry
        self._rows = rows

    async def resubmit(
        self, session: SessionState, batch: Batch, custom_ids: Collection[str], terms: Terms
    ) -> wire.MessageBatch:
        """Create a batch from the requests with these custom_ids, as received. Raises InvalidRequest if none match."""
        return await self._batches.create(session, self._body(batch, frozenset(custom_ids)), terms, "", {})

    async def _body(self, batch: Batch, custom_ids: Collection[str]) -> AsyncIterator[bytes]:
        comma = b'{"requests":['
        for index in range(batch.slices):
            for item in await self._rows.of(batch).items(index):
                if item.custom_id in custom_ids:
                    yield comma + msgspec.json.encode(item)
                    comma = b","
        yield b'{"requests":[]}' if comma != b"," else b"]}"

    async def fail_rows(self, session: SessionState, batch: Batch, custom_ids: Collection[str]) -> int:
        """Make rows of a running batch fail; return how many would not have failed otherwise. Raises InvalidRequest."""
        if batch.timeline.has_ended(session.now()):
            raise InvalidRequest("The batch has ended; its results are final.")
        wanted = frozenset(custom_ids)
        failed = await self._rewrite(session, batch, lambda row: _failed(row) if row.custom_id in wanted else row)
        session.events.publish(session.now(), "batch.changed", batch=batch.id)
        return failed

    async def _rewrite(self, session: SessionState, batch: Batch, change: Callable[[Row], Row]) -> int:
        """Replace the rows of a batch by the result of `change`; return how many it changed."""
        changed, of_batch = 0, self._rows.of(batch)
        for index in range(batch.slices):
            rows = await of_batch.rows(index)
            after = [change(row) for row in rows]
            differing = sum(new is not old for new, old in zip(after, rows, strict=True))
            if differing or not batch.kept:
                await of_batch.keep(index, after)
            changed += differing
            await asyncio.sleep(0)
        self._registry.forget_rows(batch)
        await self._registry.save(session, replace(session.get(batch.id), kept=True))
        return changed


def _failed(row: Row) -> Row:
    if not row.succeeds:
        return row
    return replace(row, failure=_FAILURE, rule=BY_HAND)
