"""Writes the typed options of `mockbatch.testing` from their definitions: `python -m tests.tools.make_options`."""

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from textwrap import wrap
from types import UnionType
from typing import Any, get_args

from mockbatch.config import OPTIONS, Config
from mockbatch.config.options import Option
from mockbatch.core.time.spans import parse_instant, parse_span

MODULE = Path(__file__).parents[2] / "mockbatch" / "testing" / "options.py"
_HEAD = '''"""The options of servers and sessions, for editors and type checkers.

Generated from the definitions of the options: `python -m tests.tools.make_options`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict

'''
_CHOICES = re.compile(r"[a-z][\w-]*(\|[a-z][\w-]*)+").fullmatch
_WIDTH = 112
_PARTS = (
    ("QueueOptions", "Options of `Session.queue`.", ("", "wait", "delay", "capacity", "progression", "delay_preset")),
    (
        "LimitOptions",
        "Options of `Session.limits`.",
        ("", "max_requests", "max_bytes", "requests_per_minute", "queue_limit", "tier"),
    ),
    ("CacheOptions", "Options of `Session.cache`.", ("cache_", "scope", "hits")),
)


def module() -> str:
    """Return the whole module."""
    session = {name: option for name, option in OPTIONS.items() if not option.of_server}
    server = {name: option for name, option in OPTIONS.items() if option.of_server}
    text = "\n".join(
        (
            _HEAD,
            _table("SessionOptions(TypedDict, total=False)", "Options that each session may set.", session),
            "",
            *(_table(f"{name}(TypedDict, total=False)", doc, _part(*names)) for name, doc, names in _PARTS),
            _table("ServerOptions(SessionOptions, total=False)", "The options of a server.", server),
        )
    )
    command = [sys.executable, "-m", "ruff", "format", "-"]
    return subprocess.run(command, input=text, capture_output=True, check=True, encoding="utf-8").stdout


def _part(prefix: str, *names: str) -> dict[str, Option]:
    """Return the options with these names after a prefix."""
    return {name: OPTIONS[prefix + name] for name in names}


def _table(head: str, doc: str, options: dict[str, Option]) -> str:
    lines = [f"class {head}:", f'    """{doc}"""', ""]
    for name, option in options.items():
        lines += [f"    {name}: {_type(option)}", *_docstring(option.help)]
    return "\n".join(lines) + "\n"


def _docstring(text: str) -> list[str]:
    lines = wrap(text, _WIDTH)
    if len(lines) == 1:
        return [f'    """{text}"""']
    return [f'    """{lines[0]}', *(f"    {line}" for line in lines[1:]), '    """']


def _type(option: Option) -> str:
    """Return the type of the values that a caller may pass."""
    hint: Any = Config.__annotations__[next(name for name, other in OPTIONS.items() if other is option)]
    if option.many:
        return "str | Sequence[str]"
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if bool in kinds:
        return "bool"
    if option.parse not in (parse_span, parse_instant):
        if int in kinds and "SIZE" not in option.metavar:
            return "int"
        if float in kinds or Decimal in kinds:
            return "float"
    if "SIZE" in option.metavar:
        return "int | str"
    if _CHOICES(option.metavar):
        return f"Literal[{', '.join(repr(one) for one in option.metavar.split('|'))}]".replace("'", '"')
    return "str | Path" if option.means == "file" else "str"


if __name__ == "__main__":
    MODULE.write_text(module(), encoding="utf-8")
