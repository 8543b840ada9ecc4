"""The kinds of replies that rules can name. To add one, write a function and a line in REPLIES."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.replies import edge_cases as odd
from mockbatch.core.replies.custom_reply import STREAMED, check_said, check_usage, said_reply
from mockbatch.core.replies.draft import FUNCTION, Draft, Reply, ReplyError, ReplySpec, Request
from mockbatch.core.replies.prose import sentences
from mockbatch.core.replies.reply import natural_reply, structured, write
from mockbatch.core.replies.request_access import prompt_of, schema_of
from mockbatch.core.replies.schema import check_schema
from mockbatch.core.replies.template import compiled, rendered
from mockbatch.core.sizes import LARGEST_TEXT, parse_size
from mockbatch.core.suggestions import did_you_mean

Options = dict[str, Any]
Maker = Callable[[Request, Options], Reply]

_LOREM = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna "
    "aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat"
)


class Outside(Struct, frozen=True):
    """The type of an option whose text names `what`, something outside; it may not be set over HTTP."""

    what: str
    type: type = str


class ReplyKind(Struct, frozen=True):
    """A kind of reply. `options` maps option names to types; `main` is the option that the shorthand `{template =
    "..."}` sets."""

    explanation: str
    make: Maker
    options: Mapping[str, type | tuple[type, ...] | tuple[str, ...] | Outside] = {}
    main: str | None = None
    needs_main: bool = False


def _natural(request: Request, options: Options) -> Reply:
    return natural_reply(request)


def _static(request: Request, options: Options) -> Reply:
    return said_reply(options["static"], request)


def _template(request: Request, options: Options) -> Reply:
    if "template" not in options:
        raise ReplyError(f"the template file {options.get('file')} was not read")
    return said_reply(rendered(options["template"], request), request)


def _echo(request: Request, options: Options) -> Reply:
    return write(Draft(request), options.get("prefix", "") + prompt_of(request.params))


def _lorem(request: Request, options: Options) -> Reply:
    dice, known = request.dice("lorem"), _LOREM.split()
    words = " ".join(dice.choose(known) for _ in range(options.get("words", 60)))
    return write(Draft(request), f"{words.capitalize()}." if words else "")


def _text(request: Request, options: Options) -> Reply:
    return write(Draft(request), sentences(request.dice("prose"), options.get("sentences", 3)))


def _schema(request: Request, options: Options) -> Reply:
    schema = options.get("schema") or schema_of(request.params)
    if schema is None:
        raise ReplyError("the rule gives no schema, and the request has no output_config.format")
    return write(Draft(request), structured(request, schema))


def _function(request: Request, options: Options) -> Reply:
    raise ValueError(f"{FUNCTION} replies are made by the caller")


_COMMON: dict[str, Any] = {"usage": dict, "stop_reason": str, "stop_sequence": str}

REPLIES: dict[str, ReplyKind] = {
    "natural": ReplyKind("What the request asks for: text, tool calls, JSON, citations.", _natural),
    "text": ReplyKind("A few sentences, regardless of the request.", _text, {"sentences": int}, "sentences"),
    "static": ReplyKind(
        "A text, a list of blocks or a whole message, verbatim.",
        _static,
        {"static": (str, list, dict)},
        "static",
        needs_main=True,
    ),
    "template": ReplyKind(
        "A Jinja2 template that sees request, prompt, system, custom_id, index, session, batch, fake and others.",
        _template,
        {"template": str, "file": Outside("a file")},
        "template",
        needs_main=True,
    ),
    "echo": ReplyKind("The text of the last user message.", _echo, {"prefix": str}, "prefix"),
    "lorem": ReplyKind("The given number of words of lorem ipsum.", _lorem, {"words": int}, "words"),
    "schema": ReplyKind(
        "JSON valid against the given schema, or against the schema of the request.",
        _schema,
        {"schema": dict},
        "schema",
    ),
    FUNCTION: ReplyKind(
        "The return value of a Python function: `module:function`.",
        _function,
        {FUNCTION: Outside("a Python function")},
        FUNCTION,
        needs_main=True,
    ),
    "refusal": ReplyKind(
        "A refusal: stop_reason refusal with stop_details, and no text unless given.",
        odd.refusal,
        {"category": odd.CATEGORIES, "explanation": str, "text": str},
        "category",
    ),
    "empty": ReplyKind("No content at all, and stop_reason end_turn.", odd.empty),
    "thinking_first": ReplyKind("A thinking block before the text, so content[0] has no text.", odd.thinking_first),
    "redacted_thinking": ReplyKind("A redacted_thinking block before the text.", odd.redacted_thinking),
    "wrong_tool": ReplyKind("A call to a tool that was not offered.", odd.wrong_tool, {"name": str}, "name"),
    "schema_violation": ReplyKind(
        "JSON, or a tool input, that violates its schema in one place.", odd.schema_violation
    ),
    "fenced_json": ReplyKind("JSON inside a Markdown fence, between two sentences.", odd.fenced_json),
    "cut_json": ReplyKind("JSON cut in the middle of a string, with stop_reason max_tokens.", odd.cut_json),
    "truncate": ReplyKind(
        "A reply cut by max_tokens: halfway, between two JSON fields, inside one, or before any text.",
        odd.truncate,
        {"cut": odd.CUTS},
        "cut",
    ),
    "pause_turn": ReplyKind("A server tool called and no result yet, with stop_reason pause_turn.", odd.pause_turn),
    "context_exceeded": ReplyKind("Half a text, with stop_reason model_context_window_exceeded.", odd.context_exceeded),
    "huge_line": ReplyKind("A text of 5 MB, or of the given size.", odd.huge_line, {"bytes": (int, str)}, "bytes"),
    "nasty_text": ReplyKind(
        "Code points that break parsers: U+2028, U+0085, NUL, emoji, right-to-left, quotes.", odd.nasty_text
    ),
    "unknown_block": ReplyKind(
        "A block of a type unknown to all SDKs, before the content.", odd.unknown_block, {"type": str}, "type"
    ),
    "server_tool_use": ReplyKind(
        "The default reply, with these server tool counts in its usage.",
        odd.server_tool_use,
        {"web_search_requests": int, "web_fetch_requests": int},
        "web_search_requests",
    ),
}


def parse_reply(value: Any) -> ReplySpec:
    """Parse the reply of a rule: `"echo"`, `{template = "..."}`, `{kind = "truncate", cut = "half"}`, `{file = "..."}`,
    or a whole message.

    Raises ValueError with a suggestion.
    """
    if isinstance(value, str):
        return _checked(value, {}, f"; to reply with this text, write {{static = {value!r}}}")
    if not isinstance(value, dict):
        raise ValueError(f"a reply is the name of a kind or a table, not {value!r}")
    if "content" in value:
        return _checked("static", {"static": value})
    if "kind" in value:
        options = {name: option for name, option in value.items() if name != "kind"}
        return _checked(str(value["kind"]), options)
    if "file" in value:
        return _checked("template", dict(value))
    named = [name for name in value if name in REPLIES]
    if len(named) != 1:
        raise ValueError(_unnamed(value, named))
    kind = named[0]
    options = {name: option for name, option in value.items() if name != kind}
    main = REPLIES[kind].main
    if main is not None and value[kind] is not True:
        options[main] = value[kind]
    elif value[kind] not in (True, {}):
        raise ValueError(f"{kind} takes no value; write {kind!r} or {{{kind} = true}}")
    return _checked(kind, options)


def unsendable(value: Any) -> str | None:
    """Return why a reply may not be set over HTTP: it names a file or code, correctly or not. None if it may."""
    if not isinstance(value, Mapping):
        return None
    for kind in REPLIES.values():
        for name, type in kind.options.items():
            if isinstance(type, Outside) and name in value:
                return (
                    f"{name} names {type.what}, which is not taken over HTTP; put the rule into the "
                    "configuration file of the server"
                )
    return None


def _unnamed(value: dict[str, Any], named: list[str]) -> str:
    if named:
        return f"a reply has one kind, not {' and '.join(named)}"
    near = next((hint for name in value if (hint := did_you_mean(str(name), REPLIES))), "")
    return f"the reply names no kind; its keys are {', '.join(map(str, value)) or 'nothing'}.{near}"


def _checked(kind: str, options: Options, hint: str = "") -> ReplySpec:
    known = REPLIES.get(kind)
    if known is None:
        raise ValueError(f"{kind!r} is not a kind of reply{hint}.{did_you_mean(kind, REPLIES)}")
    if known.needs_main and known.main not in options and "file" not in options:
        raise ValueError(f"{kind} needs a value: {{{kind} = ...}}")
    types = {**known.options, **_COMMON}
    for name, value in options.items():
        if name not in types:
            raise ValueError(f"{name!r} is not an option of {kind}.{did_you_mean(name, types)}")
        _check_type(name, value, types[name])
    spec = ReplySpec(kind, _converted(options))
    _check_source(spec)
    return spec


def _check_type(name: str, value: Any, wanted: Any) -> None:
    wanted = wanted.type if isinstance(wanted, Outside) else wanted
    allowed = wanted if isinstance(wanted, tuple) else (wanted,)
    if isinstance(allowed[0], str):
        if value not in allowed:
            raise ValueError(
                f"{name} is one of {', '.join(allowed)}, not {value!r}.{did_you_mean(str(value), allowed)}"
            )
    elif not isinstance(value, allowed) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
        raise ValueError(f"{name} is {_spelled(allowed)}, not {value!r}")
    elif isinstance(value, int) and value > LARGEST_TEXT:
        raise ValueError(f"{name} is at most {LARGEST_TEXT:,}, not {value:,}")


def _spelled(types: tuple[type, ...]) -> str:
    names = {str: "a text", int: "a number", dict: "a table", list: "a list"}
    return " or ".join(names[kind] for kind in types)


def _converted(options: Options) -> Options:
    size = options.get("bytes")
    if not isinstance(size, str):
        return options
    try:
        parsed = {"bytes": parse_size(size.strip())}
    except ValueError:
        raise ValueError(f"bytes is a size such as 5MB, not {size!r}") from None
    _check_type("bytes", parsed["bytes"], int)
    return {**options, **parsed}


def _check_source(spec: ReplySpec) -> None:
    """Validate the contents of options when the rule is parsed, not when it is used."""
    try:
        text = json.dumps(spec.options, ensure_ascii=False, allow_nan=False)
        text.encode()
        msgspec.msgpack.encode(spec.options)  # JSON alone would take integers of any size
    except (TypeError, OverflowError, RecursionError, ValueError) as error:
        raise ValueError(f"the reply cannot be written as JSON: {str(error)[:200]}") from None
    try:
        if "static" in spec.options:
            check_said(spec.options["static"])
        if "usage" in spec.options:
            check_usage(spec.options["usage"])
        if "template" in spec.options:
            compiled(spec.options["template"])
        if "schema" in spec.options:
            check_schema(spec.options["schema"])
    except ReplyError as error:
        raise ValueError(error.message) from None
    if spec.kind == "unknown_block" and spec.options.get("type") in STREAMED:
        raise ValueError(f"type: every SDK knows a block of type {spec.options['type']!r}")


def with_template(spec: ReplySpec, text: str) -> ReplySpec:
    """Return the spec with the text of its template file. Raises ValueError if the template is invalid."""
    whole = replace(spec, options={**spec.options, "template": text})
    _check_source(whole)
    return whole


def make_reply(spec: ReplySpec, request: Request) -> Reply:
    """Return the reply of a rule. Raises ReplyError; ValueError for kinds that the caller produces."""
    reply = REPLIES[spec.kind].make(request, spec.options)
    if reply.unmet:
        raise ReplyError(reply.unmet)
    return with_options(reply, spec)


def callable_reply(value: Any, request: Request, spec: ReplySpec | None = None) -> Reply:
    """Return the reply for a function's return value or a recording: a text, a list of blocks or a message.

    Raises ReplyError for anything else.
    """
    reply = said_reply(value, request)
    return with_options(reply, spec) if spec is not None else reply


def with_options(reply: Reply, spec: ReplySpec) -> Reply:
    """Return the reply with the options common to all kinds: usage, stop_reason, stop_sequence."""
    changes: dict[str, Any] = {
        name: spec.options[name] for name in ("stop_reason", "stop_sequence") if name in spec.options
    }
    if "stop_sequence" in changes:
        changes.setdefault("stop_reason", "stop_sequence")
    if "usage" in spec.options:
        changes["usage"] = {**(reply.usage or {}), **spec.options["usage"]}
    return replace(reply, **changes) if changes else reply
