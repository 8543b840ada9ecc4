"""Details of batches and rows for people: costs, causes, other batches with the same custom_id, and search."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from mockbatch.core.batch import Batch, Durations, Profile
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.request_slicer import RequestItem
from mockbatch.core.estimates import time_left
from mockbatch.core.money.ledger import LedgerEntry, Total, cost, counts_of, net
from mockbatch.core.rows.row import Row
from mockbatch.core.rows.usage import usage_of_row
from mockbatch.core.search import Kind, Term, Value, meets, parse_search
from mockbatch.core.seeded_hash import derive_seed, hash64, luck_of, to_unit_interval
from mockbatch.core.time.spans import SECOND, format_span
from mockbatch.core.time.timeline import NEVER
from mockbatch.service.api.batch_usage import BatchUsage
from mockbatch.service.api.ledger import LedgerService
from mockbatch.service.api.registry import BatchRegistry
from mockbatch.service.cooperative import in_turns
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.rows.states import PlannedRow, RowStates
from mockbatch.service.sessions.session import SessionState

BATCH_FIELDS: dict[str, Kind] = {
    "status": "text",
    "id": "text",
    "ending": "text",
    "model": "text",
    "size": "number",
    "downloads": "number",
    "delivered": "number",
    "cost": "number",
    "succeeded": "number",
    "errored": "number",
    "canceled": "number",
    "expired": "number",
}
# how many rows of a completely failed batch are named
_NAMED = 5
_OUTCOMES = ("model", "cost", "succeeded", "errored", "canceled", "expired")
ROW_FIELDS: dict[str, Kind] = {
    "status": "text",
    "outcome": "text",
    "custom_id": "text",
    "model": "text",
    "error": "text",
    "rule": "text",
    "unmet": "text",
    "cost": "number",
    "input_tokens": "number",
    "output_tokens": "number",
    "index": "number",
}


BATCH_ORDERS = ("created_at", "size", "downloads", "cost", "succeeded", "errored", "canceled", "expired")
ROW_ORDERS = ("index", "input_tokens", "output_tokens", "cost")
"""Sort keys of batches and rows."""


class ErrorGroup(Struct, frozen=True):
    """Rows with the same error: their number, and the first of them."""

    type: str
    message: str
    count: int
    custom_id: str


class FailedBatch(Struct, frozen=True):
    """A batch whose rows have all failed: the most frequent error, and the first rows."""

    id: str
    size: int
    error: str
    custom_ids: list[str]


class Sent(Struct, frozen=True):
    """A batch that contains a custom_id, and whether its params are the same."""

    batch: str
    same: bool


class Queries:
    """Read-only queries on batches."""

    def __init__(
        self,
        profiles: dict[int, Profile],
        registry: BatchRegistry,
        rows: RowPipeline,
        states: RowStates,
        usage: BatchUsage,
        ledger: LedgerService,
    ) -> None:
        self._profiles = profiles
        self._registry = registry
        self._rows = rows
        self._states = states
        self._usage = usage
        self._ledger = ledger

    def total(self, batch: Batch) -> Total | None:
        """Return the billed amount of a batch; None until it is known."""
        return net(batch.sums, batch.terms.day, self._ledger.prices) if batch.sums is not None else None

    async def found(self, session: SessionState, text: str, order: str = "") -> list[Batch]:
        """Return the batches that match a search, newest first or in `order`. Outcomes and costs are known only for
        batches that have ended.

        Raise InvalidRequest for an invalid search or order.
        """
        terms, name, descending = _terms(text, BATCH_FIELDS), *_order(order, BATCH_ORDERS)
        if name in _OUTCOMES or any(term.field in _OUTCOMES for term in terms):
            await self._usage.settle(session)
        now = session.now()
        live = list(session.older_than(None))
        if terms:
            live = [
                batch
                async for batch in in_turns(live)
                if meets(terms, lambda name: self._of_batch(batch, name, now))  # noqa: B023
            ]
        if name == "created_at":
            return live if descending else live[::-1]
        return (
            sorted(live, key=lambda batch: _rank(self._of_batch(batch, name, now)), reverse=descending)
            if name
            else live
        )

    def _of_batch(self, batch: Batch, name: str, now: int) -> Value:
        match name:
            case "status":
                return batch.timeline.status(now)
            case "ending":
                return batch.timeline.ending if batch.timeline.has_ended(now) else None
            case "model":
                return " ".join(row.account.model for row in batch.sums or ())
            case "cost":
                spent = self.total(batch)
                return spent.net if spent else None
            case "succeeded" | "errored" | "canceled" | "expired":
                return getattr(batch.tally, name) if batch.tally else None
            case "":
                return f"{batch.id} {batch.timeline.status(now)}"
        value: Value = getattr(batch, name)
        return value

    async def rows(self, session: SessionState, batch: Batch, text: str, start: int, limit: int) -> list[PlannedRow]:
        """Return the first `limit` rows from `start` on that match a search. Raises InvalidRequest for an invalid
        search.
        """
        terms = _terms(text, ROW_FIELDS)
        everywhere = any(not term.field for term in terms)
        found: list[PlannedRow] = []
        items: tuple[int, list[RequestItem]] = (-1, [])
        async for block in self._states.rows(batch, start):
            for planned in block:
                index = batch.slice_of(planned.row.index)
                if everywhere and items[0] != index:
                    items = index, await self._rows.of(batch).items(index)
                params = bytes(items[1][planned.row.index - batch.first_of(index)].params) if everywhere else b""
                if meets(terms, lambda name: self._of_row(batch, planned, params, name, session.now())):  # noqa: B023
                    found.append(planned)
            if len(found) >= limit:
                return found[:limit]
            await asyncio.sleep(0)
        return found

    async def sorted_rows(
        self, session: SessionState, batch: Batch, text: str, order: str, start: int, limit: int
    ) -> tuple[list[PlannedRow], int]:
        """Return `limit` rows from `start` on, in `order`, of those that match a search, and the number of matches.

        Raise InvalidRequest for an invalid search or order.
        """
        name, descending = _order(order, ROW_ORDERS)
        found = await self.rows(session, batch, text, 0, batch.size)
        now = session.now()
        ranked = [(_rank(self._of_row(batch, planned, b"", name, now)), planned) async for planned in in_turns(found)]
        ranked.sort(key=lambda one: one[0], reverse=descending)
        return [planned for _, planned in ranked[start : start + limit]], len(ranked)

    async def errors(self, session: SessionState, batch: Batch) -> list[ErrorGroup]:
        """Return the errors of the rows that have failed by now, most frequent first."""
        groups: dict[tuple[str, str], tuple[int, str]] = {}
        now = session.now()
        async for block in self._states.decided(batch):
            for planned in block:
                failure = planned.row.failure
                if failure and planned.state(batch, now) == "errored":
                    count, first = groups.get((failure.type, failure.message), (0, planned.row.custom_id))
                    groups[failure.type, failure.message] = count + 1, first
            await asyncio.sleep(0)
        found = [ErrorGroup(kind, message, count, first) for (kind, message), (count, first) in groups.items()]
        return sorted(found, key=lambda group: -group.count)

    async def all_failed(self, session: SessionState) -> list[FailedBatch]:
        """Return the batches that have ended with all rows failed, newest first. Details are filled in only for the
        first.
        """
        await self._usage.settle(session)
        now = session.now()
        failed = [
            batch
            async for batch in in_turns(session.older_than(None))
            if batch.tally is not None and batch.tally.errored == batch.size and batch.timeline.has_ended(now)
        ]
        found = [FailedBatch(batch.id, batch.size, "", []) for batch in failed]
        if failed:
            with self._registry.unless_gone():
                found[0] = await self._how_it_failed(session, failed[0])
        return found

    async def _how_it_failed(self, session: SessionState, batch: Batch) -> FailedBatch:
        errors = await self.errors(session, batch)
        rows, _ = await self._states.page(batch, 0, _NAMED, lambda planned: True)
        names = [planned.row.custom_id for planned in rows]
        # empty if the clock was set back meanwhile
        how = f"{errors[0].type}: {errors[0].message}" if errors else ""
        return FailedBatch(batch.id, batch.size, how, names)

    def _of_row(self, batch: Batch, planned: PlannedRow, params: bytes, name: str, now: int) -> Value:
        row = planned.row
        match name:
            case "status":
                return planned.state(batch, now)
            case "outcome":
                return planned.outcome(batch)
            case "error":
                return f"{row.failure.type} {row.failure.message}" if row.failure else None
            case "cost":
                return self.cost(batch, planned, now)
            case "unmet":
                return row.more.unmet or None
            case "":
                return " ".join(
                    (
                        row.custom_id,
                        _error(row),
                        row.rule,
                        _reply(row),
                        row.more.unmet,
                        params.decode("utf-8", "replace"),
                    )
                )
        value: Value = getattr(row, name)
        return value

    def cost(self, batch: Batch, planned: PlannedRow, now: int) -> Decimal | None:
        """Return the billed amount of a row in USD; None before the batch has ended, and for models without a price."""
        if not batch.timeline.has_ended(now):
            return None
        row = planned.row
        if planned.outcome(batch) != "succeeded" or not row.is_billed(batch.terms.day):
            return Decimal(0)
        counts = counts_of(usage_of_row(row))
        rates = self._ledger.prices.of(row.model, batch.terms.day, counts.prompt_tokens)
        return None if rates is None else cost(counts, rates, "batch", row.geo)

    def entries(self, session: SessionState, batch: Batch, planned: PlannedRow) -> list[LedgerEntry]:
        """Return the ledger entries of a row; none before the batch has ended."""
        if not batch.timeline.has_ended(session.now()):
            return []
        outcome, row = planned.outcome(batch), planned.row
        usage = usage_of_row(row) if outcome == "succeeded" else None
        return self._ledger.entries(session, batch, row, outcome, self._rows.results(batch).message_id(row), usage)

    async def batches_with(self, session: SessionState, batch: Batch, custom_id: str) -> list[Sent]:
        """Return the batches of a session that contain a custom_id, oldest first."""
        times: list[tuple[str, bytes]] = []
        for other in session.live():
            with self._registry.unless_gone():
                for index in range(other.slices):
                    items = await self._rows.of(other).items(index)
                    times += [(other.id, bytes(item.params)) for item in items if item.custom_id == custom_id]
                    await asyncio.sleep(0)
        own = next((params for name, params in times if name == batch.id), b"")
        return [Sent(name, params == own) for name, params in times]

    def outlook(self, session: SessionState, batch_id: str) -> str | None:
        """Describe when a batch ends; None if it does not exist."""
        batch = session.batches.get(batch_id)
        if batch is None:
            return None
        return time_left(batch, self._profiles[batch.profile], session.clock, session.now())

    def reasons(self, batch: Batch, planned: PlannedRow, params: bytes) -> list[str]:
        """Explain the outcome of a row, and its time, in sentences."""
        profile = self._profiles[batch.profile]
        luck = luck_of(planned.row.custom_id, params, profile.luck_by)
        return list(_reasons(batch, planned, profile, luck))


def _terms(text: str, fields: dict[str, Kind]) -> list[Term]:
    try:
        return parse_search(text, fields)
    except ValueError as error:
        raise InvalidRequest(f"q: {error}") from None


def _order(text: str, known: tuple[str, ...]) -> tuple[str, bool]:
    """Return the field of an order like `-cost`, and whether it is descending. Raise InvalidRequest."""
    name = text.removeprefix("-")
    if name and name not in known:
        raise InvalidRequest(f"sort: Input should be one of {', '.join(known)}, with the prefix - for descending order")
    return name, text.startswith("-")


def _rank(value: Value) -> tuple[bool, Decimal]:
    """Return the sort key of a number; unknown values come first."""
    return (False, Decimal(0)) if value is None else (True, Decimal(value))


def _error(row: Row) -> str:
    return f"{row.failure.type} {row.failure.message}" if row.failure else ""


def _reply(row: Row) -> str:
    return row.more.spec.kind if row.more.spec else ""


def _reasons(batch: Batch, planned: PlannedRow, profile: Profile, luck: str) -> Iterator[str]:
    row = planned.row
    if planned.done_at == NEVER:
        how = "canceled" if batch.timeline.ending == "canceled" else "out of time"
        yield f"It was not finished when the batch was {how}."
    elif row.rule:
        yield _by_rule(row, profile, luck)
    elif row.failure and not row.failure.executed:
        yield "Its params failed validation, as they would in the API during processing."
    elif profile.fail_rate:
        drawn = to_unit_interval(hash64(derive_seed(profile.seed, "fail"), luck))
        side = "below" if drawn < profile.fail_rate else "above"
        again = "" if row.failure or side == "above" else f", but it passes after {profile.fail_attempts} attempts"
        yield f"The failure rate is {profile.fail_rate:g}; its draw was {drawn:.4f}, which is {side}{again}."
    else:
        yield "No rule matched it, and no random failures are configured."
    if row.more.unmet and row.succeeds:
        yield f"{row.more.unmet} The nearest one is sent."
    yield _duration(batch, row, profile)


def _by_rule(row: Row, profile: Profile, luck: str) -> str:
    rule = next((rule for rule in profile.rules if rule.name == row.rule), None)
    if rule is None or rule.rate is None:
        return f"The rule {row.rule!r} decided."
    drawn = to_unit_interval(hash64(derive_seed(profile.seed, "rule", rule.name) or 1, luck))
    return f"The rule {row.rule!r} decided: its rate is {rule.rate:g}, and the draw was {drawn:.4f}."


def _duration(batch: Batch, row: Row, profile: Profile) -> str:
    if profile.polls:
        return f"The batch ends at retrieve number {profile.polls}, with all its rows."
    durations = Durations.of_batch(batch, profile)
    drawn = to_unit_interval(durations.drawn([row.custom_id])[0])
    takes = durations.of(row.custom_id)
    if takes == NEVER:
        return f"It never finishes (its draw of the delay was {drawn:.4f})."
    span = format_span(takes // SECOND * SECOND) if takes >= SECOND else f"{takes / 1000:g} ms"
    return f"It takes {span}: its draw of the delay was {drawn:.4f}."
