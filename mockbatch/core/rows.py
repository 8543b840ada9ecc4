"""From a request to its line in the results.

`examined` looks at a request once and keeps what its line is made of; `Lines` makes the lines, as often as asked.
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
from mockbatch.core.rules.faults import ROW_FAULTS, random_fault
from mockbatch.core.tokens import input_tokens


class Failure(Struct, frozen=True, array_like=True):
    """How a row errs. `executed` tells an error of execution from one of the checks before it."""

    type: str
    message: str
    details: dict[str, Any] | None
    executed: bool


class Row(Struct, frozen=True, array_like=True):
    """What is kept of a request: either how it fails or what its reply is made of."""

    custom_id: str
    failure: Failure | None = None
    model: str = ""
    max_tokens: int = 0
    input_tokens: int = 0
    key: int = 0


Unfinished = wire.Canceled | wire.Expired

_UNUSABLE = Failure(
    "invalid_request_error",
    "params: Input should be a valid dictionary",
    {"error_visibility": "user_facing"},
    False,
)
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_pack, _unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Row]).decode


def examined(item: Item, terms: Terms, *, seed: int, fail_rate: float, files: Collection[str] = frozenset()) -> Row:
    """The row of a request: checked as the API checks it, its luck drawn, its tokens counted.

    `files` are those that it may name.
    """
    try:
        return _examined(item, terms, seed, fail_rate, files)
    except ApiError as error:
        return Row(item.custom_id, Failure(error.type, error.message, error.details, executed=False))
    except (msgspec.DecodeError, RecursionError):
        # a number beyond all ranges, or nesting beyond all depths: the bytes are JSON, the values are not usable
        return Row(item.custom_id, _UNUSABLE)


def _examined(item: Item, terms: Terms, seed: int, fail_rate: float, files: Collection[str]) -> Row:
    params = _decode(item.params)
    model = checked(params, terms) if terms.validated else unchecked(params, terms)
    tokens = input_tokens(params, model)
    if terms.validated:
        check_files(params, files)
        check_length(tokens, model)
    fault = random_fault(seed, item.custom_id, fail_rate) if fail_rate else None
    if fault:
        failed = ROW_FAULTS[fault]
        return Row(item.custom_id, Failure(failed.type, failed.message, None, executed=True))
    return Row(
        item.custom_id,
        None,
        model.id,
        params["max_tokens"] if terms.validated else _limit(params, model),
        tokens,
        reply_key(seed, params),
    )


def _limit(params: dict[str, Any], model: Model) -> int:
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
                max_tokens=row.max_tokens,
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
