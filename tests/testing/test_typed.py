"""The kit is typed: type checkers and editors know every option, and rules that have no effect are noticed."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from mockbatch.testing.server import Server
from tests.tools.make_options import MODULE, module

WRONG = {
    "server.session(fail_rat=0.5)": 'Unexpected keyword argument "fail_rat"',
    "server.session(port=1)": 'Unexpected keyword argument "port"',
    'session.configure(results_order="sideways")': "Literal['shuffled'",
    'session.queue(capacity="many")': 'expected "int"',
    "session.cache(hits=1)": 'expected "str"',
    'session.on("itme")': "Literal['itme']",
}
RIGHT = (
    'Server(port=0, db=Path("x.db"), api_key=["one", "two"], log_requests=False)',
    'server.session(seed=7, fail_rate=0.05, delay="1h", max_bytes="1MB", validation="early")',
    'session.queue("10m", 0.5, capacity=3)',
    'session.on("item", custom_id="a").errored()',
)


def test_options_are_those_of_the_server() -> None:
    assert MODULE.read_text(encoding="utf-8") == module(), "run: python -m tests.tools.make_options"


def test_a_type_checker_knows_every_option(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    head = ["from pathlib import Path", "from mockbatch.testing import Server, Session"]
    lines = ["def test(server: Server, session: Session) -> None:", *(f"    {line}" for line in (*RIGHT, *WRONG))]
    program.write_text("\n".join(head + lines) + "\n")

    command = [sys.executable, "-m", "mypy", "--config-file=", f"--cache-dir={tmp_path}", "--follow-imports=silent"]
    told = subprocess.run([*command, str(program)], capture_output=True, text=True, check=False).stdout

    found = [line for line in told.splitlines() if ": error:" in line]
    first = len(head) + 1 + len(RIGHT)
    for number, (wrong, message) in enumerate(WRONG.items(), first + 1):
        assert any(f":{number}: " in line and message in line for line in found), wrong
    assert len(found) == len(WRONG), told


def test_a_rule_without_an_effect_warns() -> None:
    with Server("memory") as server, server.session() as session:
        begun = [session.on("item", custom_id="a")]
        with pytest.warns(RuntimeWarning, match="on .*'custom_id': 'a'.*: the rule has no effect"):
            begun.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            session.on("item", custom_id="a").errored()
