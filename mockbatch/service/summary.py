"""What a run came to."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.contract.wire import RequestCounts
from mockbatch.core.time.spans import SECOND
from mockbatch.service.problems import Problem, Problems
from mockbatch.service.sessions import Session
from mockbatch.service.truth import Truth


class Summary(Struct, frozen=True):
    """Batches, rows by outcome, calls by kind, seconds of virtual and real time, problems."""

    sessions: int
    batches: int
    rows: RequestCounts
    calls: dict[str, int]
    polls: int
    virtual_seconds: float
    real_seconds: float
    problems: list[Problem]


_NOTHING = Summary(0, 0, RequestCounts(), {}, 0, 0.0, 0.0, [])
# of problems in sessions that are gone, so many are remembered
_REMEMBERED = 1_000


class Summaries:
    """Sums up sessions, and remembers what those came to that are gone. Looking changes nothing."""

    def __init__(self, truth: Truth, problems: Problems) -> None:
        self._truth = truth
        self._problems = problems
        self._gone = _NOTHING

    async def of(self, session: Session) -> Summary:
        """The summary of a session."""
        now = session.now()
        rows: Counter[str] = Counter()
        calls: Counter[str] = Counter()
        for batch in session.batches.values():
            if not batch.deleted:
                rows += by_name(await self._truth.counts(batch, now))
        for (op, _), count in session.journal.total.items():
            calls[op] += count
        return Summary(
            1,
            len(session.batches),
            RequestCounts(**rows),
            dict(calls),
            calls["retrieve"],
            (now - session.opened_at) / SECOND,
            (session.real() - session.opened_real_at) / SECOND,
            await self._problems.of(session),
        )

    async def of_all(self, sessions: Iterable[Session]) -> Summary:
        """The summary of these sessions and of all that are gone; the longest of them tells the time."""
        total = self._gone
        for session in sessions:
            total = _together(total, await self.of(session))
        return total

    async def remember(self, session: Session) -> Summary:
        """The summary of a session that is about to be deleted."""
        last = await self.of(session)
        gone = _together(self._gone, last)
        self._gone = replace(gone, problems=gone.problems[:_REMEMBERED])
        return last


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
    )


def by_name(counts: RequestCounts) -> Counter[str]:
    """The counts, by the names that they have on the wire."""
    return Counter({name: getattr(counts, name) for name in counts.__struct_fields__})
