"""Replies that careless code trips over. Each function takes a request and the options of its kind.

Source: https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from mockbatch.core.contract import ids, wire
from mockbatch.core.replies.custom_reply import said_reply
from mockbatch.core.replies.draft import AnyBlock, Draft, Reply, Request
from mockbatch.core.replies.prose import sentence
from mockbatch.core.replies.reply import answer, natural_reply, structured
from mockbatch.core.replies.request_access import schema_of, tools_of
from mockbatch.core.replies.schema import instance, is_valid
from mockbatch.core.replies.server_tools import begin, server_tools
from mockbatch.core.replies.text import english_sentences
from mockbatch.core.replies.thinking import think_surely
from mockbatch.core.replies.tools import callable_tools

Options = dict[str, Any]

CATEGORIES = ("cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms")
CUTS = ("half", "mid_json", "mid_field", "before_text")
_EXPLANATION = "This request was declined because it may be related to an area that was determined as harmful."
_STRING = re.compile(r'"(?:\\.|[^"\\])*"')
_PIECE = re.compile(r"[:,]")
_HUGE = 5_000_000

_NASTY = (
    "line\u2028paragraph\u2029next\u0085line",
    "CR\rLF\nCRLF\r\nVT\x0bFF\x0cFS\x1cGS\x1dRS\x1eend",
    "tab\t NUL\x00 ESC\x1b[31m DEL\x7f BEL\x07",
    "BOM\ufeff nbsp\u00a0 zwsp\u200b zwj\u200d soft\u00adhyphen",
    "rtl \u202eabc\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "e\u0301 \u00e9 \ufb01 \U00020bb7 \U0010ffff \ufffd \uffff \ue000",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd",
    '\\ \\\\ \\n \\u0041 " \' ` "} ]} </script> <![CDATA[ %s {0} ${x} {{y}}',
    "trailing space ",
)


def refusal(request: Request, options: Options) -> Reply:
    text = options.get("text", "")
    return replace(
        said_reply(text, request),
        stop_reason="refusal",
        stop_details={
            "type": "refusal",
            "category": options.get("category", "general_harms"),
            "explanation": options.get("explanation", _EXPLANATION),
        },
    )


def empty(request: Request, options: Options) -> Reply:
    return Reply([], "end_turn", 0)


def thinking_first(request: Request, options: Options) -> Reply:
    draft = Draft(request)
    think_surely(draft, shown=True)
    return answer(draft)


def redacted_thinking(request: Request, options: Options) -> Reply:
    draft = Draft(request)
    think_surely(draft, redacted=True)
    return answer(draft)


def wrong_tool(request: Request, options: Options) -> Reply:
    offered = {tool.get("name") for tool in tools_of(request.params)}
    own = callable_tools(request.params)
    name = options.get("name") or (f"{own[0].name}_v2" if own else "no_such_tool")
    while name in offered:
        name += "_v2"
    draft = Draft(request)
    draft.call(name, instance(own[0].schema, request.dice("input")) if own else {})
    return draft.reply("tool_use")


def schema_violation(request: Request, options: Options) -> Reply:
    schema, own = schema_of(request.params), callable_tools(request.params)
    draft = Draft(request)
    if schema is None and own:
        draft.call(own[0].name, _violating(own[0].schema, request, of_tool=True))
        return draft.reply("tool_use")
    draft.text(_json(_violating(schema, request) if schema is not None else {"unexpected": None}))
    return draft.reply()


def _violating(schema: dict[str, Any], request: Request, *, of_tool: bool = False) -> Any:
    """Return JSON that violates the schema in one place."""
    value = instance(schema, request.dice("schema"))
    for broken in _broken(value):
        if (isinstance(broken, dict) or not of_tool) and not is_valid(schema, broken):
            return broken
    return {"unexpected": value}


def _broken(value: Any) -> Iterator[Any]:
    """Yield the value with one defect: a wrong type, a missing or an extra field."""
    if isinstance(value, dict):
        for name, nested in value.items():
            wrong = str(nested) if isinstance(nested, int | float) else 0
            yield {**value, name: wrong}
        for name in reversed(value):
            yield {other: value[other] for other in value if other != name}
        yield {**value, "unexpected": True}
    elif isinstance(value, list):
        yield [*value, {"unexpected": True}]
    yield {"unexpected": True}
    yield None
    yield "unexpected"
    yield []


def cut_json(request: Request, options: Options) -> Reply:
    return _cut(request, "mid_field")


def truncate(request: Request, options: Options) -> Reply:
    return _cut(request, options.get("cut", "half"))


def _cut(request: Request, how: str) -> Reply:
    """Return the reply as `max_tokens` would have cut it."""
    own = callable_tools(request.params)
    if own and schema_of(request.params) is None and how in ("mid_json", "mid_field"):
        return _cut_call(request)
    if how == "before_text":
        draft = Draft(request)
        think_surely(draft)
        return draft.reply("max_tokens")
    if how == "half":
        return _halved(natural_reply(request), request, "max_tokens")
    text = _json_text(request)
    places = _STRING.finditer(text) if how == "mid_field" else _PIECE.finditer(text)
    ends = [(found.start() + found.end() + 1) // 2 for found in places]
    cut = said_reply(text[: ends[-1]] if ends else text[: len(text) // 2], request)
    return replace(cut, stop_reason="max_tokens")


def _cut_call(request: Request) -> Reply:
    """Return a tool call without the end of its input."""
    tool = callable_tools(request.params)[0]
    value = instance(tool.schema, request.dice("input"))
    kept = dict(list(value.items())[: len(value) // 2]) if isinstance(value, dict) else {}
    draft = Draft(request)
    draft.call(tool.name, kept, tool.toolset)
    return draft.reply("max_tokens")


def _halved(reply: Reply, request: Request, stop_reason: str) -> Reply:
    """Return the reply without the second half of its last text."""
    content = list(reply.content)
    last = content.pop() if content else None
    if isinstance(last, wire.TextBlock):
        half = last.text[: len(last.text) // 2]
        content += [wire.TextBlock(half)] if half else []
    elif last is not None and not content:
        content.append(last)
    thought = reply.thinking_tokens or 0
    written = [block for block in content if not isinstance(block, wire.ThinkingBlock)]
    return replace(
        reply,
        content=content,
        stop_reason=stop_reason,
        stop_sequence=None,
        output_tokens=thought + said_reply(written, request).output_tokens,
    )


def _json_text(request: Request) -> str:
    schema = schema_of(request.params)
    if schema is not None:
        return structured(request, schema)
    return _json({"answer": sentence(request.dice("prose"))})


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def fenced_json(request: Request, options: Options) -> Reply:
    text = f"Here is the JSON you asked for:\n\n```json\n{_json_text(request)}\n```\n\nLet me know if you need more."
    return said_reply(text, request)


def pause_turn(request: Request, options: Options) -> Reply:
    draft = Draft(request)
    offered = server_tools(request.params)
    begin(draft, offered[0] if offered else {"type": "web_search_20250305"})
    return draft.reply("pause_turn")


def context_exceeded(request: Request, options: Options) -> Reply:
    return _halved(natural_reply(request), request, "model_context_window_exceeded")


def huge_line(request: Request, options: Options) -> Reply:
    size = options.get("bytes", _HUGE)
    part = " ".join(english_sentences()) + " "
    return said_reply((part * (size // len(part) + 1))[:size], request)


def nasty_text(request: Request, options: Options) -> Reply:
    return said_reply(" | ".join(_NASTY), request)


def unknown_block(request: Request, options: Options) -> Reply:
    kind = options.get("type", "hologram")
    odd: AnyBlock = {"type": kind, "id": ids.opaque(request.key, "odd", 24), "data": {"version": 1}}
    reply = natural_reply(request)
    return replace(reply, content=[odd, *reply.content])


def server_tool_use(request: Request, options: Options) -> Reply:
    used = wire.ServerToolUse(options.get("web_search_requests", 1), options.get("web_fetch_requests", 0))
    return replace(natural_reply(request), server_tool_use=used)
