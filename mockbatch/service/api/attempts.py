"""The number of times a request was sent in a session, counted by its custom_id and by its content."""

from array import array
from collections import Counter
from collections.abc import AsyncIterable

from xxhash import xxh3_64_intdigest

from mockbatch.core.batch import Batch
from mockbatch.core.contract.request_slicer import RequestItem, items_of
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import Store

_FIELDS = 3  # per request: the hashes of its custom_id and its content, and its attempt number


class Attempts:
    """Counts the requests of sessions, once a rule needs it; until then it costs nothing.

    Counts are stored with the requests, and outlive them: a deleted batch was still sent.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: dict[str, Counter[int]] = {}

    async def count(self, session: SessionState, batch: Batch, slices: AsyncIterable[bytes | memoryview]) -> None:
        """Count the requests of a new batch before it is added."""
        counted = self._counted.get(session.name)
        if counted is None:
            counted = self._counted[session.name] = await self._stored(session)
        if not session.counts_attempts:
            session.counts_attempts = True
            for earlier in session.live():
                await self._count(counted, earlier, self._slices(earlier))
        await self._count(counted, batch, slices)

    async def of(self, batch: Batch) -> list[list[int]] | None:
        """Return the 1-based attempt number of each request, per slice; None if attempts were not counted."""
        found = []
        for index in range(batch.slices):
            sent = await self._store.sent(batch.seq, index)
            if sent is None:
                return None
            found.append(_loaded(sent)[2::_FIELDS].tolist())
        return found

    def forget(self, session: SessionState) -> None:
        self._counted.pop(session.name, None)

    async def _count(self, counted: Counter[int], batch: Batch, slices: AsyncIterable[bytes | memoryview]) -> None:
        # the batch's own requests are added at the end: the same content may occur in it twice
        keys: list[int] = []
        index = 0
        async for raw in slices:
            sent = array("Q")
            for item in items_of(raw):
                name, content = _keys(item)
                sent.extend((name, content, 1 + max(counted[name], counted[content])))
                keys += (name, content)
            await self._store.put_sent(batch.seq, index, sent.tobytes())
            index += 1
        counted.update(keys)

    async def _stored(self, session: SessionState) -> Counter[int]:
        """Return the counts over all batches of a session."""
        counted: Counter[int] = Counter()
        for batch in session.ever():
            for index in range(batch.slices):
                if sent := await self._store.sent(batch.seq, index):
                    entries = _loaded(sent)
                    counted.update(entries[0::_FIELDS])
                    counted.update(entries[1::_FIELDS])
        return counted

    async def _slices(self, batch: Batch) -> AsyncIterable[bytes]:
        for index in range(batch.slices):
            yield await self._store.slice(batch.seq, index)


def _keys(item: RequestItem) -> tuple[int, int]:
    # two hash seeds, so that a custom_id never equals a content
    return xxh3_64_intdigest(item.custom_id.encode(), 1), xxh3_64_intdigest(item.params, 2)


def _loaded(sent: bytes) -> "array[int]":
    entries = array("Q")
    entries.frombytes(sent)
    return entries
