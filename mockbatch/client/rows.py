"""Result rows: the outcome of each request, tallies, and which are worth a retry.

Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from collections import Counter
from collections.abc import Collection

import msgspec
from msgspec import Struct

from mockbatch.client import ClientError
from mockbatch.client.cost import CostSum
from mockbatch.client.duplicate_ids import DuplicateIds
from mockbatch.core.money.ledger import TokenCounts

_TRANSIENT = frozenset({"api_error", "overloaded_error", "timeout_error", "rate_limit_error"})
# also an invalid_request_error if a file could not be fetched in time
_LATER = "Please try again later."


RETRYABLE = "transient"
"""Expired, or errored for reasons outside the request."""


class NotARow(ClientError):
    """A line that is not a result row, or only part of one."""


class _CacheCreation(Struct):
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class _ServerTools(Struct):
    web_search_requests: int = 0
    web_fetch_requests: int = 0


class _ResultUsage(Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int | None = 0
    cache_read_input_tokens: int | None = 0
    cache_creation: _CacheCreation | None = None
    server_tool_use: _ServerTools | None = None
    inference_geo: str | None = None


class _ResultMessage(Struct):
    model: str = ""
    usage: _ResultUsage | None = None


class _Detail(Struct):
    type: str = ""
    message: str = ""


class _Error(Struct):
    error: _Detail | None = None


class _Result(Struct):
    type: str
    message: _ResultMessage | None = None
    error: _Error | None = None


class ResultRow(Struct):
    """A line of the results, with the fields that are tallied."""

    custom_id: str
    result: _Result

    @property
    def outcome(self) -> str:
        return self.result.type

    @property
    def error(self) -> _Detail | None:
        return self.result.error.error if self.result.error else None

    @property
    def model(self) -> str | None:
        """The model of the reply, if there is one."""
        return self.result.message.model if self.result.message else None

    @property
    def counts(self) -> TokenCounts:
        """The billed counts; zero if the row did not succeed."""
        usage = self._usage
        written = usage.cache_creation or _CacheCreation(usage.cache_creation_input_tokens or 0)
        tools = usage.server_tool_use or _ServerTools()
        return TokenCounts(
            usage.input_tokens,
            written.ephemeral_5m_input_tokens,
            written.ephemeral_1h_input_tokens,
            usage.cache_read_input_tokens or 0,
            usage.output_tokens,
            tools.web_search_requests,
            tools.web_fetch_requests,
        )

    @property
    def geo(self) -> str:
        """The region the request ran in."""
        return self._usage.inference_geo or "global"

    @property
    def _usage(self) -> _ResultUsage:
        return (self.result.message and self.result.message.usage) or _ResultUsage()

    @property
    def is_worth_a_retry(self) -> bool:
        """Whether the same request may succeed in another batch: it expired, or errored for reasons outside it."""
        if self.outcome == "expired":
            return True
        return self.error is not None and (self.error.type in _TRANSIENT or self.error.message.endswith(_LATER))

    def is_one_of(self, kinds: Collection[str]) -> bool:
        """Return whether it failed in one of these ways: an outcome, an error type, or RETRYABLE."""
        if self.outcome == "succeeded":
            return False
        error = self.error.type if self.error else ""
        return self.outcome in kinds or error in kinds or (RETRYABLE in kinds and self.is_worth_a_retry)


_decode = msgspec.json.Decoder(ResultRow).decode


def row_of(line: bytes) -> ResultRow:
    """Parse a result line. Raises NotARow."""
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotARow(f"a line of the results is not whole: {error}") from None


class RowTally:
    """Tallies of rows, each custom_id once. `wanted` counts failures of the kinds in `retry_on`, `unwanted` the other
    failures."""

    def __init__(self, bill: CostSum, retry_on: Collection[str] = (RETRYABLE,)) -> None:
        self.bill = bill
        self.outcomes: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self.retries = 0
        self.wanted = 0
        self.unwanted: Counter[str] = Counter()
        self._retry_on = retry_on
        self._seen = DuplicateIds()

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, row: ResultRow) -> bool:
        """Count a row if it is new, and return whether it is."""
        if self._seen.line_of(row.custom_id, 1):
            return False
        self.outcomes[row.outcome] += 1
        self.retries += row.is_worth_a_retry
        if row.is_one_of(self._retry_on):
            self.wanted += 1
        elif row.outcome != "succeeded":
            self.unwanted[row.error.type if row.error else row.outcome] += 1
        if row.error:
            self.errors[row.error.type] += 1
            self.examples.setdefault(row.error.type, row.error.message)
        if row.model is not None:
            self.bill.add(row.model, row.counts, row.geo)
        return True

    def agrees_with(self, counts: dict[str, int]) -> bool:
        """Return whether the count of every outcome matches `counts`."""
        kinds = counts.keys() | self.outcomes.keys()
        return all(self.outcomes[kind] == counts.get(kind, 0) for kind in kinds)
