"""The default reply to a request: text, tool calls, JSON or citations, with or without thinking."""

from typing import Any

import msgspec

from mockbatch.core.replies.citations import cite, passages
from mockbatch.core.replies.draft import AnyBlock, Draft, Reply, ReplyError, Request
from mockbatch.core.replies.nearest import nearest
from mockbatch.core.replies.prefill import continuation
from mockbatch.core.replies.prompt_hints import NO_HINTS, parse_hints
from mockbatch.core.replies.prose import prose
from mockbatch.core.replies.request_access import (
    answers_tools,
    choice_of,
    goes_on,
    prefill_of,
    schema_of,
    stop_sequences_of,
    waiting_calls,
)
from mockbatch.core.replies.schema import instance
from mockbatch.core.replies.server_tools import finish, run, server_tools
from mockbatch.core.replies.text import whole_text
from mockbatch.core.replies.thinking import think
from mockbatch.core.replies.tools import call_some, callable_tools

__all__ = ["AnyBlock", "Reply", "ReplyError", "Request", "natural_reply", "structured", "write"]

_encode = msgspec.json.Encoder().encode


def natural_reply(request: Request) -> Reply:
    """Return the reply that the request calls for, within its limit."""
    draft = Draft(request)
    if request.limit <= 0:
        return Reply([], "max_tokens", 0)
    think(draft)
    if goes_on(request.params):
        for called in waiting_calls(request.params):
            finish(draft, called)
        return answer(draft)
    return _with_tools(draft) or answer(draft)


def _with_tools(draft: Draft) -> Reply | None:
    """Return a reply that uses tools; None if there are none or they are not used."""
    params = draft.request.params
    kind, name, _ = choice_of(params)
    dice = draft.request.dice("tools")
    forced = kind in ("any", "tool")
    if "tools" not in params or kind == "none":
        return None
    if not forced and (answers_tools(params) or not dice.chance(3, 4)):
        return None
    own, others = callable_tools(params), server_tools(params)
    if kind == "tool":
        own = [tool for tool in own if tool.name == name]
        others = [tool for tool in others if tool.get("name") == name]
    ready = [tool for tool in own if not tool.deferred]
    if others and not (ready and dice.chance(1, 2)):
        return draft.reply(run(draft, dice.choose(others)))
    if ready or (own and kind == "tool"):
        call_some(draft, ready or own)
        return draft.reply("tool_use")
    return None


def answer(draft: Draft) -> Reply:
    """Return a reply in words: JSON for a schema, text with citations, or plain text."""
    params = draft.request.params
    schema = schema_of(params)
    if schema is not None:
        found = nearest(schema, draft.request.dice("schema"), "output_config.format.schema")
        draft.note(found.unmet)
        return write(draft, _encode(found.value).decode())
    finders = passages(params)
    if finders and cite(draft, finders):
        return draft.reply()
    wish = parse_hints(params)
    text = whole_text(draft.request.key) if wish is NO_HINTS else prose(draft.request.dice("prose"), wish)
    if prefill := prefill_of(params):
        text = continuation(prefill, text)
    return write(draft, text)


def structured(request: Request, schema: dict[str, Any]) -> str:
    """Return JSON that is valid against a schema. Raises ReplyError if there is none."""
    return _encode(instance(schema, request.dice("schema"))).decode()


def write(draft: Draft, text: str) -> Reply:
    """Finish the reply with a text, ended early by a stop sequence it contains, or at its end by a random one."""
    stops = stop_sequences_of(draft.request.params)
    found = [(place, stop) for stop in stops if (place := text.find(stop)) >= 0]
    if found:
        place, stop = min(found)
        draft.text(text[:place])
        return draft.reply("stop_sequence", stop)
    draft.text(text)
    dice = draft.request.dice("stop")
    if stops and schema_of(draft.request.params) is None and dice.chance(1, 2):
        return draft.reply("stop_sequence", dice.choose(stops))
    return draft.reply()
