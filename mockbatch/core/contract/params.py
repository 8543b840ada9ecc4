"""The checks that the API makes on each request of a batch, after it was accepted.

A request that fails here becomes an `errored` row. Source: https://platform.claude.com/docs/en/api/messages/create,
.../api/errors and .../api/migration-2026-10-21
"""

import sys
from typing import Any, Literal, NoReturn

from msgspec import Struct

from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.errors import InvalidRequest, NotFound, refuse
from mockbatch.core.contract.model import Model
from mockbatch.core.contract.ordinary import is_ordinary
from mockbatch.core.contract.refusals import Asked, check_batch, check_request
from mockbatch.core.contract.refusals.asked import Surface

NEWEST_VERSION = "2026-10-21"

_REQUIRED = ("model", "messages", "max_tokens")
_SAMPLING = ("temperature", "top_p", "top_k")
_KNOWN = frozenset(
    {
        *_REQUIRED,
        *("system", "cache_control", "thinking", "output_config", "tools", "tool_choice", "stop_sequences"),
        *("metadata", "service_tier", "inference_geo", "container", "diagnostics", "speed", "stream"),
        # behind beta headers
        *("context_management", "mcp_servers", "fallbacks", "fallback_credit_token", "thread", "compaction"),
        *("billing_policy", "user_profile_id"),
    }
)
_COUNTED = frozenset(
    {
        *("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control", "speed"),
        *("context_management", "mcp_servers"),
    }
)
Validation = Literal["api", "early", "off"]


class Terms(Struct, frozen=True, omit_defaults=True):
    """What a call was made under: the API version and the betas it asked for, which models there were, and the
    virtual day, as `YYYY-MM-DD`. A batch keeps those of its create.
    """

    version: str = NEWEST_VERSION
    betas: tuple[str, ...] = ()
    models: Models = Models()
    day: str = ""
    validation: Validation = "api"
    profile: str = ""
    """The user profile that the header of the call names."""

    @property
    def validated(self) -> bool:
        return self.validation != "off"


def checked(params: dict[str, Any], terms: Terms, surface: Surface = "batch") -> Model:
    """The model that `params` ask for. Raises the ApiError that the API answers, or that the row ends with."""
    if surface == "batch":
        check_batch(params, terms.profile)
    elif params.get("thread") is not None:
        _refuse_thread()
    _check_keys(params, terms, surface)
    if params["messages"] == []:
        refuse("messages: at least one message is required")
    _check_shape(params)
    model = _model(params["model"], terms)
    if surface != "count_tokens":
        _check_max_tokens(params["max_tokens"], surface)
    check_request(Asked(params, model, terms.version, terms.betas, surface))
    return model


def check_length(tokens: int, model: Model) -> None:
    """Raises InvalidRequest for a prompt of more tokens than the model has room for."""
    if tokens > model.context:
        refuse(f"prompt is too long: {tokens} tokens > {model.context} maximum")


def _refuse_thread() -> NoReturn:
    """Nothing is kept between messages; the SDK goes on with whole conversations then."""
    message = "`thread` is not supported for this request. Send the full conversation without `thread`."
    raise InvalidRequest(message, details={"error_code": "thread_unsupported_request", "unsupported": []})


def is_warm() -> bool:
    """Whether no check can take the time of an import any more."""
    return "mockbatch.core.contract.shapes" in sys.modules


def _check_shape(params: dict[str, Any]) -> None:
    if is_ordinary(params):
        return
    # not before: it costs the import of pydantic
    from mockbatch.core.contract.shapes import shape_problem

    if problem := shape_problem(params):
        refuse(problem)


def unchecked(params: dict[str, Any], terms: Terms) -> Model:
    """The model that `params` ask for, whatever else is in them."""
    name = params.get("model")
    return _model(name if isinstance(name, str) else "", terms)


def _check_keys(params: dict[str, Any], terms: Terms, surface: Surface) -> None:
    counting = surface == "count_tokens"
    for name in _REQUIRED:
        if name not in params and not (counting and name == "max_tokens"):
            refuse(f"{name}: Field required")
    known = _COUNTED if counting else _KNOWN
    for name in params:
        # the version of 2026-10-21 has no sampling parameters any more
        if name not in known and not (name in _SAMPLING and terms.version < NEWEST_VERSION and not counting):
            refuse(f"{name}: Extra inputs are not permitted")


def _model(name: Any, terms: Terms) -> Model:
    if not isinstance(name, str):
        refuse("model: Input should be a valid string")
    return terms.models.find(name, terms.day) or refuse(f"model: {name}", NotFound)


def _check_max_tokens(value: Any, surface: Surface) -> None:
    if type(value) is not int:
        refuse("max_tokens: Input should be a valid integer")
    least = 1 if surface == "batch" else 0
    if value < least:
        refuse(f"max_tokens: must be greater than or equal to {least}")
