"""Folders and a server for the blocks of the pages."""

import json
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import BLOCKS, ROOT, in_shell, of
from tests.examples.test_from_vcr import VCRPY
from tests.processes import Process, running
from tests.upstream import Upstream

# what `npm test` runs: a program without problems
SUITE = """
import anthropic

PARAMS = {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}
client = anthropic.Anthropic()
batch = client.messages.batches.create(requests=[{"custom_id": f"row-{n}", "params": PARAMS} for n in (1, 2)])
for _ in range(2):
    client.messages.batches.retrieve(batch.id)
for _ in client.messages.batches.results(batch.id):
    pass
"""
# what is recorded: no polls, as the upstream of the tests ends batches at once
NIGHTLY = """
import anthropic

client = anthropic.Anthropic()
client.messages.create(model="claude-haiku-4-5", max_tokens=64, messages=[{"role": "user", "content": "hi"}])
"""
# `mockbatch` and `python` are ours
OURS = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
# the start of a file for another batch API
OPENAI = (
    '{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-5", "messages": []}}\n'
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The server of the README's first command line, on a free port."""
    options = of("sh", page="README.md")[0].code.partition("mockbatch serve")[2].split()
    assert options == ["--fail-rate", "0.05", "--speedup", "1000"]
    with running(tmp_path_factory.mktemp("server"), *options) as process:
        yield process


@pytest.fixture
def environ(server: Process) -> dict[str, str]:
    """Variables that point to that server; `mockbatch` and `python` are ours."""
    known = {key: value for key, value in os.environ.items() if not key.startswith(("ANTHROPIC_", "MOCKBATCH_"))}
    pointed = {"ANTHROPIC_BASE_URL": server.url, "MOCKBATCH_URL": server.url, "ANTHROPIC_API_KEY": "sk-ant-anything"}
    return {**known, **pointed, "PATH": OURS, "COLUMNS": "120"}


@pytest.fixture(scope="session")
def assumed(server: Process, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the fixtures, and the files that pages take for granted."""
    folder = tmp_path_factory.mktemp("assumed")
    shutil.copytree(ROOT / "fixtures", folder / "fixtures")
    (folder / "myapp").mkdir()
    (folder / "myapp" / "nightly.py").write_text(NIGHTLY)
    (folder / "suite.py").write_text(SUITE)
    (folder / "package.json").write_text(json.dumps({"scripts": {"test": f"{sys.executable} suite.py"}}))
    (folder / "cassette.yaml").write_text(VCRPY)
    (folder / "openai.jsonl").write_text(OPENAI)
    (folder / "used.txt").write_text("")
    billed(server, folder)
    return folder


@pytest.fixture(scope="session")
def folder_of(assumed: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder in which the commands of a page run: it has the files that this page shows, and no other's."""

    @cache
    def made(page: str) -> Path:
        folder = tmp_path_factory.mktemp(Path(page).stem)
        shutil.copytree(assumed, folder, dirs_exist_ok=True)
        for block in BLOCKS:
            if block.page == page and block.name and block.language in ("python", "toml"):
                (folder / block.name).write_text(block.code)
        return folder

    return made


@pytest.fixture(scope="session")
def recording(assumed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording that pages make as fixtures/mine, for commands that are tried without it."""
    folder = tmp_path_factory.mktemp("recording")
    shutil.copytree(assumed / "myapp", folder / "myapp")
    with Upstream() as upstream:
        command = f"python -m mockbatch record --upstream {upstream.url} --out mine -- python -m myapp.nightly"
        done = in_shell(command, folder, {**os.environ, "PATH": OURS, "ANTHROPIC_API_KEY": "sk-ant-real"})
    assert done.returncode == 0, done.stderr
    return folder / "mine"


def billed(server: Process, folder: Path) -> None:
    """Write requests, their results, their ledger, and a tracker that agrees with it."""
    key = {"x-api-key": "sk-ant-tracked"}
    lines = (folder / "fixtures" / "requests.jsonl").read_bytes().split(b"\n")[:5]
    (folder / "requests.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    body = {"requests": [json.loads(line) for line in lines]}
    batch = server.http.post("/v1/messages/batches", json=body, headers=key).json()["id"]
    server.http.post("/_mockbatch/clock/advance", json={"by": "25h"}, headers=key)
    results = server.http.get(f"/v1/messages/batches/{batch}/results", headers=key)
    (folder / "results.jsonl").write_bytes(results.content)
    ledger = server.http.get("/_mockbatch/ledger?format=csv", headers=key).text
    (folder / "ledger.csv").write_text(ledger)
    entries = server.http.get("/_mockbatch/ledger?format=jsonl", headers=key).text.splitlines()
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for entry in map(json.loads, entries):
        costs[entry["custom_id"]] += Decimal(entry["net"])
    rows = [f"{name},{cost}" for name, cost in costs.items()]
    (folder / "tracker.csv").write_text("\n".join(["custom_id,cost_usd", *rows]) + "\n")
