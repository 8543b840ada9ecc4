"""A request in valid shape, parsed once for all refusals to inspect."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from mockbatch.core.contract.model import Model
from mockbatch.core.contract.output_format import format_of
from mockbatch.core.contract.schema_limits import Limit, first_limit
from mockbatch.core.contract.schemas import encoded
from mockbatch.core.contract.shape_check import Surface

Block = dict[str, Any]


_OF_SERVERS = ("server_tool_use", "mcp_tool_use")


class Placed(NamedTuple):
    """A content block with its path in the request, its message and the role of that message."""

    block: Block
    path: str
    message: int
    role: str


class Turn(NamedTuple):
    """A message with its content as blocks."""

    place: int
    role: str
    blocks: list[Block]
    message: dict[str, Any]


class ParsedRequest:
    """A request with its model, API version, beta headers and endpoint."""

    def __init__(
        self,
        params: dict[str, Any],
        model: Model,
        version: str,
        betas: tuple[str, ...] = (),
        surface: Surface = "batch",
        profile: str = "",
    ) -> None:
        self.params, self.model, self.version, self.betas, self.surface = params, model, version, betas, surface
        self.profile = profile

    @cached_property
    def turns(self) -> list[Turn]:
        """The messages."""
        return [
            Turn(index, message["role"], _blocks(message.get("content")), message)
            for index, message in enumerate(self.params["messages"])
        ]

    @cached_property
    def runs(self) -> list[list[Turn]]:
        """The messages of the user and the assistant; the API merges consecutive ones of the same role."""
        runs: list[list[Turn]] = []
        for turn in self.turns:
            if turn.role == "system":
                continue
            if not runs or runs[-1][0].role != turn.role:
                runs.append([])
            runs[-1].append(turn)
        return runs

    @cached_property
    def blocks(self) -> dict[str, list[Placed]]:
        """The blocks of the conversation by type, including those inside results and documents."""
        found: dict[str, list[Placed]] = {}
        for turn in self.turns:
            for placed in _inside(turn.blocks, f"messages.{turn.place}.content", turn.place, turn.role):
                found.setdefault(placed.block["type"], []).append(placed)
        return found

    @cached_property
    def tools(self) -> list[dict[str, Any]]:
        return self.params.get("tools") or []

    @cached_property
    def tool_sources(self) -> list[tuple[int, bytes]]:
        """The index of each client tool, and its schema as JSON."""
        found = (
            (place, encoded(tool["input_schema"])) for place, tool in enumerate(self.tools) if "input_schema" in tool
        )
        return [(place, source) for place, source in found if source is not None]

    @property
    def choice(self) -> str | None:
        """The type of `tool_choice`."""
        choice = self.params.get("tool_choice")
        return choice["type"] if choice else None

    @property
    def forces(self) -> bool:
        """Whether a tool must be called."""
        return self.choice in ("any", "tool")

    @property
    def thinking(self) -> str | None:
        """The type of `thinking`."""
        thinking = self.params.get("thinking")
        return thinking["type"] if thinking else None

    @property
    def thinks(self) -> bool:
        """Whether the model may think."""
        if self.thinking is None:
            return self.model.thinks_unasked
        return self.thinking not in ("disabled", "between_tools")

    @property
    def effort(self) -> str | None:
        config = self.params.get("output_config")
        return config.get("effort") if config else None

    @property
    def format(self) -> dict[str, Any] | None:
        """The required format of the reply."""
        return format_of(self.params)

    @property
    def prefill(self) -> Turn | None:
        """The prefilled start of the reply. A turn that ends in a server tool call is continued instead."""
        last = self.turns[-1]
        if last.role != "assistant" or any(block["type"] in _OF_SERVERS for block in last.blocks):
            return None
        return last

    @cached_property
    def roots(self) -> list[tuple[str, dict[str, Any]]]:
        """The schemas that the reply must follow, with their paths: that of its format, and those of strict tools."""
        strict = [
            (f"tools.{index}.custom", tool["input_schema"])
            for index, tool in enumerate(self.tools)
            if tool.get("strict") and "input_schema" in tool
        ]
        if not self.format:
            return strict
        key = "output_format" if self.format is self.params.get("output_format") else "output_config.format"
        return [(f"{key}.schema", self.format["schema"]), *strict]

    @cached_property
    def limit(self) -> Limit | None:
        """The first unsupported feature in these schemas."""
        for where, root in self.roots:
            if limit := first_limit(root):
                return Limit(limit.kind, {"where": where, **limit.values})
        return None

    def of(self, kind: str) -> list[Placed]:
        """The blocks of a type."""
        return self.blocks.get(kind, [])


def _blocks(content: Any) -> list[Block]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def _inside(blocks: list[Block], path: str, message: int, role: str) -> Iterator[Placed]:
    for place, block in enumerate(blocks):
        yield Placed(block, f"{path}.{place}", message, role)
        inner = block.get("content")
        if block["type"] == "document":
            source = block["source"]
            inner, nested = source.get("content"), f"{path}.{place}.source.content"
        else:
            nested = f"{path}.{place}.content"
        if isinstance(inner, list) and block["type"] in ("tool_result", "document"):
            yield from _inside(inner, nested, message, role)
