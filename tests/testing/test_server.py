"""A server in the hands of a test: in a thread, in a process, in memory, or one that is there already."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest

from mockbatch import __version__
from mockbatch.client.control import Wire
from mockbatch.config import ConfigError
from mockbatch.server import PortInUse
from mockbatch.testing import ControlError, Problems, Server, ServerDied, ServerGone, Session
from mockbatch.testing.server import How
from tests.builders import requests

HOWS: tuple[How, ...] = ("thread", "process", "memory")


@pytest.fixture(scope="module", params=HOWS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server(request.param, seed=7, frozen=True) as running:
        yield running


@pytest.fixture
def session(server: Server) -> Iterator[Session]:
    with server.session("a label") as opened:
        yield opened


def create(client: anthropic.Anthropic, *custom_ids: str | int) -> str:
    return client.messages.batches.create(requests=requests(*custom_ids)).id  # type: ignore[arg-type]


def test_the_sdk_and_the_handle_see_the_same_world(session: Session) -> None:
    """From create to results, and what is behind them."""
    with session.client() as client:
        id = create(client, *range(5))
        (started, ended) = session.clock.advance(until="batch.ended", batch=id)
        assert (started["type"], ended["type"], ended["batch"]) == ("batch.started", "batch.ended", id)
        rows = {row.custom_id: row.result.type for row in client.messages.batches.results(id)}
    batch = session.batches[id]
    assert (batch.status, batch.size, batch.counts.succeeded) == ("ended", 5, 5)
    assert (batch.results, batch.custom_ids) == (rows, set(rows))
    assert (batch.delivered, batch.downloads) == (5, 1)
    assert [call.op for call in session.requests] == ["create", "retrieve", "results"]
    assert session.problems() == []
    session.check()


def test_the_async_client_reaches_it_too(session: Session) -> None:
    """From a loop of its own."""

    async def life() -> list[str]:
        async with session.async_client() as client:
            batch = await client.messages.batches.create(requests=requests("a", "b"))  # type: ignore[arg-type]
            session.clock.advance("25h")
            return sorted([row.custom_id async for row in await client.messages.batches.results(batch.id)])

    assert asyncio.run(life()) == ["a", "b"]


def test_errors_and_retries_are_those_of_the_sdk(session: Session) -> None:
    """Through any transport."""
    with session.client(max_retries=0) as client, pytest.raises(anthropic.NotFoundError, match="msgbatch_x not found"):
        client.messages.batches.retrieve("msgbatch_x")


def test_sessions_have_options_of_their_own(server: Server) -> None:
    """And change them."""
    with server.session(fail_rate=1) as session, session.client() as client:
        first = create(client, "a")
        session.queue(duration="3h", finish_fraction=0)
        session.configure(fail_rate=0)
        second = create(client, "a")
        session.clock.advance("25h")
        assert [batch.id for batch in session.batches] == [first, second]
        assert [batch.results["a"] for batch in session.batches] == ["errored", "expired"]
        session.limits(max_requests=1)
        with pytest.raises(anthropic.BadRequestError, match="at most 1 item"):
            create(client, "a", "b")
    with pytest.raises(ControlError, match=r"unknown option fail_rat\. Did you mean fail_rate\?"):
        server.session(fail_rat=1)  # type: ignore[call-arg]


def test_the_clock_is_moved_in_every_way(session: Session) -> None:
    """Forward only."""
    clock = session.clock
    before = clock.now()
    clock.advance("1h")
    clock.advance(90)
    clock.advance(0.000001)
    clock.advance(timedelta(days=1))
    clock.advance(to=clock.now() + timedelta(hours=1))
    assert clock.now() - before == timedelta(days=1, hours=2, seconds=90, microseconds=1)
    assert clock.time() == clock.now().timestamp()
    with pytest.raises(ControlError, match="only moves forward"):
        clock.advance(to="2020-01-01")
    with pytest.raises(ControlError, match="not a span of time"):
        clock.advance(-1)
    clock.resume()
    clock.speedup(60)
    assert (clock.frozen, clock.view()["speedup"]) == (False, 60)


def test_batches_are_acted_on(session: Session) -> None:
    """Fail, end, expire, stick, archive; by id and by place."""
    with session.client() as client:
        for name in "abc":
            create(client, name)
    batches = session.batches
    assert len(batches) == 3
    assert batches.first.fail("a").end().status == "ended"
    assert batches.first.results == {"a": "errored"}
    assert batches[1].expire().results == {"b": "expired"}
    assert batches.last.stick().status == "in_progress"
    session.clock.advance("30d")
    assert batches.last.counts == {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 1}


def test_what_was_not_done_is_told(session: Session) -> None:
    """As problems, and as an assertion that fails."""
    with session.client() as client:
        first, second = create(client, "a"), create(client, "a")
        session.clock.advance("25h")
    assert session.batches.duplicates() == [[first, second]]
    assert session.batches.orphans() == [first, second]
    with pytest.raises(Problems, match=f"orphan: {first} has ended and its results were never read"):
        session.check()
    session.check(ignore=["orphan", "duplicate"])


def test_calls_are_found_counted_and_verified(session: Session) -> None:
    """A difference names the closest calls."""
    with session.client(max_retries=0) as client:
        id = create(client, "a")
        client.messages.batches.retrieve(id)
        session.clock.advance("2m")
        client.messages.batches.retrieve(id)
        with pytest.raises(anthropic.NotFoundError):
            client.messages.batches.retrieve("msgbatch_x")
    polls = session.requests.find("retrieve", batch=id)
    assert polls[1].at - polls[0].at == 120
    assert (session.requests.count("retrieve"), session.requests.count(status=404), len(session.requests)) == (3, 1, 4)
    session.requests.verify("retrieve", at_most=3)
    with pytest.raises(AssertionError, match=r"closest:\n.* create msgbatch_\w+ POST /v1/messages/batches -> 200"):
        session.requests.verify("create", count=2)


def test_rules_are_armed_in_a_line_and_taken_back(session: Session) -> None:
    """As context managers, or all at once; what they did is told."""
    with session.client(max_retries=0) as client:
        with session.on("create", times=1).http(529, retry_after=1) as rule:
            with pytest.raises(anthropic.APIStatusError) as overloaded:
                create(client, "a")
            assert overloaded.value.response.headers["retry-after"] == "1"
            assert (rule.hits, rule.remaining) == (1, 0)
            assert repr(session.rules) == f"<rules: {rule!r}>"
        assert len(session.rules) == 0
        session.on("item", custom_id="bad-*").errored("invalid_request_error", "so it is")
        session.on("item", custom_id="late").outcome("expired")
        session.on("item", custom_id="said").reply(static="as I say")
        id = create(client, "bad-1", "late", "said", "fine")
        session.clock.advance("25h")
        rows = {row.custom_id: row.result for row in client.messages.batches.results(id)}
    assert rows["bad-1"].to_dict()["error"]["error"]["message"] == "so it is"  # type: ignore[index]
    assert rows["said"].to_dict()["message"]["content"][0]["text"] == "as I say"  # type: ignore[index]
    assert session.batches.last.results == {
        "bad-1": "errored",
        "late": "expired",
        "said": "succeeded",
        "fine": "succeeded",
    }
    session.rules.clear()
    assert list(session.rules) == []
    with pytest.raises(ControlError, match=r"fault: there is no 'results\.cutt'\. Did you mean"):
        session.on("results").fault("results.cutt")


def test_the_ledger_says_what_it_costs(session: Session) -> None:
    """Exactly; half of what it costs without batches; and where a tracker is wrong."""
    with session.client() as client:
        id = create(client, "a", "b")
        session.clock.advance("25h")
        rows = list(client.messages.batches.results(id))
    ledger = session.ledger
    usages = [row.result.message.usage for row in rows if row.result.type == "succeeded"]
    tokens = [(usage.input_tokens, usage.output_tokens) for usage in usages]
    costs = [(sent * Decimal(1) + answered * Decimal(5)) / 1_000_000 / 2 for sent, answered in tokens]
    assert (ledger.total_usd, ledger.billed_items) == (sum(costs), 2)
    assert ledger.total.standard_usd == 2 * ledger.total_usd
    assert (ledger.for_batch(id).usd, ledger.for_batch(id).unbilled) == (ledger.total_usd, 0)
    names = [row.custom_id for row in rows]
    tracked = [{"custom_id": name, "cost_usd": cost} for name, cost in zip(names, costs, strict=True)]
    assert ledger.diff(tracked).empty
    wrong = ledger.diff([{**tracked[0], "cost_usd": 2 * costs[0]}])
    assert wrong.explain().startswith(f"{names[0]}: ")
    assert f"{names[1]}: not in the tracker" in wrong.explain()


def test_what_happens_elsewhere_is_waited_for(session: Session) -> None:
    """In real time; and not forever."""
    with session.client() as client:
        thread = threading.Timer(0.05, create, (client, "a"))
        thread.start()
        session.wait_for("batch.created", timeout=20)
        thread.join()
        session.wait_for("create")
    with pytest.raises(TimeoutError, match=r"batch\.ended happened 0 of 1 times in 0\.02 s"):
        session.wait_for("batch.ended", timeout=0.02)


def test_attempts_are_counted_by_name(session: Session) -> None:
    """In all batches."""
    with session.client() as client:
        create(client, "a", "b")
        create(client, "a")
    assert (session.attempts("a"), session.attempts("b"), session.attempts("c")) == (2, 1, 0)


def test_a_session_begins_anew(session: Session) -> None:
    """With the scope named."""
    with session.client() as client:
        create(client, "a")
    session.reset("state")
    assert len(session.batches) == 0
    with pytest.raises(ControlError, match="scope"):
        session.reset("everything")  # type: ignore[arg-type]


def test_a_closed_session_tells_what_it_came_to(server: Server) -> None:
    """And its key is free."""
    session = server.session("once")
    with session.client() as client:
        create(client, "a", "b")
    assert session.close()["rows"]["processing"] == 2
    assert server.session("once").api_key == session.api_key


def test_reprs_say_what_there_is(server: Server, session: Session) -> None:
    """For a debugger and for assertions."""
    with session.client() as client:
        create(client, "a")
    assert repr(server).startswith(f"<Server {__version__} ready at ")
    assert repr(session).startswith("<session a label at http")
    assert repr(session.batches).startswith("<batches [<batch msgbatch_")
    assert "in_progress: <1 processing>" in repr(session.batches)
    assert "create POST /v1/messages/batches -> 200" in repr(session.requests)
    assert repr(session.clock).endswith(" frozen>")


@pytest.mark.parametrize("how", ["thread", "process"])
def test_a_day_of_polls_takes_no_time(how: How) -> None:
    """26 hours in a loop of `sleep(60)`, with the real client and a real socket."""
    with Server(how, never=1) as server, server.session() as session, session.client() as client:
        id = create(client, "a")
        with session.virtual_time() as virtual:
            polls = 1
            while client.messages.batches.retrieve(id).processing_status != "ended":
                time.sleep(60)
                polls += 1
            assert (virtual.elapsed, polls) == (24 * 3600, 24 * 60 + 1)
            time.sleep(2 * 3600)
        assert session.batches.last.results == {"a": "expired"}
        assert not session.clock.frozen


def test_what_the_handle_does_to_the_clock_is_seen_in_virtual_time(session: Session) -> None:
    """And wakes who sleeps."""
    with session.virtual_time() as virtual:
        begun = threading.Event()

        def nap() -> None:
            begun.set()
            time.sleep(3600)

        before = time.time()
        session.clock.advance("2h")
        assert (time.time() - before, virtual.elapsed) == (7200, 7200)
        thread = threading.Thread(target=nap)
        thread.start()
        thread.join()
        assert virtual.elapsed == 7200 + 3600


def test_time_stands_still_while_a_call_is_on_its_way() -> None:
    """However long that takes in real time: what comes next is in time, in threads and in tasks."""
    with Server() as server, server.session() as session:
        session.on("list").fault("http.latency", delay="200ms")

        async def called(seen: list[float]) -> None:
            async with session.async_client() as client:
                await client.messages.batches.list()
                seen.append(virtual.elapsed)

        async def main(seen: list[float]) -> None:
            await asyncio.gather(called(seen), asyncio.sleep(3600))

        def call(seen: list[float]) -> None:
            with session.client() as client:
                client.messages.batches.list()
                seen.append(virtual.elapsed)

        with session.virtual_time() as virtual:
            seen: list[float] = []
            asyncio.run(main(seen))
            assert (seen, virtual.elapsed) == ([0], 3600)
            thread = threading.Thread(target=call, args=(seen,))
            thread.start()
            time.sleep(3600)
            thread.join()
            assert (seen, virtual.elapsed) == ([0, 3600], 7200)


def test_a_connection_that_was_closed_meanwhile_is_opened_anew() -> None:
    """As servers do with those that are idle."""

    class Closing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
            self.close_connection = True  # which is not told

        def log_message(self, *told: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Closing) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        wire = Wire(f"http://127.0.0.1:{http.server_port}")
        try:
            assert [wire.send("GET", "/", {}, b"") for _ in range(3)] == [(200, b"{}")] * 3
        finally:
            wire.close()
            http.shutdown()
            thread.join()


def test_compressed_answers_reach_a_client_without_a_socket_too() -> None:
    """Whole, or wrong where a rule says so."""
    with Server("memory") as server, server.session() as session, session.client(max_retries=0) as client:
        batch = session.batches.synthetic(50, ended=True)
        session.batches.synthetic(1, batches=5)
        listed = client.messages.batches.with_raw_response.list()
        assert listed.headers["content-encoding"] == "gzip"
        assert len(listed.parse().data) == 6
        assert len(list(client.messages.batches.results(batch.id))) == 50
        session.on("results").fault("http.encoding")
        with pytest.raises(httpx2.DecodingError):
            list(client.messages.batches.results(batch.id))


def test_environment_and_url_need_a_socket() -> None:
    """In memory there is none."""
    with Server("memory") as server, server.session() as session, pytest.raises(ValueError, match="has no URL"):
        session.env()
    with Server() as server, server.session() as session:
        assert session.env() == {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": session.api_key}


@pytest.mark.parametrize("how", HOWS)
def test_wrong_options_are_refused_at_once(how: How) -> None:
    """By their names."""
    with pytest.raises(ConfigError, match=r"unknown option fail_rat\. Did you mean fail_rate\?"):
        Server(how, fail_rat=1)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="seed: 'x' is not an integer"):
        Server(how, seed="x")  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["thread", "process"])
def test_a_file_is_read_only_if_it_is_named(how: How, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not because it lies in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mockbatch.toml").write_text("seed = 7\n")
    (tmp_path / "pyproject.toml").write_text("[tool.mockbatch]\nseed = 8\n")
    for named, seed in ((None, 0), ("mockbatch.toml", 7), ("pyproject.toml", 8)):
        with Server(how, config=named) as server:
            assert server.info()["options"]["seed"] == seed


def test_a_port_that_is_taken_is_told() -> None:
    """By whoever starts it."""
    with Server() as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is in use"):
            Server(port=port)
        with pytest.raises(ServerDied, match=f"did not start: exit code 3; last output:\n.*port {port}"):
            Server("process", port=port)


def test_a_server_that_is_gone_is_told() -> None:
    """Stopped or dead, with its last lines."""
    server = Server("process")
    session = server.session()
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    with pytest.raises(ServerDied, match="died: exit code -9; last output: nothing"):
        session.clock.now()
    assert " died at " in repr(server)
    with pytest.raises(ServerDied):
        server.check_alive()
    server.stop()
    with pytest.raises(ServerGone, match="was stopped"):
        session.clock.now()


def test_a_process_ends_with_its_maker() -> None:
    """Even when that is killed: its standard input ends."""
    server = Server("process")
    process = server._host._process  # type: ignore[attr-defined]
    process.stdin.close()
    assert process.wait(20) == 0
    server.stop()


def test_a_server_that_is_there_is_adopted_once_it_is_known() -> None:
    """And left running."""
    with Server() as server:
        with Server.at(f"{server.url}/") as adopted, adopted.session() as session, session.client() as client:
            create(client, "a")
        server.check_alive()
        assert server.info()["name"] == "mockbatch"
    with pytest.raises(ServerGone, match="no server responds at"):
        Server.at(server.url)


@pytest.mark.parametrize(
    ("health", "sentence"),
    [
        (b"<html>", "is not a mockbatch server"),
        (b'{"name":"other"}', "is not a mockbatch server"),
        (b'{"name":"mockbatch","version":"0.0.1","status":"ready"}', f"is mockbatch 0.0.1, and this is {__version__}"),
    ],
)
def test_a_stranger_is_not_adopted(health: bytes, sentence: str) -> None:
    """Whatever listens there."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(health)))
            self.end_headers()
            self.wfile.write(health)

        def log_message(self, *told: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        thread = threading.Thread(target=stranger.serve_forever, daemon=True)
        thread.start()
        try:
            with pytest.raises(ValueError, match=sentence):
                Server.at(f"http://127.0.0.1:{stranger.server_port}")
        finally:
            stranger.shutdown()
            thread.join()
