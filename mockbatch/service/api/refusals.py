"""Errors of rows and refused calls, with their causes."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from mockbatch.core.batch import Batch, Reason
from mockbatch.core.cassette.display import shown_text
from mockbatch.service.rows.states import RowStates
from mockbatch.service.sessions.journal import JournalEntry

_LONGEST = 200
# the largest numbers of different errors counted separately, and reported
_DISTINCT, _NAMED = 1_000, 20
_OTHERS = "others"

_Errors = Counter[tuple[str, str, bool]]


async def reasons_of(states: RowStates, batch: Batch) -> list[Reason]:
    """Return the error causes of the rows of a batch, most frequent first."""
    errors: _Errors = Counter()
    async for block in states.decided(batch):
        for planned in block:
            failure = planned.row.failure
            if failure is not None and planned.outcome(batch) == "errored":
                refused = not failure.executed and not planned.row.rule
                errors[failure.type, shown_text(failure.message[:_LONGEST]), refused] += 1
        _limit(errors, _DISTINCT)
    return _as_reasons(errors)


def together(reasons: Iterable[Reason]) -> list[Reason]:
    """Merge the causes of several batches."""
    errors: _Errors = Counter()
    for reason in reasons:
        errors[reason.type, reason.message, reason.refused] += reason.count
    return _as_reasons(errors)


def _as_reasons(errors: _Errors) -> list[Reason]:
    _limit(errors, _NAMED)
    return [Reason(count, *key) for key, count in errors.most_common()]


def _limit(errors: _Errors, distinct: int) -> None:
    """Keep at most `distinct` messages separate, and count the rest as one."""
    for (type, message, refused), count in errors.most_common()[distinct:]:
        del errors[type, message, refused]
        errors[type, _OTHERS, refused] += count


def told(refusal: JournalEntry | None) -> str:
    """Describe a refused call in a sentence; empty if there is none."""
    if refusal is None:
        return ""
    try:
        message = msgspec.json.decode(refusal.response_body)["error"]["message"]
    except (msgspec.DecodeError, LookupError, TypeError):
        message = ""
    return shown_text(f"{refusal.method} {refusal.path[:_LONGEST]} {refusal.status} {message[:_LONGEST]}".rstrip())
