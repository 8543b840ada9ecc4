"""Tools that the API runs itself: the call, its result, and an answer.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool, .../web-fetch-tool,
.../code-execution-tool, .../tool-search-tool
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from mockbatch.core.contract import ids, wire
from mockbatch.core.replies.draft import AnyBlock, Draft, Request
from mockbatch.core.replies.prose import sentence, sentences
from mockbatch.core.replies.request_access import kind_of, prompt_of, tools_of
from mockbatch.core.replies.rng import Rng
from mockbatch.core.replies.tools import Tool, call, callable_tools

_URL = re.compile(r"https?://[^\s\"'<>)\]]+")
_HOSTS = ("example.com", "example.org", "example.net")
_PYTHON_ONLY = "code_execution_20250522"
_CONTAINER_DAYS = 30
_ENCRYPTED, _INDEX = 280, 120
_USUAL_USES = 3
_Execution = Literal["code_execution", "bash_code_execution", "text_editor_code_execution"]


def server_tools(params: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tools of a request that the API runs."""
    return [tool for tool in tools_of(params) if kind_of(tool) in _RUN]


def run(draft: Draft, tool: dict[str, Any]) -> str:
    """Use the tool, write an answer, and return the stop reason."""
    dice = draft.request.dice("server tools")
    return _RUN[kind_of(tool)](draft, tool, dice)


def begin(draft: Draft, tool: dict[str, Any]) -> None:
    """Call the tool without waiting for its result."""
    draft.server_call(*_first_call(draft.request, tool, draft.request.dice("server tools")))


def _first_call(request: Request, tool: dict[str, Any], dice: Rng) -> tuple[wire.ServerTool, dict[str, Any]]:
    match kind_of(tool):
        case "web_fetch":
            return "web_fetch", {"url": _address(request, tool, dice)}
        case "code_execution":
            return "bash_code_execution", {"command": "python --version"}
        case "tool_search_tool_bm25":
            return "tool_search_tool_bm25", {"query": _query(request, dice)}
        case "tool_search_tool_regex":
            return "tool_search_tool_regex", {"pattern": ".*"}
    return "web_search", {"query": _query(request, dice)}


def finish(draft: Draft, called: dict[str, Any]) -> None:
    """Write the result of a call that ended the reply so far."""
    params, tool_id = draft.request.params, str(called["id"])
    dice = draft.request.dice(f"server tools/{tool_id}")
    name, arguments = called.get("name"), called.get("input")
    arguments = arguments if isinstance(arguments, dict) else {}
    tool = next((tool for tool in server_tools(params) if tool.get("name") == name), {})
    match name:
        case "web_search":
            _searched(draft, tool_id, tool, dice)
        case "web_fetch":
            _fetched(draft, tool_id, str(arguments.get("url") or _address(draft.request, tool, dice)), tool, dice)
        case "tool_search_tool_bm25" | "tool_search_tool_regex":
            _found_tools(draft, tool_id, dice)
        case "code_execution" | "bash_code_execution" | "text_editor_code_execution":
            draft.container = container_of(draft.request)
            draft.result(_done(name, tool_id, f"{dice.between(2, 99) * dice.between(2, 99)}\n"))


def _search(draft: Draft, tool: dict[str, Any], dice: Rng) -> str:
    results: list[wire.WebSearchResultBlock] = []
    for _ in range(min(dice.choose((1, 1, 2)), _uses(tool))):
        tool_id = draft.server_call(*_first_call(draft.request, tool, dice))
        if tool_id is None:
            return "max_tokens"
        results = _searched(draft, tool_id, tool, dice)
    draft.text(f"Based on what I found: {sentence(dice)} ")
    cited = dice.choose(results)
    text = sentence(dice)
    index = ids.opaque(draft.request.key, "encrypted index", _INDEX)
    draft.text(text, [wire.WebSearchResultLocation(text, cited.url, cited.title, index)])
    return "end_turn"


def _searched(draft: Draft, tool_id: str, tool: dict[str, Any], dice: Rng) -> list[wire.WebSearchResultBlock]:
    results = [_found(draft.request, tool, dice, place) for place in range(dice.between(2, 5))]
    draft.result(wire.WebSearchToolResultBlock(tool_id, results))
    return results


def _found(request: Request, tool: dict[str, Any], dice: Rng, place: int) -> wire.WebSearchResultBlock:
    return wire.WebSearchResultBlock(
        title=" ".join(sentence(dice).split()[:6]).rstrip(".,:;"),
        url=f"https://{_host(tool, dice)}/articles/{dice.between(1_000, 99_999)}",
        encrypted_content=ids.opaque(request.key, f"result/{place}", _ENCRYPTED),
        page_age=dice.choose((None, "3 days ago", "March 3, 2026", "August 21, 2025")),
    )


def _fetch(draft: Draft, tool: dict[str, Any], dice: Rng) -> str:
    name, arguments = _first_call(draft.request, tool, dice)
    tool_id = draft.server_call(name, arguments)
    if tool_id is None:
        return "max_tokens"
    text = _fetched(draft, tool_id, arguments["url"], tool, dice)
    draft.text(f"The page says: {text[: text.index('.') + 1]} {sentence(dice)}")
    return "end_turn"


