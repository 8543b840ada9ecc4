"""What a run came to."""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

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


class Summaries:
    """Sums up sessions. Looking changes nothing."""

    def __init__(self, truth: Truth, problems: Problems) -> None:
        self._truth = truth
        self._problems = problems

    async def of(self, sessions: Iterable[Session]) -> Summary:
        """The summary of some sessions together; the longest of them tells the time."""
        rows: Counter[str] = Counter()
        calls: Counter[str] = Counter()
        batches, problems, virtual, real, number = 0, [], 0, 0, 0
        for session in sessions:
            number += 1
            now = session.now()
            for batch in session.batches.values():
                batches += 1
                if not batch.deleted:
                    rows += by_name(await self._truth.counts(batch, now))
            for (op, _), count in session.journal.total.items():
                calls[op] += count
            virtual = max(virtual, now - session.opened_at)
            real = max(real, session.real() - session.opened_real_at)
            problems += await self._problems.of(session)
        counts = RequestCounts(**rows)
        return Summary(
            number, batches, counts, dict(calls), calls["retrieve"], virtual / SECOND, real / SECOND, problems
        )


def by_name(counts: RequestCounts) -> Counter[str]:
    """The counts, by the names that they have on the wire."""
    return Counter({name: getattr(counts, name) for name in counts.__struct_fields__})
