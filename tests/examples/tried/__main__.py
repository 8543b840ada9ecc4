"""`python -m tests.examples.tried [NAME ...]`: install programs, run their drivers, print what came of it."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.examples.tried.environments import NotInstalled, interpreter
from tests.examples.tried.programs import PROGRAMS, ROWS, Program, Run

_DRIVERS = Path(__file__).parent / "drivers"
_PATIENCE = "120s"


def observed(name: str, program: Program, run: Run) -> str:
    """What a program gave back in a run, in words."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "summary.json"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "mockbatch", "run", "--seed", "1", "--timeout", _PATIENCE),
                *("--summary-json", str(told), *program.options, *run.options, "--"),
                *interpreter(name, program, _DRIVERS),
            ],
            cwd=folder,
            env={"PYTHONPATH": str(Path(__file__).parents[3]), **_environ()},
            capture_output=True,
            text=True,
            check=False,
        )
        summary = json.loads(told.read_text()) if told.exists() else {"batches": 0, "calls": {}}
    if os.environ.get("TRIED_VERBOSE"):
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
    return ", ".join([_outcome(done), *_besides(summary)])


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC_", "MOCKBATCH_"))}


def _outcome(done: "subprocess.CompletedProcess[str]") -> str:
    if done.returncode == 124:
        return f"not done after {_PATIENCE}"
    if done.returncode:
        return f"ends with `{_error(done.stderr)}`"
    seen = json.loads(done.stdout.splitlines()[-1])
    errors = seen.get("errors", 0)
    return f"{seen['came']} of {ROWS} rows, {f'{errors} reported as failed' if errors else 'no error'}"


def _besides(summary: dict) -> list[str]:
    """What the server saw that the program may not say."""
    several = [f"{summary['batches']} batches"] if summary["batches"] > 1 else []
    messages = summary["calls"].get("messages", 0) if summary["batches"] else 0
    again = [f"{messages} sent as single messages"] if messages else []
    return [*several, *again, *sorted({problem["kind"].replace("_", " ") for problem in summary.get("problems", ())})]


def _error(stderr: str) -> str:
    """The class of the exception that ended a program, of Python or JavaScript."""
    named = re.findall(r"^(?:[\w.]+\.)?(?:\w+ \[)?([A-Z]\w*(?:Error|Exception))\b", stderr, re.MULTILINE)
    return named[-1] if named else "an error"


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in PROGRAMS]:
        print(f"no program is called {', '.join(unknown)}; there are {', '.join(PROGRAMS)}", file=sys.stderr)
        return 2
    print("| program | points to mockbatch by | run | result |")
    print("| --- | --- | --- | --- |")
    failed = 0
    for name in names or PROGRAMS:
        program = PROGRAMS[name]
        titles = [", ".join(f"`{package}`" for package in program.packages), program.needed]
        for run in program.runs:
            try:
                words = observed(name, program, run)
            except NotInstalled as error:
                words, failed = f"not installed: {error}", 1
            print(f"| {titles[0]} | {titles[1]} | {run.title} | {words} |", flush=True)
            titles = ["", ""]
    return failed


sys.exit(main(sys.argv[1:]))
