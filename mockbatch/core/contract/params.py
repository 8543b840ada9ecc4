"""The checks that the API makes on each request of a batch, after it was accepted.

A request that fails here becomes an `errored` row. Source: https://platform.claude.com/docs/en/api/messages/create,
.../api/errors and .../api/migration-2026-10-21
"""

import sys
from typing import Any, Literal, NoReturn

from msgspec import Struct

from mockbatch.core.contract.abilities import check_abilities
from mockbatch.core.contract.breakpoints import check_breakpoints
from mockbatch.core.contract.catalog import Model, Models
from mockbatch.core.contract.conversation import check_conversation
from mockbatch.core.contract.errors import InvalidRequest, NotFound, refuse
from mockbatch.core.contract.shape_check import check_shape

NEWEST_VERSION = "2026-10-21"

_SAMPLING = ("temperature", "top_p", "top_k")
_NOT_IN_BATCHES = ("thread", "store", "previous_thread_event_id", "cache_hint", "context_hint")
_LONG_OUTPUT_BETA, _LONG_OUTPUT = "output-300k-2026-03-24", 300_000


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

    @property
    def validated(self) -> bool:
        return self.validation != "off"


Surface = Literal["batch", "messages", "count_tokens"]


def checked(params: dict[str, Any], terms: Terms, surface: Surface = "batch") -> Model:
    """The model that `params` ask for. Raises the ApiError that the API answers, or that the row ends with."""
    if surface == "batch":
        _check_batch(params)
    elif params.get("thread") is not None:
        _refuse_thread()
    check_shape(params, terms.version, terms.betas, surface)
    model = _model(params["model"], terms)
    limit = params.get("max_tokens", 1)
    _check_max_tokens(limit, model, terms, surface)
    check_conversation(params, model, terms.version)
    _check_sampling(params, model)
    _check_thinking(params.get("thinking"), limit, model)
    check_abilities(params, model)
    check_breakpoints(params)
    if limit == 0:
        _check_warming(params)
    return model


def check_length(tokens: int, model: Model) -> None:
    """Raises InvalidRequest for a prompt of more tokens than the model has room for."""
    if tokens > model.context:
        refuse(f"prompt is too long: {tokens} tokens > {model.context} maximum")


def _check_batch(params: dict[str, Any]) -> None:
    """What the API takes elsewhere, but not in batches."""
    if params.get("stream") is True:
        refuse("`stream=True` is not supported in the Message Batches API")
    for name in _NOT_IN_BATCHES:
        if params.get(name) is not None:
            refuse(f"`{name}` is not supported in the Message Batches API")
    if params.get("speed") == "fast":
        refuse("`speed` is not supported in the Message Batches API")
    if params.get("research_preview_2026_02") == "active":
        refuse("`research_preview_2026_02` is not supported in the Message Batches API")


def _refuse_thread() -> NoReturn:
    """Nothing is kept between messages; the SDK goes on with whole conversations then."""
    message = "`thread` is not supported for this request. Send the full conversation without `thread`."
    raise InvalidRequest(message, details={"error_code": "thread_unsupported_request", "unsupported": []})


def is_warm() -> bool:
    """Whether no check can take the time of an import any more."""
    return "mockbatch.core.contract.shapes" in sys.modules


def _check_warming(params: dict[str, Any]) -> None:
    """A request for no tokens only warms the cache."""
    thinking, choice = params.get("thinking") or {}, params.get("tool_choice") or {}
    others = {
        "stream": params.get("stream") is True,
        "thinking": thinking.get("type") == "enabled",
        "output_config.format": bool((params.get("output_config") or {}).get("format")),
        "tool_choice": choice.get("type") in ("any", "tool"),
    }
    for name, given in others.items():
        if given:
            refuse(f"max_tokens: 0 is not supported together with `{name}`")


def unchecked(params: dict[str, Any], terms: Terms) -> Model:
    """The model that `params` ask for, whatever else is in them."""
    name = params.get("model")
    return _model(name if isinstance(name, str) else "", terms)


def _model(name: Any, terms: Terms) -> Model:
    return terms.models.find(name, terms.day) or refuse(f"model: {name}", NotFound)


def _check_max_tokens(value: Any, model: Model, terms: Terms, surface: Surface) -> None:
    most = model.max_output
    if surface == "batch" and model.long_output and _LONG_OUTPUT_BETA in terms.betas:
        most = _LONG_OUTPUT
    if value > most:
        limit = f"{value} > {most}, which is the maximum allowed number of output tokens"
        refuse(f"max_tokens: {limit} for {model.id}")


def _check_sampling(params: dict[str, Any], model: Model) -> None:
    if model.takes_sampling:
        return
    for name in _SAMPLING:
        if name in params and params[name] != (1 if name != "top_k" else None):
            refuse(f"`{name}` is deprecated for this model.")


def _check_thinking(thinking: Any, max_tokens: int, model: Model) -> None:
    mode = thinking.get("type") if isinstance(thinking, dict) else None
    if mode == "enabled" and not model.takes_thinking_budget:
        refuse(
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
            '"output_config.effort" to control thinking behavior.'
        )
    if mode == "adaptive" and not model.thinks_adaptively:
        refuse("adaptive thinking is not supported on this model")
    if mode == "disabled" and model.always_thinks:
        refuse(
            '"thinking.type.disabled" is not supported for this model. Thinking defaults to adaptive mode when not '
            'specified; use "thinking.type.enabled" with "budget_tokens" for extended thinking.'
        )
    if mode == "enabled" and thinking["budget_tokens"] >= max_tokens:
        refuse("`max_tokens` must be greater than `thinking.budget_tokens`.")
