"""Start times of rows, if the queue of their batch has a limited capacity."""

from array import array
from collections.abc import Sequence

from mockbatch.core.batch import Batch
from mockbatch.store import Store


async def starts_of(store: Store, batch: Batch, index: int) -> Sequence[int] | None:
    """Return the start times of a slice in microseconds of virtual time; None if its rows start with the batch."""
    data = await store.starts(batch.seq, index)
    if data is None:
        return None
    starts = array("q")
    starts.frombytes(data)
    return starts
