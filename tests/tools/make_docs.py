"""Write the generated tables of the documentation: `python -m tests.tools.make_docs`.

A table stands between `<!-- name -->` and `<!-- /name -->`, on the page of its subject.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from mockbatch.cli import BadConfig, BadFixture, BadStore, CannotListen, Unreachable
from mockbatch.config import OPTIONS, flag_of, variable_of
from mockbatch.core.contract.catalog import MODELS
from mockbatch.core.replies.kinds import REPLIES, Outside
from mockbatch.core.rules import presets as rule_presets
from mockbatch.core.rules.fault import Fault
from mockbatch.core.rules.faults import FAULTS, ROW_FAULTS
from mockbatch.core.rules.match import MATCHES, Match
from mockbatch.core.time.delays import DELAYS, PRESETS
from mockbatch.http.app import all_routes
from mockbatch.http.openapi import document
from tests.tools.failure_modes import MODES, WITHOUT_FAULT
from tests.tools.python_api import PARTS, rows_of, sentence

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "tests" / "README.md"]
_MARKED = re.compile(r"<!-- (?P<name>[\w-]+) -->\n(?:.*\n)*?<!-- /(?P=name) -->")


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def options() -> str:
    return table(
        ("option", "environment", "default", "what it does"),
        (
            (
                f"`{flag_of(name)}`",
                f"`{variable_of(name)}`",
                f"`{spec.shown_default}`" if spec.shown_default else "",
                spec.help,
            )
            for name, spec in OPTIONS.items()
        ),
    )


def delays() -> str:
    def row(name: str, make: Callable[..., object]) -> tuple[str, str]:
        summary, _, rest = (make.__doc__ or "").partition(": ")
        return f"`{name}`", f"{summary}: {rest}"

    return table(("delay", "what it is"), (row(name, make) for name, make in DELAYS.items()))


def presets() -> str:
    return table(
        ("preset", "wait", "each request", "in short"),
        (
            (f"`{name}`", f"`{p.wait}`", "never" if p.never else f"`{p.delay}`", p.summary)
            for name, p in PRESETS.items()
        ),
    )


def presets_of_rules() -> str:
    return table(
        ("preset", "what it makes of the server"),
        ((f"`{name}`", preset.summary) for name, preset in rule_presets.PRESETS.items()),
    )


def faults() -> str:
    return table(
        ("fault", "what happens", "what the official SDK does"),
        ((f"`{fault.name}`", fault.effect, fault.sdk) for fault in FAULTS.values()),
    )


def failure_modes() -> str:
    return table(
        ("", "what goes wrong", "how to get it"),
        ((str(number), mode, _cause(number)) for number, mode in MODES.items()),
    )


def failure_mode_tests() -> str:
    return table(
        ("", "what goes wrong", "tests"),
        ((str(number), mode, ", ".join(f"`{test}`" for test in _tests(number))) for number, mode in MODES.items()),
    )


def _faults_of(number: int) -> list[type[Fault]]:
    return [fault for fault in FAULTS.values() if number in fault.modes]


def _cause(number: int) -> str:
    return ", ".join(f"`{fault.name}`" for fault in _faults_of(number)) or WITHOUT_FAULT[number][0]


def _tests(number: int) -> list[str]:
    tests = dict.fromkeys(fault.test.partition("::")[2] for fault in _faults_of(number))
    return list(tests) or [WITHOUT_FAULT[number][1]]


def matchers() -> str:
    """The matchers that can match in each scope, in the order of their definition."""
    return table(
        ("scope", "matchers"),
        (
            (f"`{scope}`", ", ".join(f"`{name}`" for name in Match.__struct_fields__ if name in names))
            for scope, names in MATCHES.items()
        ),
    )


def replies() -> str:
    def option(name: str, types: Any, main: str | None) -> str:
        return f"`{name}`{' (main)' if name == main else ''}: {_type(types)}"

    return table(
        ("kind", "options", "what comes back"),
        (
            (f"`{name}`", "; ".join(option(key, it, kind.main) for key, it in kind.options.items()), kind.explanation)
            for name, kind in REPLIES.items()
        ),
    )


_WORDS = {str: "text", int: "number", dict: "table", list: "list"}


def _type(types: Any) -> str:
    if isinstance(types, Outside):
        types = types.type
    if not isinstance(types, tuple):
        return _WORDS[types]
    if isinstance(types[0], str):
        return ", ".join(f"`{word}`" for word in types)
    return " or ".join(_WORDS[one] for one in types)


def control() -> str:
    return table(
        ("call", "what it does"),
        (
            (f"`{method.upper()} {path}`", operation["summary"])
            for path, operations in document(all_routes())["paths"].items()
            if path.startswith("/_mockbatch/")
            for method, operation in operations.items()
        ),
    )


def row_faults() -> str:
    total = sum(fault.weight for fault in ROW_FAULTS.values())
    return table(
        ("error type", "message", "share"),
        ((f"`{fault.type}`", fault.message, f"{fault.weight / total:.0%}") for fault in ROW_FAULTS.values()),
    )


def models() -> str:
    return table(
        ("model", "aliases", "context", "largest output", "lifecycle"),
        (
            (f"`{m.id}`", ", ".join(f"`{a}`" for a in m.aliases), f"{m.context:,}", f"{m.max_output:,}", m.lifecycle)
            for m in MODELS.values()
        ),
    )


def exit_codes() -> str:
    codes = {
        "0": "success; also a server stopped by SIGTERM",
        "1": "problems in the input: rows, fixtures, trackers, calls; or the API refused a call",
        "2": "invalid command line",
        f"{CannotListen.exit_code}": "the port is in use, the address is unusable, or the server cannot start",
        f"{BadConfig.exit_code}": "an option has an invalid value, or an unknown name in the environment or a file",
        f"{Unreachable.exit_code}": "no server responds, or it is not a mockbatch of this version",
        f"{BadStore.exit_code}": "the database cannot be used",
        f"{BadFixture.exit_code}": "a fixture cannot be read or written",
        "10": "`mockbatch run --strict`: the command succeeded, but problems remain; `mockbatch problems --strict`",
        "124": "`mockbatch run` or `mockbatch batch watch` reached its `--timeout`",
        "126, 127": "`mockbatch run`, `mockbatch record`: the command cannot be run, or is not found",
        "130": "Ctrl-C",
        "any other": "`mockbatch run`, `mockbatch record`: the command's code; 128 + the signal that terminated it",
    }
    return table(("code", "meaning"), codes.items())


def packages() -> str:
    """Every package of mockbatch with its modules."""
    return table(("package", "purpose", "modules"), map(_package, _folders(ROOT / "mockbatch")))


def _folders(package: Path) -> Iterator[Path]:
    """Yield a package and the packages in it."""
    yield package
    for folder in sorted(path.parent for path in package.glob("*/__init__.py")):
        yield from _folders(folder)


def _package(folder: Path) -> tuple[str, str, str]:
    modules = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    purpose = _summary(folder / "__init__.py")
    return f"`{folder.relative_to(ROOT)}/`", purpose, ", ".join(f"`{name}`" for name in modules)


def _summary(module: Path) -> str:
    """The first sentence of a module's docstring."""
    return sentence(ast.get_docstring(ast.parse(module.read_text())) or "")


def python() -> str:
    """A table for each part of the Python API, under a heading."""
    head = ("member", "what it does")
    return "\n\n".join(f"## {title}\n\n{table(head, rows_of(kind))}" for title, kind in PARTS.items())


TABLES = {
    "options": options,
    "delays": delays,
    "presets": presets,
    "row-faults": row_faults,
    "rule-presets": presets_of_rules,
    "matchers": matchers,
    "faults": faults,
    "failure-modes": failure_modes,
    "failure-mode-tests": failure_mode_tests,
    "replies": replies,
    "control": control,
    "models": models,
    "exit-codes": exit_codes,
    "packages": packages,
    "python": python,
}


def filled(text: str) -> str:
    """Return the text with every table in it made anew. Raises KeyError for a marker that names no table."""
    return _MARKED.sub(
        lambda found: f"<!-- {found['name']} -->\n{TABLES[found['name']]()}\n<!-- /{found['name']} -->", text
    )


def tables_of(text: str) -> list[str]:
    """Return the names of the tables in a text."""
    return [found["name"] for found in _MARKED.finditer(text)]


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page.read_text()))
