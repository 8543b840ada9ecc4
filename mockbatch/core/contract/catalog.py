"""The models: ids, aliases, limits, lifecycle.

Source: https://platform.claude.com/docs/en/about-claude/models/overview and .../model-deprecations, 2026-11.
"""

from functools import cached_property
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

Lifecycle = Literal["active", "deprecated", "retired"]
Line = Literal["haiku", "sonnet", "opus", "fable", "mythos"]
LINES: tuple[Line, ...] = get_args(Line)


class Model(Struct, frozen=True, omit_defaults=True):
    """One model. `generation` orders the families by what they accept; tokens are counts; days are `YYYY-MM-DD`."""

    id: str
    generation: float
    context: int
    max_output: int
    lifecycle: Lifecycle = "active"
    aliases: tuple[str, ...] = ()
    retires: str | None = None
    like: str | None = None
    """The model of which this one is a copy under another name."""

    @property
    def line(self) -> Line | None:
        """The family it belongs to; None for what belongs to none of them."""
        parts = (self.like or self.id).split("-")
        return next((line for line in LINES if line in parts), None)

    @property
    def takes_forced_tools(self) -> bool:
        """Whether `tool_choice` may demand a tool."""
        if self.line in ("fable", "mythos"):
            return self.generation < 5.1
        return self.line not in ("opus", "sonnet") or self.generation < 5.5

    @property
    def has_effort(self) -> bool:
        """Whether `output_config.effort` is known to it."""
        return self.generation >= 4.6 or (self.generation == 4.5 and self.line == "opus")

    @property
    def takes_sampling(self) -> bool:
        """Whether `temperature` and its like may have other values than the default, where the version has them."""
        return self.generation < 4.7

    @property
    def takes_prefill(self) -> bool:
        """Whether the conversation may end with the start of the answer."""
        return self.generation < 4.6

    @property
    def takes_thinking_budget(self) -> bool:
        """Whether thinking can be enabled with a budget of tokens."""
        return self.generation < 4.7

    @property
    def thinks_adaptively(self) -> bool:
        return self.generation >= 4.6

    @property
    def always_thinks(self) -> bool:
        """Whether thinking cannot be disabled."""
        return self.line in ("fable", "mythos") or (self.line == "opus" and self.generation >= 5.5)

    @property
    def long_output(self) -> bool:
        """Whether a batch may ask for 300,000 tokens, with the beta header for it."""
        return self.lifecycle == "active" and self.generation >= 4.6 and self.line in ("opus", "sonnet", "haiku")

    @property
    def inference_geo(self) -> str:
        """What `usage.inference_geo` says: models up to 4.5 do not know where they ran."""
        return "not_available" if self.generation <= 4.5 else "global"


