"""The models, one row each. This is the only place that defines what a model accepts.

Source: https://platform.claude.com/docs/en/about-claude/models/overview and .../model-deprecations, 2026-11.
"""

from functools import cached_property
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.contract.model import Effort, Lifecycle, Model, ThinkingType

__all__ = ["MODELS", "Model", "Models", "Policy", "find_model", "model_like"]

_K = 1_000
_UP_TO_HIGH: tuple[Effort, ...] = ("low", "medium", "high")
_UP_TO_MAX: tuple[Effort, ...] = ("low", "medium", "high", "max")
_ON_OFF: tuple[ThinkingType, ...] = ("adaptive", "disabled")
_BUDGET: tuple[ThinkingType, ...] = ("enabled", "disabled")
_BETWEEN: tuple[ThinkingType, ...] = ("adaptive", "between_tools")
_ALL: tuple[ThinkingType, ...] = ("adaptive", "enabled", "disabled")
_OLD_TOOLS = ("computer_20250124", "text_editor_20250429")
_NEW_TOOLS = ("computer_20251124",)
_SERVER_TOOLS = (
    *("web_search_20250305", "web_search_20260209", "web_search_20260318"),
    *("web_fetch_20250910", "web_fetch_20260209", "web_fetch_20260309", "web_fetch_20260318"),
    *("code_execution_20250522", "code_execution_20250825", "code_execution_20260120", "code_execution_20260521"),
)

# defaults by generation; a row may override them
_LATEST: dict[str, Any] = {"forced_tools": False, "refused_tools": (*_OLD_TOOLS, *_NEW_TOOLS)}
_FABLE: dict[str, Any] = {"system_messages": True, "betas": (), "refused_tools": _OLD_TOOLS}
_2026: dict[str, Any] = {"thinking": _ON_OFF, "thinks": "asked", "cache_minimum": 1024, "refused_tools": _OLD_TOOLS}
_OLDER: dict[str, Any] = {
    "tokens_factor": 1.0,
    "image_side": 1568,
    "image_tokens": 1568,
    "bash_tokens": 244,
    "shows_thinking": True,
}
_4_6: dict[str, Any] = {
    **_2026,
    **_OLDER,
    "thinking": _ALL,
    "efforts": _UP_TO_MAX,
    "sampling": "either",
    "tool_preamble": (497, 589),
}
_4_5: dict[str, Any] = {
    **_OLDER,
    "context": 200 * _K,
    "max_output": 64 * _K,
    "betas": (),
    "thinking": _BUDGET,
    "thinks": "asked",
    "efforts": (),
    "sampling": "either",
    "prefill": True,
    "compaction": False,
    "knows_geo": False,
    "refused_tools": _NEW_TOOLS,
    "tool_preamble": (496, 588),
    "cache_minimum": 4_096,
}
_4: dict[str, Any] = {
    **_4_5,
    "lifecycle": "retired",
    "sampling": "free",
    "structured_outputs": False,
    "code_execution": False,
    "tool_preamble": (313, 315),
    "cache_minimum": 1024,
}
_3_5: dict[str, Any] = {
    **_4,
    "max_output": 8_192,
    "thinking": ("disabled",),
    "thinks": "never",
    "shows_thinking": False,
    "context_edits": False,
    "tool_preamble": (286, 406),
}
_3: dict[str, Any] = {
    **_3_5,
    "max_output": 4_096,
    "pdfs": False,
    "citations": False,
    "server_tools": False,
    "refused_tools": (*_NEW_TOOLS, *_SERVER_TOOLS),
}
_2: dict[str, Any] = {**_3, "images": False}

