"""Encode rows as lines of results."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, cast

import msgspec
from msgspec import Raw

from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.model import Model
from mockbatch.core.replies.draft import Reply
from mockbatch.core.replies.message import message_of, reply_message
from mockbatch.core.replies.stored_reply import StoredReply, load_reply
from mockbatch.core.rows.builder import UNEXPECTED, reply_to, request_of
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.row import Row, RowFailure
from mockbatch.core.rows.usage import usage_of_row
from mockbatch.core.seeded_hash import derive_seed

Unfinished = wire.Canceled | wire.Expired

Params = Callable[[int], dict[str, Any]]
"""Returns the params of the request at an index of the batch."""


class Lines:
    """The result lines of one batch. Ids depend on the batch and the custom_id, so every download is identical.

    `params` returns those of a request, from which some replies are rebuilt; `reply_errors` lists replies that failed.
    """

    def __init__(self, conditions: Conditions, params: Params) -> None:
        self._under = conditions
        self._models: Models = conditions.terms.models
        self._params = params
        self.reply_errors: list[tuple[Row, Exception]] = []
        self._message_seed = derive_seed(conditions.seed, "message", conditions.batch)
        self._worker_seed = derive_seed(conditions.seed, "worker", conditions.batch)
        self._encode = msgspec.json.Encoder().encode_lines

    def encode(self, rows: list[Row], done: Sequence[bool] | None, unfinished: Unfinished) -> bytes:
        """Return one compact line per row; `unfinished` for rows that are not `done` (None: all are)."""
        result, line = self._result, wire.ResultLine
        if done is None:
            return self._encode([line(row.custom_id, result(row)) for row in rows])
        return self._encode(
            [
                line(row.custom_id, result(row) if finished else unfinished)
                for row, finished in zip(rows, done, strict=True)
            ]
        )

    def message_id(self, row: Row) -> str:
        """Return the message id of a row."""
        return ids.message_id(self._message_seed, row.custom_id)

    def _result(self, row: Row) -> wire.Result:
        try:
            return self._whole_result(row)
        except Exception as error:
            # this reply was made once and cannot be rebuilt; the other rows are still sent
            self.reply_errors.append((row, error))
            return self._errored(row, UNEXPECTED)

    def _whole_result(self, row: Row) -> wire.Result:
        if row.more.result is not None:
            # already JSON of the same shape
            return cast(wire.Result, Raw(row.more.result))
        if row.failure is not None:
            return self._errored(row, row.failure)
        if row.unanswered:
            return wire.Canceled() if row.unanswered == "canceled" else wire.Expired()
        return wire.Succeeded(self.message(row, self.message_id(row), "batch"))

    def message(self, row: Row, message_id: str, service_tier: Literal["standard", "batch"]) -> wire.Message:
        """Return the message of a row that succeeds."""
        model, usage = self._models.named(row.model), usage_of_row(row, service_tier)
        if not row.more.written:
            return reply_message(message_id, model, row.key, row.limit, usage)
        return message_of(self._reply(row, model), message_id, model, usage)

    def _reply(self, row: Row, model: Model) -> Reply | StoredReply:
        more, under = row.more, self._under
        if more.kept is not None:
            return load_reply(more.kept)
        params = self._params(row.index)
        request = request_of(row, params, model, under.session, under.batch, under.seed, under.created_at)
        return reply_to(request, more.spec)

    def _errored(self, row: Row, failure: RowFailure) -> wire.Errored:
        request_id = failure.request_id
        if request_id is None and failure.executed:
            request_id = ids.worker_request_id(self._worker_seed, row.custom_id)
        return wire.Errored(
            wire.RowError(
                error=wire.RowErrorDetail(failure.details, failure.type, failure.message), request_id=request_id
            )
        )
