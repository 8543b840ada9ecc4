"""`mockbatch cost` and `mockbatch reconcile` against a server that runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import BATCHES, HEADERS, requests
from tests.processes import Process, run, running

_BY = ("--api-key", HEADERS["x-api-key"])


@pytest.fixture
def spent(tmp_path: Path) -> Iterator[Process]:
    """Two requests to Sonnet 4.6 in a batch, of 1,000 tokens in and 200 out: 0.003 USD each."""
    with running(tmp_path, "--frozen", "--tokens", "fixed:input=1000,output=200") as server:
        content = {"requests": requests("row-1", "row-2", model="claude-sonnet-4-6")}
        assert server.http.post(BATCHES, json=content).status_code == 200
        server.advance(by="24h")
        yield server


def test_what_was_spent_is_told(spent: Process) -> None:
    code, out, err = run("cost", "--url", spent.url, *_BY, "--by", "class")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()[-4:]] == ["class", "input", "output", "total"]
    assert out.splitlines()[-1].split()[-3:] == ["$0.006", "$0.012", "$0.006"]
    code, out, _ = run("cost", "--url", spent.url, *_BY, "--json")
    assert (code, json.loads(out)["total"]["net"]) == (0, "0.006")


def test_a_tracker_is_compared_with_what_was_billed(spent: Process, tmp_path: Path) -> None:
    tracker = tmp_path / "tracker.csv"
    tracker.write_text("custom_id,cost_usd\nrow-1,0.003\nrow-2,0.006\n")
    code, out, _ = run("reconcile", str(tracker), "--url", spent.url, *_BY)
    assert code == 1
    assert "batch discount missing" in out
    assert out.splitlines()[-1] == "1 row agrees, 1 differs; the tracker has 0.009 USD, the ledger 0.006"
    tracker.write_text("custom_id,cost_usd\nrow-1,0.003\nrow-2,0.003\n")
    assert run("reconcile", str(tracker), "--url", spent.url, *_BY)[0] == 0
