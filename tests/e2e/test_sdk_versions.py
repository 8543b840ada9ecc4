"""The official SDKs of the last two years, in Python and TypeScript, each in an environment of its own."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mockbatch.core.contract.beta_fields import OPENING
from mockbatch.core.contract.betas import BETAS
from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.shapes import shape_problem
from tests.drift.exceptions import OMITTED
from tests.drift.grammar import Grammar
from tests.drift.requests import HEADERS, ROOTS, call, not_taken
from tests.drift.responses import PAIRS, Comparison, Ours
from tests.e2e.sdks.environments import (
    PYTHON,
    TYPESCRIPT,
    python_driver,
    python_script,
    typescript_driver,
    typescript_types,
)
from tests.processes import running

LIFE = {
    "created": ["in_progress", 2, None],
    "early results": "AnthropicError",
    "early delete": ["BadRequestError", 400],
    "raw": ["10", "req_", True],
    "streaming": True,
    "canceling": "canceling",
    "ended": ["ended", 0],
    "rows": [["a", "succeeded", "batch"], ["b", "succeeded", "batch"]],
    "canceled": ["canceled"],
    "listed": True,
    "deleted": "message_batch_deleted",
    "gone": ["NotFoundError", 404],
}
SEEN: dict[str, Any] = {
    "life": LIFE,
    "beta": LIFE,
    "paging": {"20": True, "100": True, "1000": True},
    "errors": {
        "empty": ["BadRequestError", 400],
        "unknown": ["NotFoundError", 404],
        "key": ["AuthenticationError", 401],
        "model": ["NotFoundError", 404],
    },
    "messages": {
        "same": True,
        "stop": ["end_turn", "end_turn"],
        "usage": True,
        "events": ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"],
        "counted": True,
    },
    "models": ["claude-haiku-4-5-20251001", True],
}
IN_PYTHON = {**SEEN, "async": {"rows": ["a"], "listed": True}}
# it cannot delete batches, and has no models
WITHOUT_DELETE = {**LIFE, "early delete": None, "deleted": None, "gone": None}
IN_THE_OLDEST = {**IN_PYTHON, "life": WITHOUT_DELETE, "beta": WITHOUT_DELETE, "models": None}


def seen(command: list[str], folder: Path) -> dict[str, Any]:
    """What the driver saw of a server whose rows take a virtual hour."""
    with running(folder, "--frozen", "--wait", "1h", "--delay", "1m") as server:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC", "PYTHON"))}
        done = subprocess.run(
            command,
            env={**environ, "ANTHROPIC_BASE_URL": server.url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("version", PYTHON)
def test_python(version: str, tmp_path: Path) -> None:
    """Every batch method, errors, paging, raw and streamed responses, the beta resource, messages, models."""
    assert seen(python_driver(version), tmp_path) == (IN_THE_OLDEST if version == "0.40.0" else IN_PYTHON)


@pytest.mark.parametrize("version", TYPESCRIPT)
def test_typescript(version: str, tmp_path: Path) -> None:
    """The same as in Python."""
    assert seen(typescript_driver(version), tmp_path) == SEEN


@pytest.fixture(scope="module", params=PYTHON)
def grammar(request: pytest.FixtureRequest) -> Grammar:
    """The types of that version of the SDK."""
    command = python_script(request.param, "reflect.py")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return Grammar(json.loads(done.stdout))


def test_whatever_it_can_send_is_taken(grammar: Grammar) -> None:
    """Every key, member and value; what it had in its beta types may need no header any more."""
    assert [line for root in ROOTS if root in grammar.roots for line in not_taken(grammar, root)] == []


def test_whatever_it_expects_is_sent(grammar: Grammar) -> None:
    """What it does not know it leaves alone."""
    lines = {
        line for struct in PAIRS if PAIRS[struct] in grammar.roots for line in Comparison(grammar, Ours()).of(struct)
    }
    assert {line for line in lines if line.endswith("is not sent")} - OMITTED.keys() == set()


def test_its_betas_and_models_are_known(grammar: Grammar) -> None:
    """All that it ever suggested."""
    names = grammar.values(grammar.roots["models"])
    assert grammar.values(grammar.roots["betas"]) - BETAS == set()
    assert {name for name in names if Models().find(name, "") is None} == set()


@pytest.mark.parametrize("version", TYPESCRIPT)
def test_the_types_of_typescript_are_known(version: str) -> None:
    """Its betas, and the keys of its params; what is below them is made from the same source as in Python."""
    folder = typescript_types(version)
    (betas,) = re.findall(r"type AnthropicBeta = (.*);", (folder / "beta" / "beta.d.ts").read_text())
    assert set(re.findall(r"'([^']+)'", betas)) - BETAS == set()
    for file in ("messages/messages.d.ts", "beta/messages/messages.d.ts"):
        for root, name in (("create", "MessageCreateParamsBase"), ("count", "MessageCountTokensParams")):
            keys = set(keys_of_interface((folder / file).read_text(), name)) - HEADERS
            assert {key for key in keys if is_unknown(key, root)} == set()


def keys_of_interface(source: str, name: str) -> list[str]:
    body = source.partition(f"export interface {name} {{\n")[2].partition("\n}\n")[0]
    keys = re.findall(r"^    '?([\w-]+)'?\??:", body, re.MULTILINE)
    assert "messages" in keys
    return keys


def is_unknown(key: str, root: str) -> bool:
    needed = {"model": "x", "messages": [{"role": "user", "content": "x"}]}
    request = {**needed, **({"max_tokens": 1} if root == "create" else {}), key: object()}
    return shape_problem(request, call(root, OPENING)) == f"{key}: Extra inputs are not permitted"
