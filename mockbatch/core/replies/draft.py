"""The input of a reply, the reply itself, and a draft of it that stops at `max_tokens`."""

from typing import Any

from msgspec import Struct

from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.model import Model
from mockbatch.core.replies.rng import Rng
from mockbatch.core.tokens import call_weight, text_of_weight, text_weight, weighed


class ReplyError(Exception):
    """A reply that cannot be produced: a template, callable or schema failed. `message` is one sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Request(Struct, frozen=True):
    """The input of a reply. `limit` is `max_tokens`; `created_at` is the time of the request as RFC 3339."""

    params: dict[str, Any]
    model: Model
    key: int
    limit: int
    custom_id: str | None = None
    index: int = 0
    session: str = ""
    batch: str | None = None
    seed: int = 0
    created_at: str = "1970-01-01T00:00:00+00:00"

    def dice(self, name: str) -> Rng:
        """Return the draws for a part of the reply."""
        return Rng(self.key, name)


class ReplySpec(Struct, frozen=True):
    """The reply defined by a rule: a kind and its options."""

    kind: str
    options: dict[str, Any] = {}


FUNCTION = "callable"
"""The kind whose reply the caller produces with a Python function; its option of the same name says which one."""
AnyBlock = wire.Block | dict[str, Any]


class Reply(Struct, frozen=True):
    """A model's reply. Tokens are counts; `usage` holds explicit overrides, None without any.

    `unmet` names the schema for which no valid value was found; the content then holds the nearest value.
    """

    content: list[AnyBlock]
    stop_reason: str
    output_tokens: int
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    container: wire.Container | None = None
    thinking_tokens: int | None = None
    server_tool_use: wire.ServerToolUse | None = None
    usage: dict[str, Any] | None = None
    unmet: str = ""


class Draft:
    """A reply under construction. Content beyond the limit is dropped."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.blocks: list[AnyBlock] = []
        self.cut = False
        self.thinking_tokens: int | None = None
        self.container: wire.Container | None = None
        self._unmet: dict[str, None] = {}
        self._searches = 0
        self._fetches = 0
        self._factor = request.model.tokens_factor
        self._weight = 0.0
        self._most = request.limit / self._factor

    @property
    def room(self) -> int:
        """The tokens left."""
        return max(int((self._most - self._weight) * self._factor), 0)

    def text(self, text: str, citations: list[wire.Citation] | None = None) -> None:
        """Add a text block, or as much of it as fits."""
        if self.cut or not text:
            return
        text = self._within(text)
        if text:
            self.blocks.append(wire.TextBlock(text, citations))

    def _within(self, text: str) -> str:
        weight = text_weight(text)
        if weight > self._most - self._weight:
            self.cut = True
            text = text_of_weight(text, self._most - self._weight)
            weight = text_weight(text)
        self._weight += weight
        return text

    def thought(self, block: AnyBlock, tokens: int) -> None:
        """Add a thinking block of `tokens` tokens, however many of them it shows."""
        if not self.cut:
            tokens = min(tokens, self.room)
            self.blocks.append(block)
            self.thinking_tokens = (self.thinking_tokens or 0) + tokens
            self._weight += tokens / self._factor

    def call(self, name: str, arguments: dict[str, Any], toolset: str | None = None) -> None:
        """Add a tool call, with as many arguments as fit."""
        if self.cut:
            return
        tool_id = self.identifier(ids.tool_use_id, name)
        self.blocks.append(wire.ToolUseBlock(tool_id, name, self._arguments(name, arguments), toolset))

    def _arguments(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        weight, left = call_weight(name, arguments), self._most - self._weight
        kept = dict(arguments)
        while kept and weight > left:
            self.cut = True
            kept.popitem()
            weight = call_weight(name, kept)
        if weight > left:
            self.cut = True
        self._weight += min(weight, left)
        return kept

    def server_call(self, name: wire.ServerTool, arguments: dict[str, Any]) -> str | None:
        """Add a server tool call and return its id; None if it does not fit."""
        weight = call_weight(name, arguments)
        if self.cut or weight > self._most - self._weight:
            self.cut = True
            return None
        self._weight += weight
        tool_id = self.identifier(ids.server_tool_use_id, name)
        self.blocks.append(wire.ServerToolUseBlock(tool_id, name, arguments))
        self._searches += name == "web_search"
        self._fetches += name == "web_fetch"
        return tool_id

    def result(self, block: AnyBlock) -> None:
        """Add a block generated by the API itself, which is not model output."""
        self.blocks.append(block)

    def note(self, unmet: str) -> None:
        """Record the schema that the content does not meet; an empty text is ignored."""
        if unmet:
            self._unmet[unmet] = None

    def identifier(self, kind: ids.Identifier, name: str) -> str:
        """Return a unique id for the next block."""
        return kind(self.request.key, f"{len(self.blocks)}/{name}")

    def reply(self, stop_reason: str = "end_turn", stop_sequence: str | None = None) -> Reply:
        """Return the finished reply; `stop_reason` applies unless it was cut."""
        used = self._searches or self._fetches
        return Reply(
            self.blocks,
            "max_tokens" if self.cut else stop_reason,
            min(weighed(self._weight * self._factor), max(self.request.limit, 0)),
            None if self.cut else stop_sequence,
            container=self.container,
            thinking_tokens=self.thinking_tokens,
            server_tool_use=wire.ServerToolUse(self._searches, self._fetches) if used else None,
            unmet=" ".join(self._unmet),
        )
