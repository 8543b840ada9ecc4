"""The checks that the API makes on each request of a batch, after it was accepted.

A request that fails here becomes an `errored` row. Source: https://platform.claude.com/docs/en/api/messages/create,
.../api/errors and .../api/migration-2026-10-21
"""

from collections.abc import Iterator
from typing import Any, Literal, NoReturn

from msgspec import Struct

from mockbatch.core.contract.catalog import Model, Models
from mockbatch.core.contract.errors import ApiError, InvalidRequest, NotFound

NEWEST_VERSION = "2026-10-21"

_VISIBLE = {"error_visibility": "user_facing"}
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
_LONG_OUTPUT_BETA, _LONG_OUTPUT = "output-300k-2026-03-24", 300_000
_BREAKPOINTS = 4
_SMALLEST_BUDGET = 1024


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
    """The model that `params` ask for. Raises the ApiError that the row ends with."""
    if surface == "batch" and params.get("stream") is True:
        _refuse("`stream=True` is not supported in the Message Batches API")
    if surface == "batch" and params.get("speed") == "fast":
        _refuse("`speed` is not supported in the Message Batches API")
    if surface == "count_tokens":
        params = {"max_tokens": 1, **params}
    _check_keys(params, terms)
    model = _model(params["model"], terms)
    _check_max_tokens(params["max_tokens"], model, terms)
    _check_messages(params["messages"], model)
    _check_sampling(params, model)
    _check_thinking(params.get("thinking"), params["max_tokens"], model)
    _check_breakpoints(params)
    return model


def unchecked(params: dict[str, Any], terms: Terms) -> Model:
    """The model that `params` ask for, whatever else is in them."""
    name = params.get("model")
    return _model(name if isinstance(name, str) else "", terms)


def _refuse(message: str, kind: type[ApiError] = InvalidRequest) -> NoReturn:
    raise kind(message, details=_VISIBLE)


def _check_keys(params: dict[str, Any], terms: Terms) -> None:
    for name in _REQUIRED:
        if name not in params:
            _refuse(f"{name}: Field required")
    for name in params:
        # the version of 2026-10-21 has no sampling parameters any more
        if name not in _KNOWN and not (name in _SAMPLING and terms.version < NEWEST_VERSION):
            _refuse(f"{name}: Extra inputs are not permitted")


def _model(name: Any, terms: Terms) -> Model:
    if not isinstance(name, str):
        _refuse("model: Input should be a valid string")
    return terms.models.find(name, terms.day) or _refuse(f"model: {name}", NotFound)


def _check_max_tokens(value: Any, model: Model, terms: Terms) -> None:
    if type(value) is not int:
        _refuse("max_tokens: Input should be a valid integer")
    if value < 1:
        _refuse("max_tokens: must be greater than or equal to 1")
    most = model.max_output
    if model.long_output and _LONG_OUTPUT_BETA in terms.betas:
        most = _LONG_OUTPUT
    if value > most:
        limit = f"{value} > {most}, which is the maximum allowed number of output tokens"
        _refuse(f"max_tokens: {limit} for {model.id}")


def _check_messages(messages: Any, model: Model) -> None:
    if not isinstance(messages, list):
        _refuse("messages: Input should be a valid list")
    if not messages:
        _refuse("messages: at least one message is required")
    last = messages[-1]
    if isinstance(last, dict) and last.get("role") == "assistant" and not model.takes_prefill:
        _refuse("This model does not support assistant message prefill. The conversation must end with a user message.")


def _check_sampling(params: dict[str, Any], model: Model) -> None:
    if model.takes_sampling:
        return
    for name in _SAMPLING:
        if name in params and params[name] != (1 if name != "top_k" else None):
            _refuse(f"`{name}` is deprecated for this model.")


def _check_thinking(thinking: Any, max_tokens: int, model: Model) -> None:
    mode = thinking.get("type") if isinstance(thinking, dict) else None
    if mode == "enabled" and not model.takes_thinking_budget:
        _refuse(
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
            '"output_config.effort" to control thinking behavior.'
        )
    if mode == "adaptive" and not model.thinks_adaptively:
        _refuse("adaptive thinking is not supported on this model")
    if mode == "disabled" and model.always_thinks:
        _refuse(
            '"thinking.type.disabled" is not supported for this model. Thinking defaults to adaptive mode when not '
            'specified; use "thinking.type.enabled" with "budget_tokens" for extended thinking.'
        )
    if mode == "enabled":
        _check_budget(thinking.get("budget_tokens"), max_tokens)


def _check_budget(budget: Any, max_tokens: int) -> None:
    where = "thinking.enabled.budget_tokens"
    if budget is None:
        _refuse(f"{where}: Field required")
    if type(budget) is not int:
        _refuse(f"{where}: Input should be a valid integer")
    if budget < _SMALLEST_BUDGET:
        _refuse(f"{where}: Input should be greater than or equal to {_SMALLEST_BUDGET}")
    if budget >= max_tokens:
        _refuse("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_breakpoints(params: dict[str, Any]) -> None:
    """At most four cache breakpoints, the automatic one included, and the longer-lived ones first."""
    found = list(_breakpoints(params))
    count = len(found) + isinstance(params.get("cache_control"), dict)
    if count > _BREAKPOINTS:
        _refuse(f"A maximum of {_BREAKPOINTS} blocks with cache_control may be provided. Found {count}.")
    short = False
    for where, ttl in found:
        if ttl == "1h" and short:
            _refuse(
                f"{where}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
                "cache_control block. Note that blocks are processed in the following order: `tools`, `system`, "
                "`messages`."
            )
        short = short or ttl != "1h"


def _breakpoints(params: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Place and lifetime of each cache breakpoint, in the order of the prompt."""
    yield from _marked(params.get("tools"), "tools")
    yield from _marked(params.get("system"), "system")
    messages = params.get("messages")
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, dict):
            yield from _marked(message.get("content"), f"messages.{index}.content")


def _marked(blocks: Any, where: str) -> Iterator[tuple[str, Any]]:
    for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
        if isinstance(block, dict):
            place = f"{where}.{index}"
            yield from _marked(block.get("content"), f"{place}.content")
            control = block.get("cache_control")
            if isinstance(control, dict):
                yield place, control.get("ttl")
