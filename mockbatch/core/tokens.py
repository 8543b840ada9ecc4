"""A deterministic estimate of the tokens of a request and a reply.

Text: characters / 4, more for characters with several UTF-8 bytes; newer tokenizers produce about 30 % more. Images:
patches of 28 pixels after scaling down. Tools: the size of their definitions and a fixed preamble.
Source: https://platform.claude.com/docs/en/build-with-claude/token-counting, .../vision, .../pricing
"""

from collections.abc import Iterable
from math import ceil
from typing import Any

from msgspec import Struct
from msgspec.json import Encoder

from mockbatch.core.contract.model import Model
from mockbatch.core.media.encoded import UnreadableMedia
from mockbatch.core.media.images import size_in
from mockbatch.core.media.pdf import pdf_in
from mockbatch.core.numbers import natural, shortened
from mockbatch.core.suggestions import did_you_mean

_BASE = 7
_PER_MESSAGE = 3
_PDF_PAGE = 2_250 + 1_560
_IMAGE_OF_UNKNOWN_SIZE = 1_560
_PATCH = 28

# tools that the API defines, except bash: the tokens of each
_TOOL_TOKENS: dict[str, int] = {"text_editor": 700, "computer_toolset": 4_500, "browser_toolset": 6_600}
_TOOL_CALL = 8
_NON_ASCII = 0.28

_encode = Encoder().encode


def _json_weight(value: Any) -> float:
    try:
        return len(_encode(value)) / 4
    except OverflowError:  # an integer of more than 64 bits
        return len(str(value)) / 4


def text_weight(text: str) -> float:
    """Return the tokens of `text` for the older tokenizer, unrounded."""
    if text.isascii():
        return len(text) / 4
    characters = len(text)
    return characters / 4 + _NON_ASCII * (len(text.encode("utf-8", "surrogatepass")) - characters)


def text_tokens(text: str, model: Model) -> int:
    """Return the tokens of a text; 0 only for an empty one."""
    return ceil(text_weight(text) * model.tokens_factor)


def text_within(text: str, tokens: int, model: Model) -> str:
    """Return the longest prefix of `text` with at most `tokens` tokens."""
    return text_of_weight(text, tokens / model.tokens_factor)


def text_of_weight(text: str, weight: float) -> str:
    """Return the longest prefix of `text` with at most that weight."""
    if text.isascii():
        return text[: max(int(weight * 4), 0)]
    start = 0
    least, most = 0, len(text)
    while least <= most:
        start = (least + most) // 2
        if text_weight(text[:start]) <= weight:
            least = start + 1
        else:
            most = start - 1
    return text[: max(most, 0)]


def call_weight(name: str, arguments: Any) -> float:
    """Return the tokens of a tool call for the older tokenizer, unrounded."""
    return _TOOL_CALL + text_weight(name) + _json_weight(arguments)


def output_weight(block: dict[str, Any]) -> float:
    """Return the output tokens of a block of a reply, unrounded; blocks that the API itself adds have none."""
    match block:
        case {"type": "text", "text": str(text)} | {"type": "thinking", "thinking": str(text)}:
            return text_weight(text)
        case {"type": "tool_use" | "server_tool_use" | "mcp_tool_use", "name": str(name), "input": arguments}:
            return call_weight(name, arguments)
    return 0


def weighed(weight: float) -> int:
    """Convert a weight to a number of tokens."""
    return ceil(round(weight, 6))


class TokenRule(Struct, frozen=True):
    """How tokens are reported: as counted, or as fixed numbers."""

    input: int | None = None
    output: int | None = None


COUNTED = TokenRule()
_FIXED = TokenRule(1_000, 200)
_MOST_FIXED = 1_000_000_000_000


def parse_tokens(text: str) -> TokenRule:
    """Parse `counted`, `fixed` (1,000 and 200), or a text like `fixed:input=1000,output=200`; omitted values are
    counted.

    Raises ValueError, which suggests the right spelling.
    """
    kind, colon, given = text.partition(":")
    if kind not in ("counted", "fixed") or (kind == "counted" and colon):
        near = did_you_mean(kind[:100], ["counted", "fixed"])
        raise ValueError(f"{shortened(text)} is not counted, fixed or fixed:input=N,output=N.{near}")
    if not colon:
        return COUNTED if kind == "counted" else _FIXED
    numbers: dict[str, int] = {}
    for part in given.split(","):
        name, _, number = part.strip().partition("=")
        if name not in ("input", "output"):
            raise ValueError(f"{name!r} is not input or output.{did_you_mean(name, ['input', 'output'])}")
        count = natural(number)
        if count is None or count > _MOST_FIXED:
            raise ValueError(f"{name}: {shortened(number)} is not a number of tokens")
        numbers[name] = count
    return TokenRule(**numbers)


