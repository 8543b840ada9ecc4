"""Deleted batches: the facts still needed, in compact form."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from mockbatch.core.batch import Batch, Reason
from mockbatch.core.contract import wire
from mockbatch.core.contract.params import Terms
from mockbatch.core.money.ledger import Sum
from mockbatch.core.time.timeline import NEVER, Timeline

_SEQ = 8
# the instants that every timeline has
_DECIDED = 4


class _Packed(Struct, frozen=True, array_like=True):
    identity: int
    sizes: tuple[int, ...]
    timeline: tuple[int, ...]
    day: str
    downloads: int
    delivered: int
    sums: tuple[Sum, ...]
    webhook: str
    tally: wire.RequestCounts | None
    reasons: tuple[Reason, ...]


def as_deleted(batch: Batch, reasons: Iterable[Reason]) -> Batch:
    """Return what remains of a deleted batch: the facts needed by the ledger, problems, webhooks and cursors, and the
    causes of its errors.
    """
    return Batch(
        batch.seq,
        batch.id,
        batch.session,
        batch.identity,
        batch.sizes,
        0,
        batch.timeline,
        Terms(day=batch.terms.day),
        deleted=True,
        tally=batch.tally,
        downloads=batch.downloads,
        delivered=batch.delivered,
        sums=batch.sums,
        webhook=batch.webhook,
        reasons=tuple(reasons),
    )


class Deleted:
    """The deleted batches of a session, stored as a few hundred bytes each and unpacked on access."""

    def __init__(self, session: str, packed: Mapping[str, bytes] | None = None) -> None:
        self._session = session
        # prefixed with the sequence number, so that sorting the bytes sorts the batches
        self._packed = dict(packed or {})

    def __len__(self) -> int:
        return len(self._packed)

    def __contains__(self, id: str) -> bool:
        return id in self._packed

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def packed(self) -> dict[str, bytes]:
        """Return a copy of the current collection, from which another one can be made."""
        return dict(self._packed)

    def add(self, batch: Batch) -> None:
        """Add or update a deleted batch."""
        self._packed[batch.id] = batch.seq.to_bytes(_SEQ, "big") + _pack(batch)

    def discard(self, id: str) -> None:
        """Remove a batch, if present."""
        self._packed.pop(id, None)

    def get(self, id: str) -> Batch | None:
        """Return a deleted batch, if present."""
        packed = self._packed.get(id)
        return None if packed is None else self._unpacked(id, packed)

    def in_order(self) -> Iterator[Batch]:
        """Yield the batches deleted by now, oldest first, each unpacked on iteration."""
        packed = sorted((packed, id) for id, packed in self._packed.items())
        return (self._unpacked(id, one) for one, id in packed)

    def _unpacked(self, id: str, packed: bytes) -> Batch:
        kept = msgspec.json.decode(memoryview(packed)[_SEQ:], type=_Packed)
        return Batch(
            int.from_bytes(packed[:_SEQ], "big"),
            id,
            self._session,
            kept.identity,
            kept.sizes,
            0,
            Timeline(*kept.timeline),
            Terms(day=kept.day),
            deleted=True,
            tally=kept.tally,
            downloads=kept.downloads,
            delivered=kept.delivered,
            sums=kept.sums,
            webhook=kept.webhook,
            reasons=kept.reasons,
        )


def _pack(batch: Batch) -> bytes:
    timeline = astuple(batch.timeline)
    while timeline[-1] == NEVER and len(timeline) > _DECIDED:
        timeline = timeline[:-1]
    packed = _Packed(
        batch.identity,
        batch.sizes,
        timeline,
        batch.terms.day,
        batch.downloads,
        batch.delivered,
        batch.sums or (),
        batch.webhook,
        batch.tally,
        batch.reasons,
    )
    return msgspec.json.encode(packed)
