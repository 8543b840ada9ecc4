"""Checks at create that the API only makes later, for immediate feedback."""

import asyncio
from collections.abc import Collection

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.params import Terms
from mockbatch.core.contract.request_slicer import RequestItem
from mockbatch.core.rows.checker import RowChecker
from mockbatch.core.rows.conditions import Conditions

_BLOCK = 200


class EagerValidator:
    """Checks requests while they are received, and keeps the first error as `problem`."""

    def __init__(self, terms: Terms, files: Collection[str]) -> None:
        self._checker = RowChecker(Conditions(terms, files=files))
        self._count = 0
        self.problem: InvalidRequest | None = None

    async def validate(self, items: list[RequestItem]) -> None:
        """Check the next requests."""
        for at in range(0, len(items) if self.problem is None else 0, _BLOCK):
            for index, item in enumerate(items[at : at + _BLOCK], self._count + at):
                failure = self._checker.refusal(item) if self.problem is None else None
                if failure:
                    details = {"custom_id": item.custom_id, "index": index}
                    self.problem = InvalidRequest(failure.message, details=details)
            await asyncio.sleep(0)
        self._count += len(items)
