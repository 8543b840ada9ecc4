"""The models: ids, aliases, limits, lifecycle.

Source: https://platform.claude.com/docs/en/about-claude/models/overview and .../model-deprecations, 2026-11.
"""

from typing import Literal

from msgspec import Struct

Lifecycle = Literal["active", "deprecated", "retired"]


class Model(Struct, frozen=True):
    """One model. `generation` orders the families by what they accept; tokens are counts."""

    id: str
    generation: float
    context: int
    max_output: int
    lifecycle: Lifecycle = "active"
    aliases: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """`opus`, `sonnet`, `haiku`, `fable` or `mythos`."""
        return next(part for part in self.id.split("-") if part.isalpha() and part != "claude")

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
_DEPRECATED = (Model("claude-sonnet-4-5-20250929", 4.5, 200 * _K, 64 * _K, "deprecated", ("claude-sonnet-4-5",)),)
_RETIRED = (
    Model("claude-opus-4-1-20250805", 4.1, 200 * _K, 32 * _K, "retired", ("claude-opus-4-1",)),
    Model("claude-opus-4-20250514", 4.0, 200 * _K, 32 * _K, "retired", ("claude-opus-4-0", "claude-opus-4")),
    Model(
        "claude-sonnet-4-20250514",
        4.0,
        200 * _K,
        64 * _K,
        "retired",
        ("claude-sonnet-4-0", "claude-sonnet-4"),
    ),
    Model("claude-mythos-preview", 4.7, _M, 128 * _K, "retired"),
    Model("claude-3-7-sonnet-20250219", 3.7, 200 * _K, 64 * _K, "retired", ("claude-3-7-sonnet-latest",)),
    Model("claude-3-5-haiku-20241022", 3.5, 200 * _K, 8_192, "retired", ("claude-3-5-haiku-latest",)),
    Model("claude-3-haiku-20240307", 3.0, 200 * _K, 4_096, "retired"),
    Model("claude-3-opus-20240229", 3.0, 200 * _K, 4_096, "retired", ("claude-3-opus-latest",)),
)

MODELS: dict[str, Model] = {model.id: model for model in (*_ACTIVE, *_DEPRECATED, *_RETIRED)}
_BY_NAME = MODELS | {alias: model for model in MODELS.values() for alias in model.aliases}


def find_model(name: str) -> Model | None:
    """The model of that id or alias."""
    return _BY_NAME.get(name)
