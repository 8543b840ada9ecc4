"""How often a request was sent: counted by its custom_id and by what it asks for, in one session."""

from collections import Counter
from collections.abc import AsyncIterator

from xxhash import xxh3_64_intdigest

from mockbatch.core.batch import Batch
from mockbatch.core.contract.envelope import Item, items_of
from mockbatch.service.sessions import Session
from mockbatch.store import Store


class Attempts:
    """Counts what sessions sent, as soon as a rule asks for it: before that, nobody pays for it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: dict[str, Counter[int]] = {}

    def counting(self, session: Session) -> bool:
        """Whether a rule has asked for it in this session."""
        return session.name in self._counted

    async def of(self, session: Session, batch: Batch) -> list[list[int]]:
        """The how-manieth attempt each request of a new batch is, slice by slice. The batch counts from now on."""
        counted = self._counted.get(session.name)
        if counted is None:
            counted = self._counted[session.name] = Counter()
            for earlier in session.batches.values():
                if earlier.seq < batch.seq and not earlier.deleted:
                    async for items in self._slices(earlier):
                        _count(counted, items)
        attempts = []
        async for items in self._slices(batch):
            attempts.append([1 + max(counted[key] for key in _keys(item)) for item in items])
        async for items in self._slices(batch):
            _count(counted, items)
        return attempts

    def forget(self, session: Session) -> None:
        self._counted.pop(session.name, None)

    async def _slices(self, batch: Batch) -> AsyncIterator[list[Item]]:
        for index in range(batch.slices):
            yield items_of(await self._store.slice(batch.seq, index))


def _keys(item: Item) -> tuple[int, int]:
    # of two kinds, so that no name counts as a content
    return xxh3_64_intdigest(item.custom_id.encode(), 1), xxh3_64_intdigest(item.params, 2)


def _count(counted: Counter[int], items: list[Item]) -> None:
    for item in items:
        counted.update(_keys(item))
