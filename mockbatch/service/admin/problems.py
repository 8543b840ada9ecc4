"""What a program failed to do, or should not have done, derived from the state of a session."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace
from xxhash import xxh3_64_intdigest

from mockbatch.core.batch import Batch
from mockbatch.core.rows.row import Row
from mockbatch.core.time.spans import SECOND
from mockbatch.core.time.timeline import NEVER
from mockbatch.core.vocabulary import ProblemKind
from mockbatch.service.api.batch_usage import BatchUsage
from mockbatch.service.api.registry import BatchRegistry
from mockbatch.service.cooperative import in_turns
from mockbatch.service.rows.pipeline import RowPipeline
from mockbatch.service.sessions.journal import Criteria
from mockbatch.service.sessions.replay import ReplaySessions
from mockbatch.service.sessions.session import SessionState

_NEAREST = "got a value that does not fully satisfy its schema"
_STORM = 30
_NAMED = 5
# resending these unchanged cannot succeed
_PERMANENT = frozenset({"invalid_request_error", "not_found_error", "request_too_large", "permission_error"})


class FoundProblem(Struct, frozen=True):
    """A problem: a sentence, the batches it concerns, and some custom_ids if it concerns rows."""

    kind: ProblemKind
    text: str
    batches: list[str] = []
    custom_ids: list[str] = []


class ProblemFinder:
    """Finds problems. Reading changes nothing."""

    def __init__(self, registry: BatchRegistry, rows: RowPipeline, usage: BatchUsage, playback: ReplaySessions) -> None:
        self._registry = registry
        self._rows = rows
        self._usage = usage
        self._playback = playback

    async def of(self, session: SessionState) -> list[FoundProblem]:
        """Return all problems of a session."""
        return [
            *[problem async for problem in self._duplicates(session)],
            *[problem async for problem in self._unread(session)],
            *_storms(session),
            *_never_hit(session),
            *self._unmatched(session),
            *[problem async for problem in self._of_rows(session)],
            *_unmet_messages(session),
        ]

    def _unmatched(self, session: SessionState) -> Iterator[FoundProblem]:
        """Yield the requests that were not recorded."""
        player = self._playback.player(session.name, session.config)
        if player and player.missed:
            first = player.misses[0]
            text = f"{_counted(player.missed, 'request')} not in the fixture; the first: {first.text}"
            yield FoundProblem("unmatched_replay", text, custom_ids=[miss.custom_id for miss in player.misses[:_NAMED]])

    async def _duplicates(self, session: SessionState) -> AsyncIterator[FoundProblem]:
        """Yield equal batches that are all billed: neither canceled, nor without any success."""
        # only ids are kept: a session may have had many batches
        same: defaultdict[int, list[str]] = defaultdict(list)
        async for batch in in_turns(session.ever()):
            if batch.timeline.canceled_at == NEVER:
                same[batch.identity].append(batch.id)
        async for ids in in_turns(same.values()):
            if len(ids) > 1:
                batches = filter(None, map(session.known, ids))
                billed = [batch for batch in batches if await self._is_billed(batch, session.now())]
                if len(billed) > 1:
                    text = (
                        f"the same {_counted(billed[0].size, 'request')} in {len(billed)} batches, all of them billed"
                    )
                    yield FoundProblem("duplicate", text, [batch.id for batch in billed])

    async def _is_billed(self, batch: Batch, now: int) -> bool:
        counts = await self._usage.counts(batch, now)
        return counts is not None and (counts.succeeded > 0 or counts.processing > 0)

    async def _unread(self, session: SessionState) -> AsyncIterator[FoundProblem]:
        """Yield batches whose results were not fully read; one canceled before any success has nothing to read."""
        now = session.now()
        async for batch in in_turns(session.ever()):
            problem = _unread_batch(batch, now)
            if problem and problem.kind == "orphan" and batch.timeline.ending == "canceled":
                counts = await self._usage.counts(batch, now)
                problem = problem if counts and counts.succeeded else None
            if problem:
                yield problem

    async def _of_rows(self, session: SessionState) -> AsyncIterator[FoundProblem]:
        """Yield rows resent unchanged after a permanent error, and rows whose reply does not satisfy its schema."""
        hopeless: set[int] = set()
        async for batch in in_turns(session.live()):
            again, failed = [], set()
            unmet: list[Row] = []
            with self._registry.unless_gone():
                async for item, row in self._rows.of(batch).with_rows(every=bool(hopeless)):
                    content = xxh3_64_intdigest(item.params)
                    if content in hopeless:
                        again.append(item.custom_id)
                    if row and row.failure is not None and row.failure.type in _PERMANENT:
                        failed.add(content)
                    if row and row.more.unmet:
                        unmet.append(row)
            hopeless |= failed
            if again:
                text = f"{_counted(len(again), 'request')} of {batch.id} resent unchanged after a permanent error"
                yield FoundProblem("identical_retry", text, [batch.id], again[:_NAMED])
            if unmet:
                text = f"{_counted(len(unmet), 'request')} of {batch.id} {_NEAREST}; the first: {unmet[0].more.unmet}"
                yield FoundProblem("unmet_schema", text, [batch.id], [row.custom_id for row in unmet[:_NAMED]])


def _unread_batch(batch: Batch, now: int) -> FoundProblem | None:
    if batch.deleted and not batch.downloads:
        return FoundProblem(
            "deleted_before_download", f"{batch.id} was deleted and its results were never read", [batch.id]
        )
    if not batch.timeline.has_ended(now):
        if batch.timeline.canceled_at != NEVER:
            return None
        return FoundProblem("unfinished", f"{batch.id} is still running", [batch.id])
    if not batch.downloads:
        return FoundProblem("orphan", f"{batch.id} has ended and its results were never read", [batch.id])
    if batch.delivered < batch.size:
        missing = batch.size - batch.delivered
        return FoundProblem(
            "undelivered", f"{missing} of {batch.size} rows of {batch.id} were never delivered", [batch.id]
        )
    return None


def _never_hit(session: SessionState) -> Iterator[FoundProblem]:
    """Yield explicit rules that matched nothing; rules implied by options are exempt."""
    implied = session.config.implied_rules()
    for record in session.rules.records:
        if record.rule.enabled and not record.hits and replace(record.rule, id="") not in implied:
            yield _unhit(record.rule.name)


def _unhit(name: str) -> FoundProblem:
    return FoundProblem("rule_never_hit", f"the rule {name!r} never matched anything")


def of_the_server(problems: Iterable[FoundProblem], struck: Iterable[str], unhit: Iterable[str]) -> list[FoundProblem]:
    """Return the problems of all sessions together: a rule that matched something in one of them is no problem, and one
    that matched nothing anywhere is one.
    """
    known = {_unhit(name).text for name in struck}
    rules = {problem.text: problem for problem in map(_unhit, unhit)}
    others = []
    for problem in problems:
        if problem.kind != "rule_never_hit":
            others.append(problem)
        elif problem.text not in known:
            rules.setdefault(problem.text, problem)
    return [*others, *rules.values()]


def _storms(session: SessionState) -> Iterator[FoundProblem]:
    """Yield batches that were polled many times in quick succession."""
    last: dict[str, int] = {}
    streak: defaultdict[str, int] = defaultdict(int)
    longest: defaultdict[str, int] = defaultdict(int)
    for record in session.journal.records(Criteria(op="retrieve")):
        batch = record.batch or ""
        quick = batch in last and record.at - last[batch] < SECOND
        streak[batch] = streak[batch] + 1 if quick else 1
        longest[batch] = max(longest[batch], streak[batch])
        last[batch] = record.at
    for batch, count in longest.items():
        if count >= _STORM:
            text = f"{batch} was polled {count} times in a row, less than a second apart"
            yield FoundProblem("poll_storm", text, [batch])


def _unmet_messages(session: SessionState) -> Iterator[FoundProblem]:
    """Yield replies outside of batches that do not fully satisfy the schema."""
    unmet = [record.unmet for record in session.journal.records() if record.unmet]
    if unmet:
        text = f"{_counted(len(unmet), 'message')} {_NEAREST}; the first: {unmet[0]}"
        yield FoundProblem("unmet_schema", text)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
