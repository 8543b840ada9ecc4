"""Options of a request that conflict with its model or with each other.

Source: https://platform.claude.com/docs/en/api/errors and .../api/messages/create
"""

from collections.abc import Callable
from typing import Any

from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.refusals.refusal import OLDEST, Found, Refusal, request

_ERRORS, _TROUBLES, _SEEN = "api/errors", "build-with-claude/thinking-troubleshooting", "2026-10-10"
_OPUS = "claude-opus-4-8"
_LEAST, _BUDGETS = 20_000, ("task-budgets-2026-03-13",)


def _budget(total: int) -> dict[str, Any]:
    return {"task_budget": {"type": "tokens", "total": total}}


def _small_budget(asked: ParsedRequest) -> bool:
    budget = (asked.params["output_config"] or {}).get("task_budget") or {}
    return bool(budget.get("total", _LEAST) < _LEAST)


def _is_default(name: str, value: Any) -> bool:
    return bool(value == {"temperature": 1, "top_p": 0.99}.get(name, ...))


def _removed(name: str) -> Callable[[ParsedRequest], Found]:
    return lambda asked: asked.model.sampling == "default" and not _is_default(name, asked.params[name])


def _no_other_value(name: str, refused: Any, taken: dict[str, Any]) -> Refusal:
    return Refusal(
        name=f"{name} other than the default",
        says=f"`{name}` is deprecated for this model.",
        on=name,
        finds=_removed(name),
        refused=request(OLDEST, model=_OPUS, **{name: refused}),
        taken=request(OLDEST, **taken),
        source=_ERRORS,
        seen=_SEEN,
    )


def _stop(name: str, kind: str, is_bad: Callable[[str], bool], example: str) -> Refusal:
    return Refusal(
        name=name,
        says=f"stop_sequences: each stop sequence {kind}",
        on="stop_sequences",
        finds=lambda asked: any(is_bad(stop) for stop in asked.params["stop_sequences"] or ()),
        refused=request(stop_sequences=["END", example]),
        taken=request(stop_sequences=["END", f"{example}."]),
        source="https://github.com/EleutherAI/lm-evaluation-harness/pull/3822",
        seen="2026-06-05",
    )


REFUSALS = (
    _stop("an empty stop sequence", "must be non-empty", lambda stop: not stop, ""),
    _stop("a blank stop sequence", "must contain non-whitespace", lambda stop: not stop.strip(), "\n"),
    Refusal(
        name="temperature beside top_p",
        says="`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        on="temperature",
        finds=lambda asked: "top_p" in asked.params and asked.model.sampling != "free",
        refused=request(OLDEST, temperature=0.5, top_p=0.9),
        taken=request(OLDEST, temperature=0.5),
        source="https://github.com/SalesforceAIResearch/MCP-Universe/issues/49",
        seen="2026-01-26",
    ),
    _no_other_value("temperature", 0.5, {"model": _OPUS, "temperature": 1}),
    _no_other_value("top_p", 1, {"model": _OPUS, "top_p": 0.99}),
    _no_other_value("top_k", 5, {"top_k": 5}),
    Refusal(
        name="temperature beside thinking",
        says="`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. Please consult our "
        "documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
        "#important-considerations-when-using-extended-thinking",
        on="temperature",
        finds=lambda asked: asked.thinking in ("enabled", "adaptive") and asked.params["temperature"] != 1,
        refused=request(OLDEST, temperature=0, thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2_000),
        taken=request(OLDEST, temperature=1, thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2_000),
        source=_TROUBLES,
        seen=_SEEN,
    ),
    Refusal(
        name="inference_geo on models without it",
        says="`inference_geo` is not supported for this model.",
        on="inference_geo",
        finds=lambda asked: asked.params["inference_geo"] is not None and not asked.model.knows_geo,
        refused=request(inference_geo="us"),
        taken=request(model="claude-opus-4-6", inference_geo="us"),
        source="build-with-claude/data-residency",
        seen=_SEEN,
        guess=True,
    ),
    Refusal(
        name="a task budget below 20,000 tokens",
        says="`task_budget.total` must be at least 20,000 tokens for this model",
        on="output_config",
        finds=lambda asked: (
            ((asked.params["output_config"] or {}).get("task_budget") or {}).get("total", _LEAST) < _LEAST
        ),
        refused=request(betas=_BUDGETS, model="claude-opus-5", output_config=_budget(19_999)),
        taken=request(betas=_BUDGETS, model="claude-opus-5", output_config=_budget(20_000)),
        source="build-with-claude/task-budgets",
        seen=_SEEN,
    ),
)
