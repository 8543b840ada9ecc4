"""The upload of a batch: slices are stored and checked as they arrive."""

import asyncio
from asyncio import to_thread
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Literal

from mockbatch.core.batch import Batch
from mockbatch.core.contract.request_slicer import RequestSlice, RequestSlicer
from mockbatch.service.api.eager_validation import EagerValidator
from mockbatch.store import Change, Gone, Store, StoreError

# how many slices may wait for the store while the next ones arrive
_AHEAD = 4
# smaller slices are written with the batch: checking them takes no longer than a separate write
_SMALL = 128 << 10
# larger slices are checked off the event loop
_LARGE = 4 << 20
_WHOLE: tuple[Literal["batch"], Literal["parts"], Literal["sent"]] = ("batch", "parts", "sent")


class BatchUpload:
    """Receives the body of the batch `seq`: call `receive`, then `add` with the resulting batch; or `undo`.

    `custom_ids` are those of the requests, per slice.
    """

    def __init__(self, store: Store, seq: int, intake: RequestSlicer, early: EagerValidator | None) -> None:
        self.custom_ids: list[list[str]] = []
        self._store = store
        self._seq = seq
        self._intake = intake
        self._early = early
        self._writing: list[asyncio.Future[None]] = []
        self._only: bytes | memoryview | None = None

    async def receive(self, body: AsyncIterable[bytes]) -> None:
        """Receive the body. Raises the first error in it."""
        async for piece in body:
            for slice in await self._fed(piece):
                self._put(slice)
                await self._look(slice)
                if len(self._writing) > _AHEAD:
                    await self._writing.pop(0)
        rest = await to_thread(self._intake.finish) if self._intake.is_long() else self._intake.finish()
        if not self.custom_ids and len(rest[0].raw) < _SMALL:
            self._only = rest[0].raw
        for slice in rest:
            if self._only is None:
                self._put(slice)
                await self._store.begun()
            await self._look(slice)
        self._intake.check()
        if self._early and self._early.problem:
            raise self._early.problem

    async def slices(self) -> AsyncIterator[bytes | memoryview]:
        """Yield the slices of the requests, as received."""
        if self._only is not None:
            yield self._only
            return
        await asyncio.gather(*self._writing)
        for index in range(len(self.custom_ids)):
            yield await self._store.slice(self._seq, index)

    async def add(self, batch: Batch, more: Iterable[Change]) -> None:
        """Save the batch together with `more`. Raises StoreError, and then the batch does not exist."""
        try:
            await self._store.add_batch(batch, self._only, *more)
        except StoreError:
            await asyncio.gather(*self._writing)  # raises the cause if a slice is missing
            raise

    async def undo(self) -> None:
        """Remove everything received."""
        await asyncio.gather(*self._writing, return_exceptions=True)
        # the facts too: the call may have been cancelled while they were being written
        await self._store.commit(*(Gone(kind, self._seq) for kind in _WHOLE))

    async def _fed(self, piece: bytes) -> list[RequestSlice]:
        """Return the slices that a piece of the body completes; unusual bodies are parsed off the event loop."""
        if self._intake.is_long(piece):
            return await to_thread(self._intake.feed, piece)
        return self._intake.feed(piece)

    def _put(self, slice: RequestSlice) -> None:
        self._writing.append(self._store.put_slice(self._seq, len(self.custom_ids), slice.raw))

    async def _look(self, slice: RequestSlice) -> None:
        large = len(slice.raw) > _LARGE
        custom_ids = await to_thread(self._intake.check_slice, slice) if large else self._intake.check_slice(slice)
        self.custom_ids.append(custom_ids)
        if self._early and custom_ids:
            await self._early.validate(slice.items)
