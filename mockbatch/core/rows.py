"""From a request to its line in the results.

An Examiner looks at each request of a batch once and keeps what its line is made of; `Lines` makes the lines, as often
as asked.
"""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.catalog import Model, Models
from mockbatch.core.contract.envelope import Item
from mockbatch.core.contract.errors import ApiError
from mockbatch.core.contract.params import Terms, check_length, checked, unchecked
from mockbatch.core.draws import subseed
from mockbatch.core.files import check_files
from mockbatch.core.replies.message import reply_key, reply_message
from mockbatch.core.replies.text import plain_text
from mockbatch.core.rules.faults import ROW_FAULTS, random_fault
from mockbatch.core.tokens import input_tokens

Unfinished = wire.Canceled | wire.Expired


class Failure(Struct, frozen=True, array_like=True):
    """How a row errs. `executed` tells an error of execution from one of the checks before it."""

    type: str
    message: str
    details: dict[str, Any] | None
    executed: bool


class Row(Struct, frozen=True, array_like=True):
    """What is kept of a request: either how it fails or what its reply is made of.

    `index` is its place in the batch, `limit` how many tokens the reply may have, `key` the bits that it is drawn from.
    """

    custom_id: str
    index: int
    failure: Failure | None = None
    model: str = ""
    key: int = 0
    limit: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


_UNUSABLE = Failure(
    "invalid_request_error",
    "params: Input should be a valid dictionary",
    {"error_visibility": "user_facing"},
    False,
)
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_pack, _unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Row]).decode


class Examiner:
    """Looks at the requests of one batch: each is checked as the API checks it, its luck drawn, its tokens counted.

    `files` are those that the requests may name.
    """

    def __init__(self, terms: Terms, *, seed: int = 0, fail_rate: float = 0, files: Collection[str] = ()) -> None:
        self._terms = terms
        self._seed = seed
        self._fail_rate = fail_rate
        self._files = files

    def row(self, item: Item, index: int) -> Row:
        """The row of the request at that place of the batch."""
        try:
            return self._row(item, index)
        except ApiError as error:
            failure = Failure(error.type, error.message, error.details, executed=False)
        except (msgspec.DecodeError, RecursionError):
            # a number beyond all ranges, or nesting beyond all depths: the bytes are JSON, the values are not usable
            failure = _UNUSABLE
        return Row(item.custom_id, index, failure)

    def _row(self, item: Item, index: int) -> Row:
        params, terms = _decode(item.params), self._terms
        model = checked(params, terms) if terms.validated else unchecked(params, terms)
        tokens = input_tokens(params, model)
        if terms.validated:
            check_files(params, self._files)
            check_length(tokens, model)
        if self._fail_rate and (fault := random_fault(self._seed, item.custom_id, self._fail_rate)):
            failed = ROW_FAULTS[fault]
            return Row(item.custom_id, index, Failure(failed.type, failed.message, None, executed=True))
        key = reply_key(self._seed, params)
        limit = params["max_tokens"] if terms.validated else limit_of(params, model)
        output_tokens = plain_text(key, limit, model)[1]
        return Row(item.custom_id, index, None, model.id, key, limit, tokens, output_tokens)


def limit_of(params: dict[str, Any], model: Model) -> int:
    """How many tokens a reply to params that were not checked may have."""
    limit = params.get("max_tokens")
    return limit if type(limit) is int and limit > 0 else model.max_output


def dump_rows(rows: list[Row]) -> bytes:
    """Rows as they are stored."""
    return _pack(rows)


def load_rows(data: bytes) -> list[Row]:
    """Rows as they were stored."""
    return _unpack(data)


class Lines:
    """The result lines of one batch. Ids depend on the batch and the custom_id, so every download is the same."""

    def __init__(self, seed: int, batch_id: str, models: Models) -> None:
        self._models = models
        self._message_seed = subseed(seed, "message", batch_id)
        self._worker_seed = subseed(seed, "worker", batch_id)
        self._encode = msgspec.json.Encoder().encode_lines

    def encode(self, rows: list[Row], done: Sequence[bool] | None, unfinished: Unfinished) -> bytes:
        """One compact line a row; `unfinished` for the rows that `done` says are not (None: all are)."""
        result, line = self._result, wire.ResultLine
        if done is None:
            return self._encode([line(row.custom_id, result(row)) for row in rows])
        return self._encode(
            [
                line(row.custom_id, result(row) if finished else unfinished)
                for row, finished in zip(rows, done, strict=True)
            ]
        )

    def _result(self, row: Row) -> wire.Result:
        if row.failure is not None:
            return self._errored(row, row.failure)
        return wire.Succeeded(
            reply_message(
                ids.message_id(self._message_seed, row.custom_id),
                self._models.named(row.model),
                row.key,
                max_tokens=row.limit,
                input_tokens=row.input_tokens,
                service_tier="batch",
            )
        )

    def _errored(self, row: Row, failure: Failure) -> wire.Errored:
        return wire.Errored(
            wire.RowError(
                error=wire.RowErrorDetail(failure.details, failure.type, failure.message),
                request_id=ids.worker_request_id(self._worker_seed, row.custom_id) if failure.executed else None,
            )
        )
