"""What was acknowledged survives; what was not never was."""

import http.client
import json
import random
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.builders import BATCHES, HEADERS, requests
from tests.processes import Process, running

OPTIONS = ("--frozen", "--clock-start", "2026-01-01", "--fail-rate", "0.1", "--delay", "uniform:1m,40h")


def everything(server: Process) -> bytes:
    """All that can be seen of a session: the list, each batch, its results, the clock."""
    page = server.http.get(f"{BATCHES}?limit=1000").json()
    port = server.url.rpartition(":")[2]
    seen = [json.dumps(page), server.http.get("/_mockbatch/clock").text]
    for batch in page["data"]:
        seen.append(server.http.get(f"{BATCHES}/{batch['id']}/results").text.partition('"request_id"')[0])
        if batch["processing_status"] == "ended":
            seen.append(server.http.get(f"{BATCHES}/{batch['id']}/results").text)
    return "\n".join(seen).replace(port, "PORT").encode()


def test_after_a_kill_every_answer_is_the_same_to_the_byte(tmp_path: Path) -> None:
    """Also under other options: what was decided at creation stays decided."""
    path = str(tmp_path / "state.db")
    with running(tmp_path, "--db", path, *OPTIONS) as server:
        ids = [
            server.http.post(BATCHES, json={"requests": requests(*range(size), padding=2000)}).json()["id"]
            for size in (3, 700, 5)
        ]
        server.advance(by="1h")
        server.http.post(f"{BATCHES}/{ids[2]}/cancel")
        server.advance(by="23h")
        server.http.delete(f"{BATCHES}/{ids[0]}")
        server.http.post(BATCHES, json={"requests": requests("late")})
        before = everything(server)
        server.stop(signal.SIGKILL)
    with running(tmp_path, "--db", path, "--fail-rate", "0.9", "--seed", "5", "--delay", "1s") as server:
        assert everything(server) == before
        server.http.post(BATCHES, json={"requests": requests("new")})
        assert len(server.http.get(BATCHES).json()["data"]) == 4


@pytest.mark.parametrize("attempt", range(4))
def test_a_kill_at_any_moment_loses_nothing_acknowledged_and_keeps_nothing_else(tmp_path: Path, attempt: int) -> None:
    """Clients create as fast as they can, small and large, when the server is killed."""
    path = str(tmp_path / "state.db")
    acknowledged: list[str] = []
    enough = threading.Event()
    moments = random.Random(attempt)

    def create(server: Process, sizes: list[int]) -> None:
        with httpx2.Client(base_url=server.url, headers=HEADERS) as http:
            try:
                for size in sizes:
                    answer = http.post(BATCHES, json={"requests": requests(*range(size), padding=3000)})
                    acknowledged.append(answer.json()["id"])
                    if len(acknowledged) > 5:
                        enough.set()
            except httpx2.HTTPError:
                return

    with running(tmp_path, "--db", path, *OPTIONS) as server:
        clients = [
            threading.Thread(target=create, args=(server, sizes)) for sizes in ([2] * 2000, [900] * 200, [40] * 1000)
        ]
        for client in clients:
            client.start()
        assert enough.wait(60)
        # the moment of the kill is the point of the test
        time.sleep(moments.random())
        server.stop(signal.SIGKILL)
        for client in clients:
            client.join()
    with running(tmp_path, "--db", path) as server:
        server.advance(by="25h")
        shown: list[dict[str, Any]] = []
        while True:
            after = f"&after_id={shown[-1]['id']}" if shown else ""
            page = server.http.get(f"{BATCHES}?limit=1000{after}").json()
            shown += page["data"]
            if not page["has_more"]:
                break
        # at most the call of each client that was under way may be there without an answer
        assert set(acknowledged) <= {batch["id"] for batch in shown}
        assert len(shown) <= len(acknowledged) + len(clients)
        for batch in shown[:: max(len(shown) // 20, 1)]:
            rows = server.http.get(f"{BATCHES}/{batch['id']}/results").text.splitlines()
            assert len(rows) == sum(batch["request_counts"].values())


def test_a_body_that_is_cut_in_the_middle_leaves_no_trace(tmp_path: Path) -> None:
    """The connection ends before the body does; nothing is listed, and nothing stays in the file."""
    path = tmp_path / "state.db"
    body = json.dumps({"requests": requests(*range(2000), padding=1000)}).encode()
    with running(tmp_path, "--db", str(path), *OPTIONS) as server:
        address = urlsplit(server.url)
        assert address.hostname
        connection = http.client.HTTPConnection(address.hostname, address.port)
        connection.putrequest("POST", BATCHES)
        for name, value in {**HEADERS, "content-length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body[: len(body) * 2 // 3])
        connection.close()
        server.http.post(BATCHES, json={"requests": requests("a")})
        assert len(server.http.get(BATCHES).json()["data"]) == 1
        server.stop()
    assert path.stat().st_size < len(body)


def test_the_clock_goes_on_where_it_was(tmp_path: Path) -> None:
    """Advances, pace and freezing are kept with the session."""
    path = str(tmp_path / "state.db")
    with running(tmp_path, "--db", path, "--clock-start", "2026-01-01") as server:
        server.advance(by="100d")
        server.http.post("/_mockbatch/clock/speedup", json={"speedup": 5})
        before = server.http.post("/_mockbatch/clock/freeze").json()
        server.stop(signal.SIGKILL)
    with running(tmp_path, "--db", path) as server:
        assert server.http.get("/_mockbatch/clock").json() == before
    assert before["now"].startswith("2026-04-11")


def test_rows_that_are_gone_are_an_error_in_the_envelope(tmp_path: Path) -> None:
    """Results do not begin as if all were well; a file of which a part is lost is no reason to cut a connection."""
    path = tmp_path / "state.db"
    with running(tmp_path, "--db", str(path), *OPTIONS) as server:
        batch = server.http.post(BATCHES, json={"requests": requests("a")}).json()["id"]
        server.advance(by="25h")
        server.stop()
    with closing(sqlite3.connect(path)) as connection:
        # the facts of a small batch are in its slice
        connection.execute("INSERT OR IGNORE INTO batch SELECT id >> 20, facts FROM slice")
        connection.execute("DELETE FROM slice")
        connection.execute("DELETE FROM rows")
        connection.commit()
    with running(tmp_path, "--db", str(path)) as server:
        answer = server.http.get(f"{BATCHES}/{batch}/results")
        assert (answer.status_code, answer.json()["error"]["type"]) == (500, "api_error")
        assert answer.json()["request_id"] == answer.headers["request-id"]
        _, _, err = server.stop()
    assert "Traceback" not in err


def test_results_of_a_batch_that_is_deleted_meanwhile_break_off(tmp_path: Path) -> None:
    """They do not look complete, and are no error of the server."""
    with running(tmp_path, "--progression", "immediate") as server:
        content = {"requests": requests(*range(30_000), padding=300)}
        path = f"{BATCHES}/{server.http.post(BATCHES, json=content, timeout=60).json()['id']}"
        with server.http.stream("GET", f"{path}/results") as answer:
            lines = answer.iter_lines()
            next(lines)
            server.http.delete(path).raise_for_status()
            with pytest.raises(httpx2.RemoteProtocolError):
                list(lines)
        assert server.http.get(f"{path}/results").status_code == 404
        _, _, err = server.stop()
    assert err == ""
