"""Check and build a whole slice of a batch, in worker processes."""

from collections.abc import Sequence

from mockbatch.core.contract.request_slicer import items_of
from mockbatch.core.replies.draft import ReplyError
from mockbatch.core.rows.builder import RowBuilder
from mockbatch.core.rows.checker import RowChecker
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.row import Pending, Row

Found = tuple[list[Row], list[tuple[Row, ReplyError]]]
"""Rows, and the replies that failed."""


def check_slice(conditions: Conditions, raw: bytes, first: int, attempts: Sequence[int] | None) -> Found:
    """Return the rows of a slice that do not simply succeed. `first` is the index of its first request."""
    checker = RowChecker(conditions)
    found = [checker.check(item, first + at, attempts[at] if attempts else 1) for at, item in enumerate(items_of(raw))]
    assert not any(isinstance(row, Pending) for row in found)  # only rules have functions
    return [row for row in found if isinstance(row, Row)], checker.reply_errors


def build_slice(conditions: Conditions, raw: bytes, first: int, decided: list[Row]) -> Found:
    """Return all rows of a slice, given those that do not simply succeed."""
    builder = RowBuilder(conditions)
    known = {row.index - first: row for row in decided}
    rows = [known.get(at) or builder.build(item, first + at) for at, item in enumerate(items_of(raw))]
    return rows, builder.reply_errors
