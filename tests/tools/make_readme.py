"""Writes the tables of the README from the registries: `python -m tests.tools.make_readme`."""

from collections.abc import Callable, Iterable
from pathlib import Path

from mockbatch.cli import BadConfig, BadStore, CannotListen, Unreachable
from mockbatch.config import OPTIONS, flag_of, variable_of
from mockbatch.core.contract.catalog import MODELS
from mockbatch.core.rules.faults import ROW_FAULTS
from mockbatch.core.time.delays import DELAYS, PRESETS

README = Path(__file__).parents[2] / "README.md"


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
                "" if spec.default in (None, False, ()) else f"`{spec.default}`",
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


def faults() -> str:
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
        0: "all went well; a server that was told to stop by SIGTERM",
        1: "`mockbatch batch` could not do it: a file has mistakes, the API refused, rows are missing",
        2: "the command line is wrong",
        CannotListen.exit_code: "the port is in use, or the address cannot be listened on",
        BadConfig.exit_code: "an option has a wrong value, or an unknown name in the environment or a file",
        Unreachable.exit_code: "no server answers",
        BadStore.exit_code: "the database cannot be used",
        124: "`mockbatch batch watch` reached its --timeout",
        130: "Ctrl-C",
    }
    return table(("code", "meaning"), ((str(code), meaning) for code, meaning in codes.items()))


TABLES = {
    "options": options,
    "delays": delays,
    "presets": presets,
    "faults": faults,
    "models": models,
    "exit-codes": exit_codes,
}


def filled(text: str) -> str:
    """The text, with what stands between the markers of each table made anew."""
    for name, make in TABLES.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if start not in text:
            raise ValueError(f"README.md has no {start}")
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n{make()}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
