"""Summaries of runs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.batch import Batch, Reason
from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.money.rates import plain
from mockbatch.core.money.spending import Grouped
from mockbatch.core.time.spans import SECOND
from mockbatch.service.admin.problems import FoundProblem, ProblemFinder, of_the_server
from mockbatch.service.api.batch_usage import BatchUsage
from mockbatch.service.api.ledger import LedgerService
from mockbatch.service.api.refusals import reasons_of, together, told
from mockbatch.service.api.registry import BatchRegistry
from mockbatch.service.cooperative import in_turns
from mockbatch.service.rows.states import RowStates
from mockbatch.service.sessions.journal import Journal
from mockbatch.service.sessions.session import SessionState


class Summary(Struct, frozen=True):
    """Batches, rows by outcome, calls by kind, seconds of virtual and real time, problems; the cost with and without
    batches, as decimals in USD. `unpriced` are models without a price, which the amounts exclude.

    `reasons` are the causes of row errors; `refused` are the refused calls that no rule touched, by status, and
    `refusal` is the last one.
    """

    sessions: int
    batches: int
    rows: RequestCounts
    calls: dict[str, int]
    polls: int
    virtual_seconds: float
    real_seconds: float
    problems: list[FoundProblem]
    cost_usd: str = "0"
    standard_usd: str = "0"
    unpriced: list[str] = []
    reasons: list[Reason] = []
    refused: dict[str, int] = {}
    refusal: str = ""


_NOTHING = Summary(0, 0, RequestCounts(), {}, 0, 0.0, 0.0, [])
# how many problems of deleted sessions are kept
_REMEMBERED = 1_000


class Summaries:
    """Summarizes sessions, and keeps the totals of deleted ones. Reading changes nothing."""

    def __init__(
        self,
        registry: BatchRegistry,
        states: RowStates,
        usage: BatchUsage,
        problems: ProblemFinder,
        ledger: LedgerService,
        journal: Journal,
    ) -> None:
        self._registry = registry
        self._states = states
        self._usage = usage
        self._journal = journal
        self._problems = problems
        self._ledger = ledger
        self.past = _NOTHING
        """The totals of deleted sessions."""

    async def of(self, session: SessionState) -> Summary:
        """Return the summary of a session."""
        now = session.now()
        rows: Counter[str] = Counter()
        await self._usage.settle(session)
        reasons: list[Reason] = []
        async for batch in in_turns(session.ever()):
            if counts := batch.tally if batch.deleted else await self._usage.counts(batch, now):
                rows.update(by_name(counts))
                if counts.errored:
                    reasons += await self._reasons(batch, now)
        used = Grouped([], self._ledger.prices)
        async for dated in self._ledger.used_in_turns(session):
            used.add(dated)
        spent = used.spending()
        return Summary(
            1,
            len(session.batches) + len(session.deleted),
            RequestCounts(**rows),
            calls := session.journal.calls(),
            calls.get("retrieve", 0),
            (now - session.opened_at) / SECOND,
            (session.real() - session.opened_real_at) / SECOND,
            await self._problems.of(session),
            spent.total.net or "0",
            spent.total.standard or "0",
            spent.unpriced,
            together(reasons),
            session.journal.refusals(),
            told(session.journal.refusal),
        )

    async def _reasons(self, batch: Batch, now: int) -> Sequence[Reason]:
        """Return the error causes of a batch, once it has ended."""
        if batch.timeline.has_ended(now) and not batch.deleted:
            with self._registry.unless_gone():
                return await reasons_of(self._states, batch)
        return batch.reasons

    async def of_all(self, sessions: Iterable[SessionState], struck: Iterable[str], unhit: Iterable[str]) -> Summary:
        """Return the summary of these sessions, of deleted ones, and of calls without a session. Times are those of the
        longest session. `struck` are the rules that matched something in any of them, `unhit` the server's others.
        """
        journal = self._journal
        total = _together(
            self.past,
            replace(_NOTHING, calls=journal.calls(), refused=journal.refusals(), refusal=told(journal.refusal)),
        )
        for session in sessions:
            total = _together(total, await self.of(session))
        return replace(total, problems=of_the_server(total.problems, struck, unhit))

    def with_past(self, last: Summary) -> Summary:
        """Return the totals of deleted sessions with one more."""
        past = _together(self.past, last)
        return replace(past, problems=past.problems[:_REMEMBERED])


def _together(one: Summary, other: Summary) -> Summary:
    return Summary(
        one.sessions + other.sessions,
        one.batches + other.batches,
        RequestCounts(**by_name(one.rows) + by_name(other.rows)),
        dict(Counter(one.calls) + Counter(other.calls)),
        one.polls + other.polls,
        max(one.virtual_seconds, other.virtual_seconds),
        max(one.real_seconds, other.real_seconds),
        one.problems + other.problems,
        plain(Decimal(one.cost_usd) + Decimal(other.cost_usd)),
        plain(Decimal(one.standard_usd) + Decimal(other.standard_usd)),
        list(dict.fromkeys([*one.unpriced, *other.unpriced])),
        together([*one.reasons, *other.reasons]),
        dict(Counter(one.refused) + Counter(other.refused)),
        other.refusal or one.refusal,
    )


def by_name(counts: RequestCounts) -> Counter[str]:
    """Return the counts by their wire names."""
    return Counter({name: getattr(counts, name) for name in counts.__struct_fields__})
