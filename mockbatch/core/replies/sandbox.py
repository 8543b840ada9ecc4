"""Jinja2 reduced to the names listed here, with all of its work counted.

Source: https://jinja.palletsprojects.com/en/stable/sandbox/
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import local
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.utils import Cycler, Namespace

from mockbatch.core.replies.allowance import Allowance, check_size, plain
from mockbatch.core.replies.draft import ReplyError
from mockbatch.core.replies.fakes import Fake

LONGEST_SOURCE = 64_000
_MOST_TOKENS = 3_000
"""Compile time grows with the number of tokens."""
own = local()
"""`own.allowance` is the allowance of the template being rendered in this thread."""

_FILTERS = frozenset(
    [
        "abs",
        "attr",
        "batch",
        "capitalize",
        "center",
        "count",
        "d",
        "default",
        "dictsort",
        "e",
        "escape",
        "first",
        "float",
        "forceescape",
        "format",
        "groupby",
        "indent",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "safe",
        "select",
        "selectattr",
        "slice",
        "sort",
        "string",
        "striptags",
        "sum",
        "title",
        "trim",
        "truncate",
        "unique",
        "upper",
        "urlencode",
        "wordcount",
        "wordwrap",
    ]
)
_LAZY = frozenset({"default", "d"})
_SLOW = frozenset({"striptags", "title", "wordcount", "wordwrap", "urlencode", "capitalize"})
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        [
            "capitalize",
            "casefold",
            "center",
            "count",
            "endswith",
            "find",
            "format",
            "index",
            "isalnum",
            "isalpha",
            "isascii",
            "isdecimal",
            "isdigit",
            "isidentifier",
            "islower",
            "isnumeric",
            "isspace",
            "istitle",
            "isupper",
            "join",
            "ljust",
            "lower",
            "lstrip",
            "partition",
            "removeprefix",
            "removesuffix",
            "replace",
            "rfind",
            "rindex",
            "rjust",
            "rpartition",
            "rsplit",
            "rstrip",
            "split",
            "splitlines",
            "startswith",
            "strip",
            "swapcase",
            "title",
            "upper",
            "zfill",
        ]
    ),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
    LoopContext: frozenset(
        [
            "index",
            "index0",
            "revindex",
            "revindex0",
            "first",
            "last",
            "length",
            "cycle",
            "depth",
            "depth0",
            "previtem",
            "nextitem",
            "changed",
        ]
    ),
    Cycler: frozenset({"next", "current", "reset"}),
}
_MULTIPLYING = frozenset({"replace", "join", "indent", "center", "batch", "slice", "ljust", "rjust", "zfill", "format"})
_WIDE = re.compile(r"\d{4,}|%[^a-zA-Z]*\*|\{[^}]*\{")
_EACH, _CONCAT, _WRITTEN, _MEASURED = "each step", "joined text", "written text", "measured value"
"""Names of internal filters, which no template can spell."""


_BY_LETTER = 32
"""Characters per step for operations that visit every character."""


def _budget() -> Allowance:
    allowance: Allowance = own.allowance
    return allowance


@pass_context
def _each(context: Any, value: Iterable[Any]) -> Iterator[Any]:
    allowance = _budget()
    for one in value:
        allowance.spend(1)
        yield one


@pass_context
def _text(context: Any, value: Any) -> str:
    _refuse_objects(value)
    _budget().measure(value)
    return _budget().write(str(value))


@pass_context
def _concat(context: Any, parts: tuple[Any, ...]) -> str:
    for part in parts:
        _refuse_objects(part)
    check_size(sum(_budget().measure(part) for part in parts))
    return "".join(map(str, parts))


@pass_context
def _measured(context: Any, value: Any) -> Any:
    _budget().measure(value)
    return value


def _has_items(value: Any) -> bool:
    return plain(value) or isinstance(value, StrictUndefined | Namespace | Fake)


def _refuse_objects(value: Any) -> None:
    if isinstance(value, StrictUndefined):
        str(value)  # raises UndefinedError
    if not plain(value):
        raise ReplyError(f"the template uses a {type(value).__name__} where a text, a number, a list or a dict belongs")


def _check_call(name: str, args: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Raise ReplyError for arguments that are huge, or produce something huge together."""
    allowance, given = _budget(), (*args, *named.values())
    sizes = [allowance.measure(one, _BY_LETTER if name in _SLOW else 1_024) for one in given]
    for one in given[1:]:
        if isinstance(one, int) and abs(one) > 10_000:
            raise ReplyError(f"{name}: {one} is more than 10,000")
    if name in _MULTIPLYING and sizes:
        numbers = [abs(one) for one in given[1:] if isinstance(one, int)]
        check_size((sizes[0] + 1) * max([1, *sizes[1:], *numbers]))
    if name in ("format", "%") and isinstance(args[0], str) and _WIDE.search(args[0]):
        raise ReplyError("format: a width has at most three digits")


