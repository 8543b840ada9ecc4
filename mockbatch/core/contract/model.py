"""A model: its limits, its life and its abilities, one row of data each.

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
    """The model of which this one is a copy under another name."""

    lifecycle: Lifecycle = "active"
    deprecated: str | None = None
    retires: str | None = None

    context: int = 1_000_000
    max_output: int = 128_000
    betas: tuple[str, ...] = (LONG_OUTPUT,)
    """The betas that change what it takes."""

    thinking: tuple[ThinkingType, ...] = ("adaptive",)
    """The values of `thinking.type` that it takes."""
    thinks: Literal["never", "asked", "unasked", "always"] = "always"
    """Whether it thinks when the request does not say so, or says no."""
    thinks_between_tools: bool = False
    """Whether its words between calls of tools come back as thinking."""
    shows_thinking: bool = False
    """Whether thinking is summarized unless the request says otherwise."""
    efforts: tuple[Effort, ...] = EFFORTS
    default_effort: Effort = "high"
    efforts_unthinking: tuple[Effort, ...] = EFFORTS
    """The efforts that it takes while thinking is off."""

    sampling: Literal["free", "either", "default"] = "default"
    """Both of `temperature` and `top_p`, either of them, or their default alone, under versions that have them."""
    prefill: bool = False
    """Whether the conversation may end with the start of the answer."""
    system_messages: bool = False
    """Whether the conversation may hold system messages."""
    forced_tools: bool = True
    """Whether `tool_choice` may demand a tool."""
    refused_tools: tuple[str, ...] = ()
    """The types of tools that other models take and this one does not."""
    structured_outputs: bool = True

    images: bool = True
    pdfs: bool = True
    citations: bool = True
    image_side: int = 2576
    """The longest side of an image that it sees, in pixels."""
    image_tokens: int = 4784
    """The most tokens of an image."""
    tokens_factor: float = 1.3
    """How many tokens its tokenizer makes where that of 2024 makes one."""
    tool_preamble: tuple[int, int] = (286, 406)
    """The tokens that the first tool adds, and that it adds when a tool is forced."""
    bash_tokens: int = 325
    """The tokens that the API's own bash tool adds."""
    cache_minimum: int = 512
    """The fewest tokens of a prefix that is cached."""

    server_tools: bool = True
    code_execution: bool = True
    """Whether code that it runs may call the request's other tools."""
    context_edits: bool = True
    """Whether old thinking and old uses of tools can be cleared from its context."""
    compaction: bool = True
    knows_geo: bool = True
    """Whether a request may choose where it runs."""

    @property
    def thinks_unasked(self) -> bool:
        """Whether it thinks when the request does not speak of it."""
        return self.thinks in ("unasked", "always")

    @property
    def line(self) -> Line | None:
        """The family it belongs to; None for what belongs to none of them."""
        parts = (self.like or self.id).split("-")
        return next((line for line in LINES if line in parts), None)

    @property
    def inference_geo(self) -> str:
        """What `usage.inference_geo` says where the request does not choose."""
        return "global" if self.knows_geo else "not_available"
