"""One life of batches, driven in two ways: the core's functions alone, and the server over HTTP."""

import json
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from mockbatch.config import Config
from mockbatch.core.batch import (
    Batch,
    Durations,
    canceled,
    finished,
    new_batch_id,
    planned,
    shown,
    unfinished_result,
)
from mockbatch.core.contract import wire
from mockbatch.core.contract.params import Terms
from mockbatch.core.contract.request_slicer import RequestSlicer
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.row import Row
from mockbatch.core.time.spans import SECOND, parse_instant
from mockbatch.core.time.timeline import events
from tests.builders import BATCHES, START, Api, config, outcomes, requests, serving
from tests.rows import whole_rows


class Driver(Protocol):
    """What the machine does to batches; a batch is shown as the API shows it."""

    config: Config

    def create(self, names: set[str]) -> dict[str, Any]: ...

    def cancel(self, id: str) -> dict[str, Any]: ...

    def show(self, id: str) -> dict[str, Any]: ...

    def advance(self, seconds: int) -> int: ...

    def advance_to_end(self, id: str) -> int: ...

    def advance_one_event(self) -> int: ...

    def outcomes(self, id: str) -> dict[str, str] | None: ...

    def page(self, limit: int, **cursor: str) -> dict[str, Any]: ...

    def close(self) -> None: ...


class Http:
    """The server in this process."""

    def __init__(self, **options: str) -> None:
        self.config = config(**options)
        self._serving = serving(**options)
        self._api: Api = self._serving.__enter__()

    def close(self) -> None:
        self._serving.__exit__(None, None, None)

    def create(self, names: set[str]) -> dict[str, Any]:
        return self._api.create(*names)

    def cancel(self, id: str) -> dict[str, Any]:
        return self._api.cancel({"id": id})

    def show(self, id: str) -> dict[str, Any]:
        return self._api.get_batch({"id": id})

    def advance(self, seconds: int) -> int:
        return parse_instant(self._api.advance(by=f"{seconds}s")["now"])

    def advance_to_end(self, id: str) -> int:
        return parse_instant(self._api.advance(until="batch.ended", batch=id)["now"])

    def advance_one_event(self) -> int:
        return parse_instant(self._api.advance(events=1)["now"])

    def outcomes(self, id: str) -> dict[str, str] | None:
        if self._api.get(f"{BATCHES}/{id}/results").status_code == 404:
            return None
        return outcomes(self._api.results({"id": id}))

    def page(self, limit: int, **cursor: str) -> dict[str, Any]:
        return Api.ok(self._api.get(BATCHES, params={"limit": limit, **cursor}))


class Core:
    """The pure functions, with dicts where the server has a store and a clock."""

    def __init__(self, **options: str) -> None:
        self.config = config(**options)
        self._profile = self.config.profile()
        self._now = parse_instant(START)
        self._batches: dict[str, Batch] = {}
        self._rows: dict[str, list[Row]] = {}

    def close(self) -> None:
        """There is nothing to close."""

    def create(self, names: set[str]) -> dict[str, Any]:
        intake = RequestSlicer(100_000, 1 << 30)
        slices = intake.feed(json.dumps({"requests": requests(*names)}).encode()) + intake.finish()
        sizes = tuple(len(intake.check_slice(part)) for part in slices)
        intake.check()
        ordinal = sum(batch.identity == intake.identity for batch in self._batches.values())
        id = new_batch_id(self._profile, "core", intake.identity, ordinal)
        timeline = planned(self._profile, id, self._now, Durations(self._profile, id).longest(names))
        seq = len(self._batches)
        self._batches[id] = Batch(seq, id, "core", intake.identity, sizes, 1, timeline)
        under = Conditions(Terms(), self._profile.seed, self._profile.fail_rate)
        self._rows[id] = whole_rows([item for part in slices for item in part.items], under)
        return self.show(id)

    def cancel(self, id: str) -> dict[str, Any]:
        self._batches[id] = canceled(self._batches[id], self._profile, self._now)
        return self.show(id)

    def show(self, id: str) -> dict[str, Any]:
        batch = self._batches[id]
        counts = wire.RequestCounts(processing=batch.size)
        if batch.timeline.has_ended(self._now):
            kinds = list(self._kinds(batch).values())
            counts = replace(counts, processing=0, **{kind: kinds.count(kind) for kind in set(kinds)})
        content: dict[str, Any] = msgspec.to_builtins(shown(batch, self._now, counts, "http://core"))
        return content

    def advance(self, seconds: int) -> int:
        self._now += seconds * SECOND
        return self._now

    def advance_to_end(self, id: str) -> int:
        self._now = max(self._now, self._batches[id].timeline.ended_at)
        return self._now

    def advance_one_event(self) -> int:
        coming = [e.at for b in self._batches.values() for e in events(b.id, b.timeline) if e.at > self._now]
        self._now = min(coming, default=self._now)
        return self._now

    def outcomes(self, id: str) -> dict[str, str] | None:
        batch = self._batches[id]
        if not batch.timeline.has_ended(self._now) or batch.timeline.is_archived(self._now):
            return None
        return self._kinds(batch)

    def page(self, limit: int, **cursor: str) -> dict[str, Any]:
        ids = sorted(self._batches, key=lambda id: self._batches[id].seq, reverse=True)
        if before := cursor.get("before_id"):
            found = ids[: ids.index(before)]
            shown_ids, more = found[-limit:], len(found) > limit
        else:
            found = ids[ids.index(cursor["after_id"]) + 1 :] if "after_id" in cursor else ids
            shown_ids, more = found[:limit], len(found) > limit
        return {
            "data": [{"id": id} for id in shown_ids],
            "has_more": more,
            "first_id": shown_ids[0] if shown_ids else None,
            "last_id": shown_ids[-1] if shown_ids else None,
        }

    def _kinds(self, batch: Batch) -> dict[str, str]:
        rows = self._rows[batch.id]
        done = finished(batch, self._profile, [row.custom_id for row in rows], None) or [True] * len(rows)
        left = type(unfinished_result(batch.timeline)).__name__.lower()
        return {
            row.custom_id: (("errored" if row.failure else "succeeded") if finished_row else left)
            for row, finished_row in zip(rows, done, strict=True)
        }
