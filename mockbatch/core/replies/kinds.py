"""The kinds of replies that a rule can name. Add one with a function and a line in REPLIES."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.names import did_you_mean
from mockbatch.core.replies import odd
from mockbatch.core.replies.asked import prompt_of, schema_of
from mockbatch.core.replies.forms import FUNCTION, Draft, Reply, ReplyError, ReplySpec, Request
from mockbatch.core.replies.prose import sentences
from mockbatch.core.replies.reply import natural_reply, structured, write
from mockbatch.core.replies.said import STREAMED, check_said, check_usage, said_reply
from mockbatch.core.replies.schema import check_schema
from mockbatch.core.replies.template import compiled, rendered
from mockbatch.core.sizes import LARGEST_TEXT, parse_size

Options = dict[str, Any]
Maker = Callable[[Request, Options], Reply]

_LOREM = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna "
    "aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat"
)


class Outside(Struct, frozen=True):
    """The type of an option whose text names `what`: something outside, which nobody may name over HTTP."""

    what: str
    type: type = str


class ReplyKind(Struct, frozen=True):
    """A kind of reply. `options` are the types of those it has; `main` is the one that stands for the kind, as in
    `{template = "..."}`.
    """

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
    raise ValueError(f"{FUNCTION} is made by the caller")


_COMMON: dict[str, Any] = {"usage": dict, "stop_reason": str, "stop_sequence": str}

REPLIES: dict[str, ReplyKind] = {
    "natural": ReplyKind("What the request itself asks for: text, calls of tools, JSON, citations.", _natural),
    "text": ReplyKind("Some sentences, whatever the request asks for.", _text, {"sentences": int}, "sentences"),
    "static": ReplyKind(
        "A text, a list of blocks or a whole message, as it is.",
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
    "echo": ReplyKind("What the user said last.", _echo, {"prefix": str}, "prefix"),
    "lorem": ReplyKind("So many words of lorem ipsum.", _lorem, {"words": int}, "words"),
    "schema": ReplyKind(
        "JSON that is valid against this schema, or against that of the request.", _schema, {"schema": dict}, "schema"
    ),
    FUNCTION: ReplyKind(
        "What a Python function returns: `module:function`.",
        _function,
        {FUNCTION: Outside("a Python function")},
        FUNCTION,
        needs_main=True,
    ),
    "refusal": ReplyKind(
        "A refusal: stop_reason refusal with stop_details, and no text unless some is given.",
        odd.refusal,
        {"category": odd.CATEGORIES, "explanation": str, "text": str},
        "category",
    ),
    "empty": ReplyKind("No content at all, and stop_reason end_turn.", odd.empty),
    "thinking_first": ReplyKind(
        "A block of thinking before the text, so that content[0] has none.", odd.thinking_first
    ),
    "redacted_thinking": ReplyKind("A block of encrypted thinking before the text.", odd.redacted_thinking),
    "wrong_tool": ReplyKind("A call of a tool that was not offered.", odd.wrong_tool, {"name": str}, "name"),
    "schema_violation": ReplyKind(
        "JSON, or the input of a tool, that is nearly valid against its schema.", odd.schema_violation
    ),
    "fenced_json": ReplyKind("JSON inside a Markdown fence, between two sentences.", odd.fenced_json),
    "cut_json": ReplyKind("JSON cut in the middle of a string, with stop_reason max_tokens.", odd.cut_json),
    "truncate": ReplyKind(
        "A reply cut by max_tokens: at half, between two fields of JSON, inside one, or before any text.",
        odd.truncate,
        {"cut": odd.CUTS},
        "cut",
    ),
    "pause_turn": ReplyKind("A server tool called and no result yet, with stop_reason pause_turn.", odd.pause_turn),
    "context_exceeded": ReplyKind("Half a text, with stop_reason model_context_window_exceeded.", odd.context_exceeded),
    "huge_line": ReplyKind(
        "A text of 5 MB, or of as many bytes as told.", odd.huge_line, {"bytes": (int, str)}, "bytes"
    ),
    "nasty_text": ReplyKind(
        "Every code point that breaks readers: U+2028, U+0085, NUL, emoji, right-to-left, quotes.", odd.nasty_text
    ),
    "unknown_block": ReplyKind(
        "A block of a type that no SDK knows, before the content.", odd.unknown_block, {"type": str}, "type"
    ),
    "server_tool_use": ReplyKind(
        "The reply of its own, with these counts of server tools in its usage.",
        odd.server_tool_use,
        {"web_search_requests": int, "web_fetch_requests": int},
        "web_search_requests",
    ),
}


def parse_reply(value: Any) -> ReplySpec:
    """What a rule says of the reply: `"echo"`, `{template = "..."}`, `{kind = "truncate", cut = "half"}`,
    `{file = "..."}`, or a whole message. Raises ValueError, which names what would have been right.
    """
    if isinstance(value, str):
        return _checked(value, {}, f"; to answer with this text, write {{static = {value!r}}}")
    if not isinstance(value, dict):
        raise ValueError(f"a reply is the name of a kind or a table, not {value!r}")
    if "content" in value:
        return _checked("static", {"static": value})
    if "kind" in value:
        options = {name: said for name, said in value.items() if name != "kind"}
        return _checked(str(value["kind"]), options)
    if "file" in value:
        return _checked("template", dict(value))
    named = [name for name in value if name in REPLIES]
    if len(named) != 1:
        raise ValueError(_unnamed(value, named))
    kind = named[0]
    options = {name: said for name, said in value.items() if name != kind}
    main = REPLIES[kind].main
    if main is not None and value[kind] is not True:
        options[main] = value[kind]
    elif value[kind] not in (True, {}):
        raise ValueError(f"{kind} takes no value; write {kind!r} or {{{kind} = true}}")
    return _checked(kind, options)


def unsendable(value: Any) -> str | None:
    """Why a reply may not come over HTTP: it names a file or code, rightly written or not. None where it may."""
    if not isinstance(value, Mapping):
        return None
    for kind in REPLIES.values():
        for name, type in kind.options.items():
            if isinstance(type, Outside) and name in value:
                return (
                    f"{name} names {type.what}, which is not taken over HTTP; write the rule into the "
                    "configuration file of the server"
                )
    return None


def _unnamed(value: dict[str, Any], named: list[str]) -> str:
    if named:
        return f"a reply is of one kind, not of {' and '.join(named)}"
    near = next((hint for name in value if (hint := did_you_mean(str(name), REPLIES))), "")
    return f"the reply names no kind: it has {', '.join(map(str, value)) or 'nothing'}.{near}"


def _checked(kind: str, options: Options, hint: str = "") -> ReplySpec:
    known = REPLIES.get(kind)
    if known is None:
        raise ValueError(f"{kind!r} is no kind of reply{hint}.{did_you_mean(kind, REPLIES)}")
    if known.needs_main and known.main not in options and "file" not in options:
        raise ValueError(f"{kind} needs a value: {{{kind} = ...}}")
    types = {**known.options, **_COMMON}
    for name, said in options.items():
        if name not in types:
            raise ValueError(f"{name!r} is no option of {kind}.{did_you_mean(name, types)}")
        _check_type(name, said, types[name])
    spec = ReplySpec(kind, _converted(options))
    _check_source(spec)
    return spec


def _check_type(name: str, said: Any, wanted: Any) -> None:
    wanted = wanted.type if isinstance(wanted, Outside) else wanted
    allowed = wanted if isinstance(wanted, tuple) else (wanted,)
    if isinstance(allowed[0], str):
        if said not in allowed:
            raise ValueError(f"{name} is one of {', '.join(allowed)}, not {said!r}.{did_you_mean(str(said), allowed)}")
    elif not isinstance(said, allowed) or isinstance(said, bool) or (isinstance(said, int) and said < 0):
        raise ValueError(f"{name} is {_spelled(allowed)}, not {said!r}")
    elif isinstance(said, int) and said > LARGEST_TEXT:
        raise ValueError(f"{name} is at most {LARGEST_TEXT:,}, not {said:,}")


def _spelled(types: tuple[type, ...]) -> str:
    names = {str: "a text", int: "a number", dict: "a table", list: "a list"}
    return " or ".join(names[kind] for kind in types)


def _converted(options: Options) -> Options:
    size = options.get("bytes")
    if not isinstance(size, str):
        return options
    try:
        told = {"bytes": parse_size(size.strip())}
    except ValueError:
        raise ValueError(f"bytes is a size such as 5MB, not {size!r}") from None
    _check_type("bytes", told["bytes"], int)
    return {**options, **told}


def _check_source(spec: ReplySpec) -> None:
    """What can be wrong inside of an option is told when it is read, not when it is used."""
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
    """The spec of a template file, with what stands in the file. Raises ValueError for a template that is wrong."""
    whole = replace(spec, options={**spec.options, "template": text})
    _check_source(whole)
    return whole


def make_reply(spec: ReplySpec, request: Request) -> Reply:
    """The reply that a rule asks for. Raises ReplyError; ValueError for one that the caller makes."""
    reply = REPLIES[spec.kind].make(request, spec.options)
    if reply.unmet:
        raise ReplyError(reply.unmet)
    return with_options(reply, spec)


def callable_reply(value: Any, request: Request, spec: ReplySpec | None = None) -> Reply:
    """The reply that a function returned, or that was recorded: a text, a list of blocks or a message.

    Raises ReplyError for anything else.
    """
    reply = said_reply(value, request)
    return with_options(reply, spec) if spec is not None else reply


def with_options(reply: Reply, spec: ReplySpec) -> Reply:
    """The reply with what every kind can be told: usage, stop_reason, stop_sequence."""
    said: dict[str, Any] = {
        name: spec.options[name] for name in ("stop_reason", "stop_sequence") if name in spec.options
    }
    if "stop_sequence" in said:
        said.setdefault("stop_reason", "stop_sequence")
    if "usage" in spec.options:
        said["usage"] = {**(reply.usage or {}), **spec.options["usage"]}
    return replace(reply, **said) if said else reply
