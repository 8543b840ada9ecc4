"""What the kit may do: with a server that it started everything, with another one what a caller with a key may."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockbatch.testing import ControlError, Server
from tests.builders import requests
from tests.processes import run, running
from tests.testing.test_server import HOWS

FUNCTION = "tests.reply_functions:numbered"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """A server that somebody else has started, as it is seen from another machine."""
    with Server() as started, Server.at(started.url) as server:
        server.control._headers["x-forwarded-for"] = "192.0.2.7"
        yield server


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("more", [{}, {"api_key": "sk-ant-only"}])
def test_a_test_names_files_and_functions(how: str, more: dict[str, Any], tmp_path: Path) -> None:
    """In options of its session and in rules, wherever the server runs, also where that admits certain keys only."""
    spans = tmp_path / "spans.txt"
    spans.write_text("90s\n")
    with Server(how, **more) as server:  # type: ignore[arg-type]
        given: dict[str, Any] = {"replies": FUNCTION, "delay": f"empirical:{spans}"}
        with server.session("options", **more, **given) as session, session.client() as client:
            session.replay(str(ROOT / "fixtures" / "nightly.jsonl"), mode="fake")
            client.messages.batches.create(requests=requests("a"))  # type: ignore[arg-type]
        with server.session("rules", **more) as session:
            assert session.on("item").reply(callable=FUNCTION).hits == 0
        assert server.sessions() == []


def test_sessions_are_opened_with_keys_that_are_chosen_here(elsewhere: Server) -> None:
    """As the server makes up none for callers from elsewhere: one for each session, the same ones in the same order."""
    keys = []
    for _ in range(2):
        with elsewhere.session("a", seed=1) as first, elsewhere.session("a") as second:
            keys.append((first.api_key, second.api_key))
            first.configure(fail_rate=1)
            with first.client() as client:
                client.messages.batches.create(requests=requests("a"))  # type: ignore[arg-type]
            first.clock.advance(by="1h")
            assert (len(first.batches), len(second.batches)) == (1, 0)
    assert keys[0] == keys[1]
    assert keys[0][0] != keys[0][1]
    with elsewhere.session(api_key="sk-ant-chosen") as chosen:
        assert chosen.api_key == "sk-ant-chosen"
        with pytest.raises(ControlError, match="already belongs to session"):
            elsewhere.session(api_key="sk-ant-chosen")


def test_what_reaches_beyond_a_session_is_refused(elsewhere: Server) -> None:
    """With what would help."""
    for ask in (elsewhere.sessions, elsewhere.info):
        with pytest.raises(ControlError, match="--control-key"):
            ask()


def test_a_server_that_was_there_opens_no_files_for_tests(elsewhere: Server) -> None:
    """It says how to give them to it."""
    with pytest.raises(ControlError, match="--replay"):
        elsewhere.session(replay="fixtures/nightly.jsonl")
    with elsewhere.session() as session, pytest.raises(ControlError, match="configuration file"):
        session.on("item").reply(callable=FUNCTION)


def test_a_command_that_was_run_is_trusted() -> None:
    """As `mockbatch run` has started both."""
    program = (
        "import os; from mockbatch.testing import Server\n"
        f"with Server.at(os.environ['MOCKBATCH_URL']).session(replies={FUNCTION!r}) as session: print(session.id)"
    )
    for options in ((), ("--api-key", "sk-ant-a")):
        code, out, err = run("run", *options, "--", sys.executable, "-c", program, cwd=ROOT)
        assert (code, len(out.strip())) == (0, 16), err


def test_commands_send_the_control_key(tmp_path: Path) -> None:
    """By their option or its variable, to see all sessions of a server that is not open."""
    with running(tmp_path, "--api-key", "sk-ant-test", "--control-key", "open-sesame") as server:
        server.http.get("/v1/messages/batches")
        look = ("watch", "--once", "--url", server.url)
        assert run(*look)[0] == 2
        assert run(*look, "--control-key", "wrong")[0] == 2
        assert run(*look, "--control-key", "open-sesame")[0] == 0
        assert run(*look, environ={"MOCKBATCH_CONTROL_KEY": "open-sesame,other"})[0] == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), ["any key opens a session", "set --api-key", "--control-key"]),
        (("--api-key", "sk-ant-test"), ["each --api-key controls it"]),
        (("--control-key", "secret-key"), ["any key opens a session", "set --api-key"]),
    ],
)
def test_a_server_for_others_says_what_is_open(tmp_path: Path, options: tuple[str, ...], told: list[str]) -> None:
    """Before it starts, and without a key in it."""
    with running(tmp_path, "--host", "0.0.0.0", *options) as server:
        _, _, err = server.stop()
    assert all(text in err for text in told)
    assert "sk-ant-test" not in err
    assert "secret-key" not in err
