"""Rows of requests, as a batch would have them."""

from mockbatch.core.contract.request_slicer import RequestItem
from mockbatch.core.rows.builder import RowBuilder
from mockbatch.core.rows.checker import RowChecker
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.row import Row


def whole_rows(items: list[RequestItem], under: Conditions) -> list[Row]:
    """Check and build the rows of requests."""
    checker, builder = RowChecker(under), RowBuilder(under)
    rows = [checker.check(item, place) or builder.build(item, place) for place, item in enumerate(items)]
    return [row for row in rows if isinstance(row, Row)]
