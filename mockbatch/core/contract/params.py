"""The checks that the API makes on each request of a batch, after it was accepted.

A request that fails here becomes an `errored` row. Source: https://platform.claude.com/docs/en/api/messages/create
"""

from typing import Any, NoReturn

from mockbatch.core.contract.catalog import Model, find_model
from mockbatch.core.contract.errors import ApiError, InvalidRequest, NotFound

_VISIBLE = {"error_visibility": "user_facing"}


def checked(params: dict[str, Any]) -> Model:
    """The model that `params` ask for. Raises the ApiError that the row ends with."""
    if params.get("stream") is True:
        _refuse(InvalidRequest, "`stream=True` is not supported in the Message Batches API")
    for name in ("model", "messages", "max_tokens"):
        if name not in params:
            _refuse(InvalidRequest, f"{name}: Field required")
    model = _model(params["model"])
    _check_max_tokens(params["max_tokens"], model)
    _check_messages(params["messages"])
    return model


def _refuse(kind: type[ApiError], message: str) -> NoReturn:
    raise kind(message, details=_VISIBLE)


def _model(name: Any) -> Model:
    if not isinstance(name, str):
        _refuse(InvalidRequest, "model: Input should be a valid string")
    model = find_model(name)
    if model is None:
        _refuse(NotFound, f"model: {name}")
    return model


def _check_max_tokens(value: Any, model: Model) -> None:
    if type(value) is not int:
        _refuse(InvalidRequest, "max_tokens: Input should be a valid integer")
    if value < 1:
        _refuse(InvalidRequest, "max_tokens: must be greater than or equal to 1")
    if value > model.max_output:
        limit = f"{value} > {model.max_output}, which is the maximum allowed number of output tokens"
        _refuse(InvalidRequest, f"max_tokens: {limit} for {model.id}")


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list):
        _refuse(InvalidRequest, "messages: Input should be a valid list")
    if not messages:
        _refuse(InvalidRequest, "messages: at least one message is required")