_M, _K = 1_000_000, 1_000
_ACTIVE = (
    Model("claude-fable-5-2", 5.2, _M, 128 * _K),
    Model("claude-mythos-5-2", 5.2, _M, 128 * _K),
    Model("claude-fable-5-1", 5.1, _M, 128 * _K),
    Model("claude-mythos-5-1", 5.1, _M, 128 * _K),
    Model("claude-fable-5", 5.0, _M, 128 * _K),
    Model("claude-mythos-5", 5.0, _M, 128 * _K),
    Model("claude-opus-5-5", 5.5, _M, 128 * _K),
    Model("claude-opus-5", 5.0, _M, 128 * _K),
    Model("claude-opus-4-8", 4.8, _M, 128 * _K),
    Model("claude-opus-4-7", 4.7, _M, 128 * _K),
    Model("claude-opus-4-6", 4.6, _M, 128 * _K),
    Model("claude-opus-4-5-20251101", 4.5, 200 * _K, 64 * _K, aliases=("claude-opus-4-5",)),
    Model("claude-sonnet-5-5", 5.5, _M, 128 * _K),
    Model("claude-sonnet-5", 5.0, _M, 128 * _K),
    Model("claude-sonnet-4-6", 4.6, _M, 128 * _K),
    Model("claude-haiku-5-5", 5.5, _M, 128 * _K),
    Model("claude-haiku-4-5-20251001", 4.5, 200 * _K, 64 * _K, aliases=("claude-haiku-4-5",)),
)
_DEPRECATED = (
    Model("claude-sonnet-4-5-20250929", 4.5, 200 * _K, 64 * _K, "deprecated", ("claude-sonnet-4-5",), "2026-11-30"),
)
_RETIRED = (
    Model("claude-opus-4-1-20250805", 4.1, 200 * _K, 32 * _K, "retired", ("claude-opus-4-1",), retires="2026-08-05"),
    Model(
        "claude-opus-4-20250514",
        4.0,
        200 * _K,
        32 * _K,
        "retired",
        ("claude-opus-4-0", "claude-opus-4"),
        retires="2026-06-15",
    ),
    Model(
        "claude-sonnet-4-20250514",
        4.0,
        200 * _K,
        64 * _K,
        "retired",
        ("claude-sonnet-4-0", "claude-sonnet-4"),
        "2026-06-15",
    ),
    Model("claude-mythos-preview", 4.7, _M, 128 * _K, "retired", retires="2026-06-30"),
    Model(
        "claude-3-7-sonnet-20250219",
        3.7,
        200 * _K,
        64 * _K,
        "retired",
        ("claude-3-7-sonnet-latest",),
        retires="2026-02-19",
    ),
    Model(
        "claude-3-5-haiku-20241022", 3.5, 200 * _K, 8_192, "retired", ("claude-3-5-haiku-latest",), retires="2026-02-19"
    ),
    Model("claude-3-haiku-20240307", 3.0, 200 * _K, 4_096, "retired", retires="2026-04-20"),
    Model("claude-3-opus-20240229", 3.0, 200 * _K, 4_096, "retired", ("claude-3-opus-latest",), retires="2026-01-05"),
)

MODELS: dict[str, Model] = {model.id: model for model in (*_ACTIVE, *_DEPRECATED, *_RETIRED)}
_BY_NAME = MODELS | {alias: model for model in MODELS.values() for alias in model.aliases}

Policy = Literal["known", "strict", "any"]
_WIDEST = "claude-sonnet-5-5"


def find_model(name: str) -> Model | None:
    """The model of that id or alias."""
    return _BY_NAME.get(name)


def model_like(name: str, known: str) -> Model:
    """A model of another name that is in all else like a known one. Raises ValueError when that is not known."""
    model = find_model(known)
    if model is None:
        raise ValueError(f"{known!r} is no known model")
    return replace(model, id=name, aliases=(), lifecycle="active", retires=None, like=model.id)


class Models(Struct, frozen=True, omit_defaults=True, dict=True):
    """Which models there are: the `known` ones, retired ones included; under `strict` each until the day on which it
    retires; or `any`, where every other name is a model with the widest limits. And the `extra` ones.
    """

    policy: Policy = "known"
    extra: tuple[Model, ...] = ()

    @cached_property
    def _extra(self) -> dict[str, Model]:
        return {model.id: model for model in self.extra}

    def find(self, name: str, day: str) -> Model | None:
        """The model of that id or alias on that day, if there is one."""
        model = _BY_NAME.get(name) or self._extra.get(name)
        if model is None:
            return model_like(name, _WIDEST) if self.policy == "any" else None
        retired = self.policy == "strict" and self.lifecycle(model, day) == "retired"
        return None if retired else model

    def named(self, model_id: str) -> Model:
        """The model of an id that `find` gave out."""
        model = self.find(model_id, "")
        assert model is not None
        return model

    def lifecycle(self, model: Model, day: str) -> Lifecycle:
        """In which stage of its life a model is on that day: under `strict` its dates tell, else the catalogue."""
        if self.policy != "strict" or model.retires is None:
            return model.lifecycle
        return "retired" if day >= model.retires else "deprecated"

    def all(self) -> list[Model]:
        """Every model there is or was, the newest first within a line."""
        return [*MODELS.values(), *self.extra]
