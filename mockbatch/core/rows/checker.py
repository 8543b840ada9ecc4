"""Decide the outcome of each request of a batch: by rules, by the API's validation, by chance. Needs no replies."""

from typing import Any, Literal

import msgspec

from mockbatch.core.contract.errors import ApiError
from mockbatch.core.contract.extent import check_values
from mockbatch.core.contract.request_slicer import RequestItem
from mockbatch.core.rows.builder import UNEXPECTED, RowBuilder
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.params import ParamsReader
from mockbatch.core.rows.reading import model_name
from mockbatch.core.rows.row import Pending, Row, RowFailure
from mockbatch.core.rules.faults import ROW_FAULTS
from mockbatch.core.rules.items import ItemDecision, reply_of

_UNUSABLE = RowFailure(
    "invalid_request_error",
    "params: Input should be a valid dictionary",
    {"error_visibility": "user_facing"},
    False,
)
_UNREADABLE = (ApiError, msgspec.DecodeError, RecursionError)


class RowChecker:
    """Checks each request of one batch, once."""

    def __init__(self, conditions: Conditions) -> None:
        self._under = conditions
        self._reader = ParamsReader(conditions)
        self._builder = RowBuilder(conditions)
        self.reply_errors = self._builder.reply_errors

    def check(self, item: RequestItem, index: int, attempt: int = 1) -> Row | Pending | None:
        """Return the row of the request at this index, for its `attempt`th submission.

        Returns None for a row that succeeds with the default reply for its params, which a `RowBuilder` makes.
        """
        try:
            return self._check(item, index, attempt)
        except _UNREADABLE as error:
            failure = _refused(error)
        except Exception as error:
            # an error in one row must not affect the others
            self._builder.note(Row(item.custom_id, index), error)
            failure = UNEXPECTED
        return Row(item.custom_id, index, failure)

    def refusal(self, item: RequestItem) -> RowFailure | None:
        """Return how the API's validation rejects a request, or None if it is valid."""
        try:
            check_values(item.params)
            self._reader.read(item.params).check()
        except _UNREADABLE as error:
            return _refused(error)
        return None

    def _check(self, item: RequestItem, index: int, attempt: int) -> Row | Pending | None:
        check_values(item.params)
        asked, under = self._reader.read(item.params), self._under
        decision = self._decided(item, asked.params, attempt) if under.rules else None
        if decision is not None and decision.outcome != "succeeded":
            return _as_decided(item.custom_id, index, decision)
        spec = reply_of(decision) if decision else None
        if under.player and spec is None:
            played = under.player.row(asked.params, item.custom_id, index, bytes(item.params))
            if played is not None:
                return played
        model, tokens = asked.check()
        if under.fail_rate and (fault := under.drawn_fault(item, attempt)):
            failed = ROW_FAULTS[fault]
            return Row(item.custom_id, index, RowFailure(failed.type, failed.message, None, executed=True))
        if decision is None:
            return None
        return self._builder.answered(
            self._builder.begun(item.custom_id, index, asked, model, tokens, decision.rule), asked, model, spec
        )

    def _decided(self, item: RequestItem, params: dict[str, Any], attempt: int) -> ItemDecision | None:
        under = self._under
        assert under.rules is not None
        model = model_name(params, under.terms)
        return under.rules.decide(item.custom_id, params, model, attempt, under.cutoffs, under.luck(item))


def _refused(error: Exception) -> RowFailure:
    if isinstance(error, ApiError):
        return RowFailure(error.type, error.message, error.details, executed=False)
    # a number out of range or nesting too deep: valid JSON, but unusable values
    return _UNUSABLE


def _as_decided(custom_id: str, index: int, decision: ItemDecision) -> Row:
    if decision.outcome == "errored":
        error = decision.error
        assert error is not None
        failure = RowFailure(error.type, error.message, error.details, executed=True, request_id=error.request_id)
        return Row(custom_id, index, failure, rule=decision.rule)
    unanswered: Literal["canceled", "expired"] = "canceled" if decision.outcome == "canceled" else "expired"
    return Row(custom_id, index, unanswered=unanswered, rule=decision.rule)
