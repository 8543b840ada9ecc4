"""A model: its limits, lifecycle and capabilities as one row of data.

Source: https://platform.claude.com/docs/en/about-claude/models/overview, .../build-with-claude/extended-thinking,
.../build-with-claude/effort, .../build-with-claude/prompt-caching and the models' pages.
"""

from typing import Literal, get_args

from msgspec import Struct

Lifecycle = Literal["active", "deprecated", "retired"]
Line = Literal["haiku", "sonnet", "opus", "fable", "mythos"]
LINES: tuple[Line, ...] = get_args(Line)
Effort = Literal["low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)
ThinkingType = Literal["adaptive", "enabled", "disabled", "between_tools"]

LONG_OUTPUT = "output-300k-2026-03-24"


class Model(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One model. The defaults are those of the newest; tokens are counts, days are `YYYY-MM-DD`."""

    id: str
    aliases: tuple[str, ...] = ()
    like: str | None = None
    """The model that this one copies under another name."""

    lifecycle: Lifecycle = "active"
    deprecated: str | None = None
    retires: str | None = None

    context: int = 1_000_000
    max_output: int = 128_000
    betas: tuple[str, ...] = (LONG_OUTPUT,)
    """The betas that change what it accepts."""

    thinking: tuple[ThinkingType, ...] = ("adaptive",)
    """The values of `thinking.type` that it accepts."""
    thinks: Literal["never", "asked", "unasked", "always"] = "always"
    """Whether it thinks if the request does not mention thinking, or disables it."""
    thinks_between_tools: bool = False
    """Whether text between its tool calls is returned as thinking."""
    shows_thinking: bool = False
    """Whether thinking is summarized by default."""
    efforts: tuple[Effort, ...] = EFFORTS
    default_effort: Effort = "high"
    efforts_unthinking: tuple[Effort, ...] = EFFORTS
    """The efforts that it accepts while thinking is off."""

    sampling: Literal["free", "either", "default"] = "default"
    """Whether it accepts both `temperature` and `top_p`, either of them, or only their defaults, in versions that have
    them.
    """
    prefill: bool = False
    """Whether the conversation may end with a prefilled reply."""
    system_messages: bool = False
    """Whether the conversation may contain system messages."""
    forced_tools: bool = True
    """Whether `tool_choice` may force a tool."""
    refused_tools: tuple[str, ...] = ()
    """The types of tools that other models accept and this one does not."""
    structured_outputs: bool = True

    images: bool = True
    pdfs: bool = True
    citations: bool = True
    image_side: int = 2576
    """The maximum side of an image it processes, in pixels."""
    image_tokens: int = 4784
    """The maximum tokens of an image."""
    tokens_factor: float = 1.3
    """The tokens of its tokenizer per token of the 2024 one."""
    tool_preamble: tuple[int, int] = (286, 406)
    """The tokens added by the first tool, and those added when a tool is forced."""
    bash_tokens: int = 325
    """The tokens added by the API's bash tool."""
    cache_minimum: int = 512
    """The minimum tokens of a cached prefix."""

    server_tools: bool = True
    code_execution: bool = True
    """Whether code that it runs may call the request's other tools."""
    context_edits: bool = True
    """Whether old thinking and old tool uses can be cleared from its context."""
    compaction: bool = True
    knows_geo: bool = True
    """Whether a request may choose where it runs."""

    @property
    def thinks_unasked(self) -> bool:
        """Whether it thinks if the request does not mention thinking."""
        return self.thinks in ("unasked", "always")

    @property
    def line(self) -> Line | None:
        """Its family, or None."""
        parts = (self.like or self.id).split("-")
        return next((line for line in LINES if line in parts), None)

    @property
    def inference_geo(self) -> str:
        """The value of `usage.inference_geo` if the request does not choose."""
        return "global" if self.knows_geo else "not_available"
