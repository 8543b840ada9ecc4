"""Batches whose life is not as it should be, as the official SDK meets them; and connections refused by the server."""

from pathlib import Path

import anthropic
import pytest

from tests.builders import requests
from tests.e2e.faulty import Faulty
from tests.processes import running


def statuses(faulty: Faulty, batch: str, polls: int) -> list[str]:
    return [faulty.sdk.messages.batches.retrieve(batch).processing_status for _ in range(polls)]


def test_a_batch_that_is_stuck(faulty: Faulty) -> None:
    """It is shown in progress and has no results, long after its 24 hours too, until it is let go."""
    batch = faulty.ended()
    faulty.arm({"name": "stuck", "fault": "batch.stuck"})
    faulty.control("POST", "clock/advance", {"by": "25h"})
    shown = faulty.sdk.messages.batches.retrieve(batch)
    assert (shown.processing_status, shown.request_counts.processing, shown.ended_at) == ("in_progress", 3, None)
    with pytest.raises(anthropic.AnthropicError, match="No `results_url`"):
        faulty.rows(batch)
    assert faulty.raw("GET", f"/v1/messages/batches/{batch}/results").status_code == 404
    assert faulty.hits("stuck") == 2
    faulty.control("DELETE", "rules")
    assert len(faulty.rows(batch)) == 3


def test_a_batch_that_is_stuck_for_a_while(faulty: Faulty) -> None:
    """In virtual time, from the moment at which it ended."""
    batch = faulty.ended()
    faulty.arm({"fault": "batch.stuck", "status": "canceling", "lasts": "1h"})
    assert statuses(faulty, batch, 1) == ["canceling"]
    faulty.control("POST", "clock/advance", {"by": "1h"})
    assert statuses(faulty, batch, 1) == ["ended"]
    assert len(faulty.rows(batch)) == 3


def test_a_batch_that_never_ends(faulty: Faulty) -> None:
    """A canceled one stays canceling, another one in progress; in the list as well."""
    running_on, canceled = faulty.create(1), faulty.create(2)
    faulty.sdk.messages.batches.cancel(canceled)
    faulty.arm({"fault": "batch.never_ends"})
    faulty.control("POST", "clock/advance", {"by": "48h"})
    assert statuses(faulty, running_on, 1) + statuses(faulty, canceled, 1) == ["in_progress", "canceling"]
    assert {batch["processing_status"] for batch in faulty.batches()} == {"in_progress", "canceling"}


def test_the_states_of_a_batch_in_this_order(faulty: Faulty) -> None:
    """One for each retrieve of each batch; then it is as it is. Listing them is no retrieve."""
    first, second = faulty.ended(1), faulty.ended(2)
    faulty.arm({"fault": "batch.status_sequence", "with": {"statuses": ["in_progress", "canceling", "ended"]}})
    assert statuses(faulty, first, 2) == ["in_progress", "canceling"]
    faulty.batches()
    assert statuses(faulty, first, 2) == ["ended", "ended"]
    assert statuses(faulty, second, 3) == ["in_progress", "canceling", "ended"]


def test_a_batch_that_is_archived_now(faulty: Faulty) -> None:
    """It can be retrieved, and its results are gone."""
    batch = faulty.ended()
    faulty.arm({"fault": "batch.archive", "match": {"batch": batch}})
    shown = faulty.sdk.messages.batches.retrieve(batch)
    assert (shown.processing_status, shown.results_url) == ("ended", None)
    assert shown.archived_at is not None
    assert faulty.raw("GET", f"/v1/messages/batches/{batch}/results").status_code == 404
    other = faulty.ended(2)
    assert len(faulty.rows(other)) == 2


def test_a_status_of_tomorrow(faulty: Faulty) -> None:
    """The SDK passes it through; an ended batch is ended all the same."""
    batch = faulty.create()
    faulty.arm({"fault": "compat.unknown_status"})
    assert statuses(faulty, batch, 1) == ["validating"]
    faulty.control("POST", "clock/advance", {"by": "24h"})
    assert statuses(faulty, batch, 1) == ["ended"]


def test_connections_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first three of a server; the calls of the SDK are as many."""
    monkeypatch.setattr("anthropic._base_client.INITIAL_RETRY_DELAY", 0.01)
    with (
        running(tmp_path, "--frozen", "--fault", "connection.refuse,times=3") as server,
        anthropic.Anthropic(base_url=server.url, api_key="sk-ant-a") as sdk,
    ):
        with pytest.raises(anthropic.APIConnectionError):
            sdk.messages.batches.create(requests=requests("a"))  # type: ignore[arg-type]
        assert sdk.messages.batches.create(requests=requests("a")).processing_status == "in_progress"  # type: ignore[arg-type]


def test_rules_of_a_server_are_the_rules_of_its_sessions(tmp_path: Path) -> None:
    """From flags before those of the file; each session counts for itself, or is alone meant by its key."""
    file = tmp_path / "mock.toml"
    file.write_text(
        """
frozen = true
[[rules]]
name = "of the file"
on = "list"
http = { status = 529 }

[[rules]]
name = "of b alone"
on = "create"
match = { session = "sk-ant-b*" }
http = 413
"""
    )
    with running(tmp_path, "--config", str(file), "--fault", "http.error,on=list,status=500,times=1") as server:

        def called(key: str, method: str = "GET") -> int:
            body = {"requests": requests("a")} if method == "POST" else None
            return server.http.request(
                method, "/v1/messages/batches", json=body, headers={"x-api-key": key}
            ).status_code

        assert [called("sk-ant-a"), called("sk-ant-a"), called("sk-ant-b")] == [500, 529, 500]
        assert [called("sk-ant-a", "POST"), called("sk-ant-b1", "POST")] == [200, 413]
