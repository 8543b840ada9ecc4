"""The life of batches under any sequence of calls: core and server against a model that works row by row."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from mockbatch.core.batch import Durations, waited
from mockbatch.core.rules.faults import random_fault
from mockbatch.core.time.spans import DAY, SECOND, parse_instant
from mockbatch.core.time.timeline import NEVER
from tests.builders import START
from tests.stateful.drivers import Core, Driver, Http

ORDER = ["in_progress", "canceling", "ended"]


@dataclass
class Model:
    """What a batch should do, computed the slow way from the instants at which its rows start and finish."""

    created_at: int
    rows: dict[str, tuple[int, int]]
    cancel_delay: int
    canceled_at: int | None = None
    seen: list[str] = field(default_factory=list)

    def outcome(self, custom_id: str) -> tuple[int, str]:
        """When the row is settled, and how."""
        start, finish = self.rows[custom_id]
        expiry = self.created_at + DAY
        if self.canceled_at is not None:
            settled = self.canceled_at + self.cancel_delay
            if start > self.canceled_at:
                return (settled, "canceled") if settled < expiry else (expiry, "expired")
            if finish > settled and settled < expiry:
                return settled, "canceled"
        return (finish, "done") if finish <= expiry else (expiry, "expired")

    @property
    def ended_at(self) -> int:
        return max(self.outcome(custom_id)[0] for custom_id in self.rows)

    def status(self, now: int) -> str:
        if now >= self.ended_at:
            return "ended"
        return "in_progress" if self.canceled_at is None else "canceling"


class BatchLife(RuleBasedStateMachine):
    """Written once; the classes below say what it drives."""

    driven: type[Core] | type[Http]
    batches = Bundle("batches")

    @initialize(
        seed=st.integers(0, 2**32),
        wait=st.sampled_from(["0s", "10s", "uniform:0s,30h", "lognormal:1m,9h"]),
        delay=st.sampled_from(["0s", "1m", "uniform:0s,50h", "exponential:2h", "lognormal:1m,9h"]),
        never=st.sampled_from([0, 0.3, 1]),
        fail_rate=st.sampled_from([0, 0.5, 1]),
        cancel_delay=st.sampled_from(["0s", "25s", "30h"]),
    )
    def start(self, **options: Any) -> None:
        self.driver: Driver = self.driven(**{name: str(value) for name, value in options.items()})
        self.now = parse_instant(START)
        self.models: dict[str, Model] = {}
        self.order: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "driver"):
            self.driver.close()

    @rule(target=batches, names=st.sets(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=5))
    def create(self, names: set[str]) -> str:
        id: str = self.driver.create(names)["id"]
        profile = self.driver.config.profile()
        durations = Durations(profile, id)
        start = self.now + waited(profile, id)
        rows = {name: (start, min(start + durations.of(name), NEVER)) for name in names}
        self.models[id] = Model(self.now, rows, self.driver.config.cancel_delay)
        self.order.insert(0, id)
        return id

    @rule(id=batches)
    def cancel(self, id: str) -> None:
        model = self.models[id]
        shown = self.driver.cancel(id)
        if model.canceled_at is None and self.now < model.ended_at:
            model.canceled_at = self.now
        assert shown["processing_status"] == model.status(self.now)
        assert self.driver.cancel(id) == shown

    @rule(seconds=st.integers(0, 40 * 3600))
    def advance(self, seconds: int) -> None:
        self.now += seconds * SECOND
        assert self.driver.advance(seconds) == self.now

    @rule(id=batches)
    def advance_to_the_end(self, id: str) -> None:
        self.now = max(self.now, self.models[id].ended_at)
        assert self.driver.advance_to_end(id) == self.now
        assert self.driver.show(id)["processing_status"] == "ended"

    @rule()
    def advance_one_event(self) -> None:
        moved = self.driver.advance_one_event()
        assert moved >= self.now
        self.now = moved

    @rule(id=batches)
    def results_are_there_when_it_has_ended(self, id: str) -> None:
        model = self.models[id]
        available = model.ended_at <= self.now < model.created_at + 29 * DAY
        expected = {name: self.expected(model, name) for name in model.rows}
        assert self.driver.outcomes(id) == (expected if available else None)

    @rule(limit=st.integers(1, 4))
    def paging_visits_each_batch_once(self, limit: int) -> None:
        assert self.paged(limit, "after_id", "last_id") == self.order
        if self.order:
            oldest = self.order[-1]
            found = self.paged(limit, "before_id", "first_id", start=oldest)
            assert sorted([*found, oldest]) == sorted(self.order)

    @invariant()
    def what_is_shown_is_what_the_model_says(self) -> None:
        for id, model in getattr(self, "models", {}).items():
            shown = self.driver.show(id)
            counts = shown["request_counts"]
            assert shown["processing_status"] == model.status(self.now)
            assert sum(counts.values()) == len(model.rows)
            ended = shown["processing_status"] == "ended"
            assert (counts["processing"] == 0) if ended else (counts["processing"] == len(model.rows))
            assert (shown["ended_at"] is not None) == ended
            if ended:
                assert parse_instant(shown["ended_at"]) == model.ended_at <= parse_instant(shown["expires_at"])
                kinds = [self.expected(model, name) for name in model.rows]
                assert {kind: counts[kind] for kind in kinds} == {kind: kinds.count(kind) for kind in kinds}
            if model.seen:
                assert ORDER.index(model.seen[-1]) <= ORDER.index(shown["processing_status"])
            model.seen.append(shown["processing_status"])

    def expected(self, model: Model, name: str) -> str:
        how = model.outcome(name)[1]
        if how != "done":
            return how
        failing = random_fault(self.driver.config.seed, name, self.driver.config.fail_rate)
        return "errored" if failing else "succeeded"

    def paged(self, limit: int, cursor: str, edge: str, start: str | None = None) -> list[str]:
        found: list[str] = []
        at = start
        while True:
            page = self.driver.page(limit, **({cursor: at} if at else {}))
            found += [batch["id"] for batch in page["data"]]
            at = page[edge]
            if not page["has_more"]:
                return found


class OverCore(BatchLife):
    driven = Core


class OverHttp(BatchLife):
    driven = Http


TestOverCore = OverCore.TestCase
TestOverHttp = OverHttp.TestCase
TestOverCore.settings = TestOverHttp.settings = settings(stateful_step_count=20)
