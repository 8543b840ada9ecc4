"""The batches of a session: their actual state, not only what the API shows."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from mockbatch.client.control import Control

_PAGE = 1000


class RequestCounts:
    """The numbers of requests of a batch by current state."""

    def __init__(self, view: dict[str, int]) -> None:
        self.processing = view["processing"]
        self.succeeded = view["succeeded"]
        self.errored = view["errored"]
        self.canceled = view["canceled"]
        self.expired = view["expired"]

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in vars(self).items() if count)
        return f"<{counts or 'no requests'}>"

    def __eq__(self, other: object) -> bool:
        return vars(self) == (vars(other) if isinstance(other, RequestCounts) else other)

    __hash__ = None  # type: ignore[assignment]


class ItemView:
    """A request of a batch: its current `state`, its final `outcome`, and the other fields of its view."""

    custom_id: str
    index: int
    state: str
    outcome: str
    done_at: str | None
    model: str | None
    error: dict[str, Any] | None
    input_tokens: int
    output_tokens: int

    def __init__(self, view: dict[str, Any]) -> None:
        self.__dict__.update(view)

    def __repr__(self) -> str:
        return f"<item {self.custom_id}: {self.state}, in the end {self.outcome}>"


class BatchView:
    """A batch at the time of retrieval. Its items are loaded once, on first use."""

    def __init__(self, control: Control, view: dict[str, Any]) -> None:
        self._control = control
        self.view = view
        self.id: str = view["id"]
        self.status: str = view["status"]
        self.size: int = view["size"]
        self.counts = RequestCounts(view["counts"])

    def __repr__(self) -> str:
        return f"<batch {self.id} {self.status}: {self.counts!r:.80}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BatchView) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def created_at(self) -> datetime:
        """When it was created, in virtual time."""
        return datetime.fromisoformat(self.view["created_at"])

    @property
    def ended_at(self) -> datetime | None:
        """When it ended; None while it runs."""
        ended_at = self.view["ended_at"]
        return None if ended_at is None else datetime.fromisoformat(ended_at)

    @property
    def downloads(self) -> int:
        """The number of completed downloads of its results."""
        return int(self.view["downloads"])

    @cached_property
    def items(self) -> list[ItemView]:
        """Its requests, in order of submission."""
        found: list[ItemView] = []
        while True:
            page = self._control.get("batches", self.id, "items", limit=_PAGE, start=len(found))
            found += map(ItemView, page["items"])
            if not page["has_more"]:
                return found

    @property
    def custom_ids(self) -> set[str]:
        """The custom_ids of its requests."""
        return {item.custom_id for item in self.items}

    @property
    def results(self) -> dict[str, str]:
        """The final outcome by custom_id, even before the batch has ended."""
        return {item.custom_id: item.outcome for item in self.items}

    @property
    def delivered(self) -> int:
        """The maximum number of result lines delivered in one download."""
        return int(self.view["delivered"])

    @property
    def finished_during_cancel(self) -> int:
        """The number of requests that finished between the cancel and the end."""
        canceled_at = self.view["shown"]["cancel_initiated_at"]
        if canceled_at is None:
            return 0
        since = datetime.fromisoformat(canceled_at)
        worked = [item for item in self.items if item.outcome in ("succeeded", "errored") and item.done_at]
        return sum(datetime.fromisoformat(str(item.done_at)) > since for item in worked)

    def end(self) -> "BatchView":
        """Complete the batch now."""
        return self._done("end")

    def expire(self) -> "BatchView":
        """Expire the batch now."""
        return self._done("expire")

    def stick(self) -> "BatchView":
        """Stall the batch: no further request finishes."""
        return self._done("stick")

    def archive(self) -> "BatchView":
        """Archive the batch: its results are no longer available."""
        return self._done("archive")

    def fail(self, *custom_ids: str) -> "BatchView":
        """Make these requests fail with an internal error when they finish. The batch must not have ended."""
        self._control.post("batches", self.id, "fail", custom_ids=list(custom_ids))
        return BatchView(self._control, self._control.get("batches", self.id))

    def _done(self, what: str) -> "BatchView":
        return BatchView(self._control, self._control.post("batches", self.id, what))


class BatchViews:
    """The batches of a session, oldest first, without deleted ones."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def __repr__(self) -> str:
        return f"<batches {list(self)}>"

    def __iter__(self) -> Iterator[BatchView]:
        views: list[dict[str, Any]] = []
        while True:
            page = self._control.get("batches", limit=_PAGE, start=len(views))
            views += page["batches"]
            if len(views) >= page["total"]:
                return (BatchView(self._control, view) for view in reversed(views))

    def __len__(self) -> int:
        return int(self._control.get("batches", limit=1)["total"])

    def __getitem__(self, which: str | int) -> BatchView:
        """Return a batch by ID or by index."""
        if isinstance(which, str):
            return BatchView(self._control, self._control.get("batches", which))
        return list(self)[which]

    @property
    def first(self) -> BatchView:
        """The oldest batch."""
        return self[0]

    @property
    def last(self) -> BatchView:
        """The newest batch."""
        return self[-1]

    def synthetic(self, items: int = 1, **how: Any) -> BatchView:
        """Create a synthetic batch of `items` requests; with `ended=True` it has ended already."""
        return self[self._control.post("synth", items=items, **how)["batches"][0]["id"]]

    def duplicates(self) -> list[list[str]]:
        """Return groups of IDs of batches with the same requests, of which more than one is billed."""
        return [problem["batches"] for problem in self._problems("duplicate")]

    def orphans(self) -> list[str]:
        """Return the IDs of ended batches whose results were never read."""
        return [id for problem in self._problems("orphan") for id in problem["batches"]]

    def undelivered(self) -> list[str]:
        """Return the IDs of batches with results that never reached a client."""
        return [id for problem in self._problems("undelivered") for id in problem["batches"]]

    def _problems(self, kind: str) -> list[dict[str, Any]]:
        return [problem for problem in self._control.get("problems")["problems"] if problem["kind"] == kind]