def _filter(name: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """Return the filter with its work counted; generators become lists."""
    passing = getattr(make, "jinja_pass_arg", None)
    passed = passing.name if passing else ""

    @pass_context
    def counted(context: Any, *args: Any, **named: Any) -> Any:
        if name not in _LAZY:
            for one in args:
                _refuse_objects(one)
        _check_call(name, args, named)
        first = {"context": (context,), "eval_context": (context.eval_ctx,), "environment": (context.environment,)}
        value = make(*first.get(passed, ()), *args, **named)
        if isinstance(value, Iterator):
            value = list(_each(context, value))
        _budget().measure(value)
        return value

    return counted


def _test(test: Any) -> Callable[..., Any]:
    """Return the test with its work counted, per character."""

    @pass_context
    def counted(context: Any, *args: Any) -> Any:
        for one in args:
            _budget().measure(one, _BY_LETTER)
        return test(*args)

    return counted


def _as_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=None if indent is None else min(indent, 16))


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment shared by all templates."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, optimized=False)
        known = {**self.filters, "tojson": _as_json}  # Jinja2's own escapes for HTML, as \u0027
        self.filters = {name: _filter(name, known[name]) for name in (*_FILTERS, "tojson")}
        self.filters |= {_EACH: _each, _CONCAT: _concat, _WRITTEN: _text, _MEASURED: _measured}
        self.tests = {
            name: _test(test) for name, test in self.tests.items() if name not in ("filter", "test", "callable")
        }
        self.globals = {name: self.globals[name] for name in ("range", "dict", "namespace", "cycler", "joiner")}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        if len(source) > LONGEST_SOURCE:
            raise TemplateSyntaxError(f"more than {LONGEST_SOURCE:,} characters", 1)
        if any(at >= _MOST_TOKENS for at, _ in enumerate(self._tokenize(source, name, filename))):
            raise TemplateSyntaxError(f"more than {_MOST_TOKENS:,} tokens", 1)
        tree = super()._parse(source, name, filename)
        for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)):
            raise TemplateSyntaxError(f"{type(node).__name__.lower()} is not supported: no loader", node.lineno)
        _count(tree)
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        # without the attribute Jinja2 would try an item, and a class accepts any item
        if _has_items(obj) or hasattr(obj, attribute):
            return super().getattr(obj, attribute)
        return self.unsafe_undefined(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        # filters that take an attribute name call this too
        return super().getitem(obj, argument) if _has_items(obj) else self.unsafe_undefined(obj, str(argument))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, Namespace):
            return not attr.startswith("_")
        return any(isinstance(obj, kind) and attr in names for kind, names in _METHODS.items())

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        source = getattr(value, "__self__", None)
        if not isinstance(source, str) or getattr(value, "__name__", "") not in ("format", "format_map"):
            return None

        def formatted(*args: Any, **named: Any) -> str:
            for one in (*args, *named.values()):
                _refuse_objects(one)
            _check_call("format", (source, *args), named)
            return SandboxedFormatter(self).vformat(source, args, named)

        return formatted

    def call(__self, __context: Any, __obj: Any, *args: Any, **named: Any) -> Any:
        owner, name = getattr(__obj, "__self__", None), getattr(__obj, "__name__", "")
        _budget().spend(2)
        if isinstance(owner, str | list | tuple | dict):
            _check_call(name, (owner, *args), named)
        elif not isinstance(__obj, Macro):
            for one in (*args, *named.values()):
                _budget().measure(one)
        value = super().call(__context, __obj, *args, **named)
        if plain(value):
            _budget().measure(value)
        return value

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        sizes = [_budget().measure(left), _budget().measure(right)]
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if not numbers:
            _refuse_objects(left)
            _refuse_objects(right)
        if operator == "**" and numbers and (abs(left) > 1e6 or abs(right) > 64):
            raise ReplyError("**: the numbers are too large")
        if operator == "*" and not numbers:
            times = max([abs(one) for one in (left, right) if isinstance(one, int)], default=1)
            check_size(max(sizes) * times)
            _budget().spend(0 if isinstance(left, str) or isinstance(right, str) else max(sizes) * times // 64)
        if operator == "%" and isinstance(left, str):
            _check_call("%", (left,), {})
        value = super().call_binop(context, operator, left, right)
        _budget().measure(value)
        return value


def _count(node: nodes.Node) -> None:
    """Wrap everything that loops, writes, joins, compares or builds in counting filters."""
    for child in list(node.iter_child_nodes()):
        _count(child)
    if isinstance(node, nodes.For):
        if node.recursive:
            raise TemplateSyntaxError("a recursive loop is not supported", node.lineno)
        node.iter = _through(_EACH, node.iter)
    elif isinstance(node, nodes.Output):
        node.nodes = [_through(_WRITTEN, one) for one in node.nodes]
    for name, values in node.iter_fields():
        if isinstance(values, nodes.Expr):
            setattr(node, name, _counted(values))
        elif isinstance(values, list):
            values[:] = [_counted(one) if isinstance(one, nodes.Expr) else one for one in values]


def _counted(node: nodes.Expr) -> nodes.Expr:
    if isinstance(node, nodes.Concat):
        return _through(_CONCAT, nodes.Tuple(node.nodes, "load", lineno=node.lineno))
    if isinstance(node, nodes.List | nodes.Dict) or (isinstance(node, nodes.Tuple) and node.ctx == "load"):
        return _through(_MEASURED, node)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
        return _through(_MEASURED, node)
    if isinstance(node, nodes.Compare):
        node.expr = _through(_MEASURED, node.expr)
        for operand in node.ops:
            operand.expr = _through(_MEASURED, operand.expr)
    return node


def _through(name: str, node: Any) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
