"""When rows start to be worked on, where the queue of their batch has a capacity."""

from array import array
from collections.abc import Sequence

from mockbatch.core.batch import Batch
from mockbatch.store import Store


async def starts_of(store: Store, batch: Batch, index: int) -> Sequence[int] | None:
    """Return when the rows of a slice start, in microseconds of virtual time; None where they start with the batch."""
    data = await store.starts(batch.seq, index)
    if data is None:
        return None
    starts = array("q")
    starts.frombytes(data)
    return starts
