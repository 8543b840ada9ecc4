"""Rows of results: what became of each request, added up, and what is worth to be sent again.

Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from collections import Counter
from collections.abc import Collection

import msgspec
from msgspec import Struct

from mockbatch.client import ClientError
from mockbatch.client.cost import Bill
from mockbatch.client.seen import Seen
from mockbatch.core.money.ledger import Counts

_TRANSIENT = frozenset({"api_error", "overloaded_error", "timeout_error", "rate_limit_error"})
# an invalid_request_error all the same, when a file could not be fetched in time
_LATER = "Please try again later."


RETRYABLE = "transient"
"""What expired, and what erred by no fault of its own."""


class NotARow(ClientError):
    """A line that is no row of results, or only a part of one."""


class _CacheCreation(Struct):
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class _ServerTools(Struct):
    web_search_requests: int = 0
    web_fetch_requests: int = 0


class _Usage(Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int | None = 0
    cache_read_input_tokens: int | None = 0
    cache_creation: _CacheCreation | None = None
    server_tool_use: _ServerTools | None = None
    inference_geo: str | None = None


class _Message(Struct):
    model: str = ""
    usage: _Usage | None = None


class _Detail(Struct):
    type: str = ""
    message: str = ""


class _Error(Struct):
    error: _Detail | None = None


class _Result(Struct):
    type: str
    message: _Message | None = None
    error: _Error | None = None


class Row(Struct):
    """A line of the results, as far as it is added up."""

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
        """The model that answered, if one did."""
        return self.result.message.model if self.result.message else None

    @property
    def counts(self) -> Counts:
        """What the row is billed for; nothing when it did not succeed."""
        usage = self._usage
        written = usage.cache_creation or _CacheCreation(usage.cache_creation_input_tokens or 0)
        tools = usage.server_tool_use or _ServerTools()
        return Counts(
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
        """The region in which it ran."""
        return self._usage.inference_geo or "global"

    @property
    def _usage(self) -> _Usage:
        return (self.result.message and self.result.message.usage) or _Usage()

    @property
    def is_worth_a_retry(self) -> bool:
        """Whether the same request may succeed in another batch: it expired, or erred by no fault of its own."""
        if self.outcome == "expired":
            return True
        return self.error is not None and (self.error.type in _TRANSIENT or self.error.message.endswith(_LATER))

    def is_one_of(self, kinds: Collection[str]) -> bool:
        """Whether it did not succeed in one of these ways: an outcome, a type of error, or RETRYABLE."""
        if self.outcome == "succeeded":
            return False
        error = self.error.type if self.error else ""
        return self.outcome in kinds or error in kinds or (RETRYABLE in kinds and self.is_worth_a_retry)


_decode = msgspec.json.Decoder(Row).decode


def row_of(line: bytes) -> Row:
    """The row on a line. Raises NotARow."""
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotARow(f"a line of the results is not whole: {error}") from None


class Tally:
    """Rows added up, each custom_id once; `wanted` are those that failed in one of the ways `retry_on`, the
    others that failed are `unwanted`.
    """

    def __init__(self, bill: Bill, retry_on: Collection[str] = (RETRYABLE,)) -> None:
        self.bill = bill
        self.outcomes: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self.retries = 0
        self.wanted = 0
        self.unwanted: Counter[str] = Counter()
        self._retry_on = retry_on
        self._seen = Seen()

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, row: Row) -> bool:
        """Whether the row is new; then it is counted."""
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
        """Whether the rows are as many of each kind as the API says that there are."""
        kinds = counts.keys() | self.outcomes.keys()
        return all(self.outcomes[kind] == counts.get(kind, 0) for kind in kinds)