_ACTIVE = (
    Model(id="claude-fable-5-2", **_FABLE, forced_tools=False),
    Model(id="claude-mythos-5-2", **_FABLE, forced_tools=False),
    Model(id="claude-fable-5-1", **_FABLE, forced_tools=False),
    Model(id="claude-mythos-5-1", **_FABLE, forced_tools=False),
    Model(id="claude-fable-5", **_FABLE),
    Model(id="claude-mythos-5", **_FABLE),
    Model(id="claude-opus-5-5", **_LATEST, default_effort="medium", system_messages=True, thinks_between_tools=True),
    Model(
        id="claude-opus-5",
        thinking=_ON_OFF,
        thinks="unasked",
        efforts_unthinking=_UP_TO_HIGH,
        system_messages=True,
        refused_tools=_OLD_TOOLS,
    ),
    Model(id="claude-opus-4-8", **_2026, tool_preamble=(290, 410), system_messages=True),
    Model(id="claude-opus-4-7", **_2026 | {"cache_minimum": 2_048}, tool_preamble=(675, 804)),
    Model(id="claude-opus-4-6", **_4_6 | {"cache_minimum": 4_096}),
    Model(
        id="claude-sonnet-5-5",
        **_LATEST,
        thinking=_BETWEEN,
        thinks="unasked",
        efforts_unthinking=_UP_TO_HIGH,
        system_messages=True,
        thinks_between_tools=True,
    ),
    Model(
        id="claude-sonnet-5",
        thinking=_ON_OFF,
        thinks="unasked",
        refused_tools=_OLD_TOOLS,
        tool_preamble=(354, 474),
        cache_minimum=1024,
    ),
    Model(id="claude-sonnet-4-6", **_4_6),
    Model(
        id="claude-haiku-5-5",
        **_LATEST | {"forced_tools": True},
        thinking=_ON_OFF,
        thinks="unasked",
        default_effort="medium",
        efforts_unthinking=_UP_TO_HIGH,
    ),
    Model(id="claude-haiku-4-5-20251001", aliases=("claude-haiku-4-5",), **_4_5),
)
_DEPRECATED = (
    Model(
        id="claude-opus-4-5-20251101",
        aliases=("claude-opus-4-5",),
        lifecycle="deprecated",
        deprecated="2026-11-23",
        retires="2027-01-22",
        **_4_5 | {"efforts": _UP_TO_HIGH, "refused_tools": _OLD_TOOLS[:1]},
    ),
    Model(
        id="claude-sonnet-4-5-20250929",
        aliases=("claude-sonnet-4-5",),
        lifecycle="deprecated",
        deprecated="2026-09-30",
        retires="2026-11-30",
        **_4_5 | {"cache_minimum": 1024},
    ),
    Model(
        id="claude-mythos-preview",
        lifecycle="deprecated",
        deprecated="2026-06-09",
        betas=(),
        thinking=("adaptive", "enabled"),
        refused_tools=_OLD_TOOLS,
        cache_minimum=2_048,
    ),
)
_RETIRED = (
    Model(
        id="claude-opus-4-1-20250805",
        aliases=("claude-opus-4-1",),
        deprecated="2026-06-05",
        retires="2026-08-05",
        **_4 | {"max_output": 32 * _K, "sampling": "either", "structured_outputs": True},
    ),
    Model(
        id="claude-opus-4-20250514",
        aliases=("claude-opus-4-0", "claude-opus-4", "claude-4-opus-20250514"),
        deprecated="2026-04-14",
        retires="2026-06-15",
        **_4 | {"max_output": 32 * _K},
    ),
    Model(
        id="claude-sonnet-4-20250514",
        aliases=("claude-sonnet-4-0", "claude-sonnet-4", "claude-4-sonnet-20250514"),
        deprecated="2026-04-14",
        retires="2026-06-15",
        **_4,
    ),
    Model(
        id="claude-3-7-sonnet-20250219",
        aliases=("claude-3-7-sonnet-latest",),
        deprecated="2025-10-28",
        retires="2026-02-19",
        **_4 | {"context_edits": False, "tool_preamble": (286, 406)},
    ),
    Model(
        id="claude-3-5-sonnet-20241022",
        aliases=("claude-3-5-sonnet-latest",),
        deprecated="2025-08-13",
        retires="2025-10-28",
        **_3_5,
    ),
    Model(id="claude-3-5-sonnet-20240620", deprecated="2025-08-13", retires="2025-10-28", **_3_5),
    Model(
        id="claude-3-5-haiku-20241022",
        aliases=("claude-3-5-haiku-latest",),
        deprecated="2025-12-19",
        retires="2026-02-19",
        **_3_5 | {"tool_preamble": (264, 355), "cache_minimum": 2_048},
    ),
    Model(
        id="claude-3-opus-20240229",
        aliases=("claude-3-opus-latest",),
        deprecated="2025-06-30",
        retires="2026-01-05",
        **_3,
    ),
    Model(id="claude-3-sonnet-20240229", deprecated="2025-01-21", retires="2025-07-21", **_3),
    Model(
        id="claude-3-haiku-20240307",
        deprecated="2026-02-19",
        retires="2026-04-20",
        **_3 | {"cache_minimum": 2_048},
    ),
    Model(id="claude-2.1", deprecated="2025-01-21", retires="2025-07-21", **_2),
    Model(id="claude-2.0", deprecated="2025-01-21", retires="2025-07-21", **_2 | {"context": 100 * _K}),
    Model(id="claude-instant-1.2", deprecated="2024-09-04", retires="2024-11-06", **_2 | {"context": 100 * _K}),
)

MODELS: dict[str, Model] = {model.id: model for model in (*_ACTIVE, *_DEPRECATED, *_RETIRED)}
_BY_NAME = MODELS | {alias: model for model in MODELS.values() for alias in model.aliases}

Policy = Literal["known", "strict", "any"]
_WIDEST = "claude-sonnet-5-5"


def find_model(name: str) -> Model | None:
    """Return the model with that id or alias, or None."""
    return _BY_NAME.get(name)


def model_like(name: str, known: str) -> Model:
    """Return a copy of a known model under another name. Raises ValueError if there is no such model."""
    model = find_model(known)
    if model is None:
        raise ValueError(f"{known!r} is not a known model")
    return replace(model, id=name, aliases=(), lifecycle="active", deprecated=None, retires=None, like=model.id)


class Models(Struct, frozen=True, omit_defaults=True, dict=True):
    """The available models: the `known` ones, including retired ones; with `strict`, each until its retirement day;
    with `any`, every other name too, as a model with the widest limits. In addition, the `extra` ones.
    """

    policy: Policy = "known"
    extra: tuple[Model, ...] = ()

    @cached_property
    def _extra(self) -> dict[str, Model]:
        return {model.id: model for model in self.extra}

    def find(self, name: str, day: str) -> Model | None:
        """Return the model with that id or alias on that day, or None."""
        model = _BY_NAME.get(name) or self._extra.get(name)
        if model is None:
            return model_like(name, _WIDEST) if self.policy == "any" else None
        retired = self.policy == "strict" and self.lifecycle(model, day) == "retired"
        return None if retired else model

    def named(self, model_id: str) -> Model:
        """Return the model for an id that `find` returned."""
        model = self.find(model_id, "")
        assert model is not None
        return model

    def lifecycle(self, model: Model, day: str) -> Lifecycle:
        """Return the lifecycle stage of a model on that day: by its dates if `strict`, else as in the catalog."""
        if self.policy != "strict":
            return model.lifecycle
        if model.retires is not None and day >= model.retires:
            return "retired"
        return "deprecated" if model.deprecated is not None and day >= model.deprecated else "active"

    def all(self) -> list[Model]:
        """All models, past ones included, the newest first within a line."""
        return [*MODELS.values(), *self.extra]