def _fetched(draft: Draft, tool_id: str, url: str, tool: dict[str, Any], dice: Rng) -> str:
    text = sentences(dice, dice.between(4, 12))
    cited = tool.get("citations")
    config = wire.CitationsConfig(cited["enabled"] is True) if isinstance(cited, dict) and "enabled" in cited else None
    document = wire.DocumentBlock(wire.PlainTextSource("text/plain", text), sentence(dice).rstrip("."), config)
    draft.result(wire.WebFetchToolResultBlock(tool_id, wire.WebFetchBlock(url, document, draft.request.created_at)))
    return text


def _execute(draft: Draft, tool: dict[str, Any], dice: Rng) -> str:
    draft.container = container_of(draft.request)
    one, other = dice.between(2, 99), dice.between(2, 99)
    program, printed = f"print({one} * {other})", f"{one * other}\n"
    if tool.get("type") == _PYTHON_ONLY:
        done = _run_python(draft, program, printed)
    elif dice.chance(1, 3):
        done = _write_file(draft, program) and _run_bash(draft, "python /tmp/task.py", printed)
    else:
        done = _run_bash(draft, f'python -c "{program}"', printed)
    draft.text(f"The program printed {printed.strip()}. {sentence(dice)}" if done else "")
    return "end_turn"


def _run_python(draft: Draft, program: str, printed: str) -> bool:
    return _ran(draft, "code_execution", {"code": program}, printed)


def _run_bash(draft: Draft, command: str, printed: str) -> bool:
    return _ran(draft, "bash_code_execution", {"command": command}, printed)


def _write_file(draft: Draft, program: str) -> bool:
    arguments = {"command": "create", "path": "/tmp/task.py", "file_text": program + "\n"}
    return _ran(draft, "text_editor_code_execution", arguments, "")


def _ran(draft: Draft, name: _Execution, arguments: dict[str, Any], printed: str) -> bool:
    """Call a tool of the container. Return False if it did not fit."""
    tool_id = draft.server_call(name, arguments)
    if tool_id:
        draft.result(_done(name, tool_id, printed))
    return tool_id is not None


def _done(name: _Execution, tool_id: str, printed: str) -> AnyBlock:
    match name:
        case "code_execution":
            return wire.CodeExecutionToolResultBlock(tool_id, wire.CodeExecutionResultBlock(printed, "", 0, []))
        case "bash_code_execution":
            result = wire.BashCodeExecutionResultBlock(printed, "", 0, [])
            return wire.BashCodeExecutionToolResultBlock(tool_id, result)
    return wire.TextEditorToolResultBlock(tool_id, wire.TextEditorCreateResultBlock(False))


def _search_tools(draft: Draft, tool: dict[str, Any], dice: Rng) -> str:
    """Search for a deferred tool and call the first one found."""
    tool_id = draft.server_call(*_first_call(draft.request, tool, dice))
    if tool_id is None:
        return "max_tokens"
    if found := _found_tools(draft, tool_id, dice):
        call(draft, found[0])
        return "tool_use"
    draft.text(sentences(dice, 2))
    return "end_turn"


def _found_tools(draft: Draft, tool_id: str, dice: Rng) -> list[Tool]:
    deferred = [known for known in callable_tools(draft.request.params) if known.deferred]
    found = dice.shuffled(deferred)[: dice.between(1, 3)]
    references = [wire.ToolReferenceBlock(known.name) for known in found]
    draft.result(wire.ToolSearchToolResultBlock(tool_id, wire.ToolSearchResultBlock(references)))
    return found


_RUN: dict[str, Callable[[Draft, dict[str, Any], Rng], str]] = {
    "web_search": _search,
    "web_fetch": _fetch,
    "code_execution": _execute,
    "tool_search_tool_bm25": _search_tools,
    "tool_search_tool_regex": _search_tools,
}


def container_of(request: Request) -> wire.Container:
    """Return the container that the request names, or a new one."""
    named = request.params.get("container")
    options = named if isinstance(named, dict) else {"id": named}
    name = options.get("id")
    until = datetime.fromisoformat(request.created_at) + timedelta(days=_CONTAINER_DAYS)
    skills = [
        wire.ContainerSkill(str(skill.get("skill_id")), kind, str(skill.get("version") or "latest"))
        for skill in options.get("skills") or ()
        if isinstance(skill, dict) and (kind := skill.get("type")) in ("anthropic", "custom")
    ]
    return wire.Container(
        name if isinstance(name, str) else ids.container_id(request.key, "container"),
        until.isoformat(),
        skills or None,
    )


def _uses(tool: dict[str, Any]) -> int:
    most = tool.get("max_uses")
    return most if isinstance(most, int) and most > 0 else _USUAL_USES


def _host(tool: dict[str, Any], dice: Rng) -> str:
    allowed = tool.get("allowed_domains")
    hosts = [host for host in allowed if isinstance(host, str)] if isinstance(allowed, list) else []
    return dice.choose(hosts or _HOSTS)


def _address(request: Request, tool: dict[str, Any], dice: Rng) -> str:
    """Return the URL in the prompt, or a URL on an allowed host."""
    named = _URL.search(prompt_of(request.params))
    return named[0].rstrip(".,") if named else f"https://{_host(tool, dice)}/pages/{dice.between(1, 999)}"


def _query(request: Request, dice: Rng) -> str:
    words = prompt_of(request.params).split()[:8]
    return " ".join(words)[:200] or sentence(dice)
