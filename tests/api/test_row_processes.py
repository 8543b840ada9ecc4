"""Rows that other processes check and build are those of the server itself, byte for byte."""

import asyncio
import os
import signal
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from mockbatch.core.contract.params import Terms
from mockbatch.core.contract.request_slicer import RequestItem, items_of
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.slices import build_slice, check_slice
from mockbatch.service.rows.processes import RowProcesses
from tests.builders import BATCHES, params, serving

TEXT = "All that there is to say of it. " * 350
SYSTEM = [{"type": "text", "text": TEXT, "cache_control": {"type": "ephemeral"}}]
TOOL = {"name": "find", "input_schema": {"type": "object", "properties": {"word": {"type": "string"}}}}
KINDS: tuple[dict[str, Any], ...] = (
    params(TEXT),
    params(f"Answer in one sentence. {TEXT}", system=SYSTEM),
    params(TEXT, tools=[TOOL], tool_choice={"type": "any"}),
    params(TEXT, model="no-such-model"),
    params(" "),
    params(TEXT, max_tokens=10**30),
)
REQUESTS = [{"custom_id": f"row-{place}", "params": KINDS[place % len(KINDS)]} for place in range(900)]
UNDER = Conditions(Terms(day="2026-11-30"), seed=3)
RAW = msgspec.json.encode(REQUESTS[:30])


def life(processes: int, **options: str) -> list[Any]:
    """All that a client sees of a batch of many slices."""
    with serving(delay_preset="immediate", row_processes=str(processes), **options) as api:
        batch = api.ok(api.post(BATCHES, json={"requests": REQUESTS}))
        counts = api.get_batch(batch)["request_counts"]
        results = api.get(f"{BATCHES}/{batch['id']}/results").content
        return [counts, results, api.ok(api.get("/_mockbatch/ledger")), api.ok(api.get("/_mockbatch/problems"))]


def test_other_processes_change_no_byte() -> None:
    alone = life(0, fail_rate="0.1")
    assert alone[0]["succeeded"] > 0 < alone[0]["errored"]
    assert life(2, fail_rate="0.1") == alone


def test_rules_are_kept_by_the_server() -> None:
    rule = {"fault": "item.errored,type=api_error,share=0.2"}
    assert life(2, **rule) == life(0, **rule)


def test_the_order_of_results_is_the_same() -> None:
    order = {"results_order": "shuffled"}
    assert life(2, **order) == life(0, **order)


def test_a_process_that_ends_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    async def killed_between_tasks() -> None:
        processes = RowProcesses(1)
        try:
            assert await processes.check(UNDER, RAW, 0, None) is not None
            (first,) = processes.pids
            os.kill(first, signal.SIGKILL)
            assert await processes.check(UNDER, RAW, 0, None) is None
            decided = check_slice(UNDER, RAW, 0, None)[0]
            found = await processes.build(UNDER, RAW, 0, decided)
            assert found is not None
            assert found[0] == build_slice(UNDER, RAW, 0, decided)[0]
            (second,) = processes.pids
            assert second != first
        finally:
            processes.close()
        assert processes.pids == []

    asyncio.run(killed_between_tasks())
    assert "the server builds its rows itself" in caplog.text


def test_a_process_checks_as_the_server_does() -> None:
    found, errors = check_slice(UNDER, RAW, 100, None)
    items: list[RequestItem] = items_of(RAW)
    assert {row.index for row in found} == {100 + at for at in range(len(items)) if at % len(KINDS) >= 3}
    assert errors == []


def test_a_process_ends_with_its_server() -> None:
    """Which closes its input, however it ends."""
    command = [sys.executable, "-m", "mockbatch.row_worker"]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