class FixedWeight(Struct, frozen=True):
    """The weight of a prompt without its messages. `tools` are the definitions; `tokens` are added unweighted."""

    system: float
    tools: tuple[float, ...]
    tokens: int


def fixed_weight(params: dict[str, Any], model: Model) -> FixedWeight:
    """Return the weight of the system prompt and the tools of a request."""
    system, tokens = _content_weight(params.get("system"), model), _BASE
    weights = []
    if tools := params.get("tools"):
        tokens += _tool_preamble(params, model)
        for tool in tools if isinstance(tools, list) else [tools]:
            defined = _defined_tool(tool, model)
            tokens += defined
            weights.append(0 if defined else _json_weight(tool))
    return FixedWeight(system, tuple(weights), tokens)


def tokens_with(fixed: FixedWeight, messages: Any, model: Model) -> int:
    """Return the tokens of a prompt with these messages."""
    weight = fixed.system
    if isinstance(messages, list):
        weight += _PER_MESSAGE * len(messages)
        for message in messages:
            weight += _content_weight(message.get("content") if isinstance(message, dict) else message, model)
    return fixed.tokens + ceil(_added(fixed.tools, weight) * model.tokens_factor)


def input_tokens(params: dict[str, Any], model: Model) -> int:
    """Return the tokens of system, messages and tools of a request. Unknown content counts as its JSON."""
    return tokens_with(fixed_weight(params, model), params.get("messages"), model)


def part_tokens(part: Any, model: Model) -> float:
    """Return the tokens of one part of a prompt, unrounded: a text, a content block, a tool definition."""
    return _content_weight(part, model) * model.tokens_factor


def frame_tokens(model: Model) -> tuple[float, int]:
    """Return the tokens added by each message, and by the first tool."""
    return _PER_MESSAGE * model.tokens_factor, model.tool_preamble[0]


def _tool_preamble(params: dict[str, Any], model: Model) -> int:
    auto, forced = model.tool_preamble
    choice = params.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, dict) else None
    return forced if kind in ("any", "tool") else auto


def _defined_tool(tool: Any, model: Model) -> int:
    """Return the tokens of a tool that the API defines; 0 for a tool whose definition is counted."""
    kind = tool.get("type") if isinstance(tool, dict) else None
    family = kind.rpartition("_")[0] if isinstance(kind, str) else ""
    return model.bash_tokens if family == "bash" else _TOOL_TOKENS.get(family, 0)


def _added(weights: Iterable[float], total: float = 0) -> float:
    """Add weights one by one: `sum` rounds differently since Python 3.12."""
    for weight in weights:
        total += weight
    return total


def _content_weight(content: Any, model: Model) -> float:
    if content is None:
        return 0
    if isinstance(content, str):
        return text_weight(content)
    if isinstance(content, list):
        return _added(_content_weight(block, model) for block in content)
    if not isinstance(content, dict):
        return _json_weight(content)
    match content:
        case {"type": "text", "text": str(text)}:
            return text_weight(text)
        case {"type": "image", "source": source}:
            return image_tokens(source, model) / model.tokens_factor
        case {"type": "document", "source": source}:
            return _document_weight(source, model)
        case {"type": "tool_result", "content": nested}:
            return _content_weight(nested, model) + _TOOL_CALL
        case {"type": "tool_use" | "server_tool_use", "name": str(name), "input": arguments}:
            return call_weight(name, arguments)
        case {"type": "thinking", "thinking": str(text)}:
            return text_weight(text)
    return _json_weight(content)


def _document_weight(source: Any, model: Model) -> float:
    match source:
        case {"type": "text", "data": str(text)}:
            return text_weight(text)
        case {"type": "content", "content": nested}:
            return _content_weight(nested, model)
        case {"type": "base64", "data": str(data)}:
            return _pages(data) * _PDF_PAGE
    return _PDF_PAGE


def image_tokens(source: Any, model: Model) -> int:
    """Return the tokens of an image block's source; assumes a typical size if the image is unreadable."""
    match source:
        case {"type": "base64", "data": str(data)}:
            size = size_in(data)
            return image_size_tokens(*size, model) if size else _IMAGE_OF_UNKNOWN_SIZE
    return _IMAGE_OF_UNKNOWN_SIZE


def image_size_tokens(width: int, height: int, model: Model) -> int:
    """Return the tokens of an image of that size in pixels, after scaling down to the model's limit."""
    longest, most = model.image_side, model.image_tokens
    long, short = max(width, height, 1), max(min(width, height), 1)
    for side in (min(long, longest), *range(min(long, longest) // _PATCH * _PATCH, 0, -_PATCH)):
        patches: int = ceil(side / _PATCH) * max(ceil(round(short * side / long) / _PATCH), 1)
        if patches <= most:
            return patches
    return most


def _pages(data: str) -> int:
    """Return the number of pages of a base64-encoded PDF, or 1 if it is unreadable."""
    try:
        return pdf_in(data).pages
    except UnreadableMedia:
        return 1
