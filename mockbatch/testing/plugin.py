"""The pytest plugin. It imports nothing of the server or the SDK until a fixture is used."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import anthropic

    from mockbatch.testing.server import Server
    from mockbatch.testing.session import Session
    from mockbatch.testing.virtual_time import VirtualTime

_session = pytest.StashKey["Session"]()
_failed = pytest.StashKey[bool]()
_kept = pytest.StashKey[list[str]]()
_WORKER_OUTPUT = "mockbatch_kept"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mockbatch")
    group.addoption("--mockbatch-keep", action="store_true", help="Leave the server and its sessions, and say where.")
    group.addoption(
        "--mockbatch-strict", action="store_true", help="Fail tests that leave problems: orphans, duplicates ..."
    )
    group.addoption(
        "--mockbatch-command",
        metavar="PATH",
        default=os.environ.get("MOCKBATCH_COMMAND"),
        help="The mockbatch of another environment, which runs the server.",
    )
    parser.addini("mockbatch_config", "A file with options of the server, beside the one that says this.", default="")
    parser.addini("mockbatch_strict", "Fail tests that leave problems.", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "mockbatch(**options): point the test at a session of its own, with these options, like fail_rate=0.05, seed=7",
    )
    config.stash[_kept] = []
    if "MOCKBATCH_VIRTUAL_TIME" in os.environ:
        from mockbatch.testing.virtual_time.process import end

        end()


def pytest_itemcollected(item: pytest.Item) -> None:
    # a test that is marked is meant to be pointed at the mock, whatever it asks for by name
    names = getattr(item, "fixturenames", None)
    if names is not None and "mockbatch" not in names and item.get_closest_marker("mockbatch"):
        names.append("mockbatch")


@pytest.fixture(scope="session")
def mockbatch_options() -> dict[str, Any]:
    """The options of the server, for a project to say otherwise; `how` is thread or process, `config` names a file."""
    return {}


@pytest.fixture(scope="session")
def mockbatch_server(mockbatch_options: dict[str, Any], pytestconfig: pytest.Config) -> Iterator["Server"]:
    """A server of this process, or of another environment's command; with MOCKBATCH_URL, the one that is there."""
    from mockbatch.testing.server import Server

    if url := os.environ.get("MOCKBATCH_URL"):
        with Server.at(url) as server:
            yield server
        return
    _refuse_fixed_port(mockbatch_options)
    keep = pytestconfig.getoption("mockbatch_keep")
    ours = {"config": _configured_file(pytestconfig), "command": pytestconfig.getoption("mockbatch_command")}
    with Server(**{**ours, **mockbatch_options, **({"how": "kept"} if keep else {})}) as server:
        yield server
        if keep:
            pytestconfig.stash[_kept].append(f"{server.url} (process {server.pid})")


@pytest.fixture
def mockbatch(
    mockbatch_server: "Server", request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator["Session"]:
    """A session for this test, to which ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY point."""
    mockbatch_server.check_alive()
    item = request.node
    session = mockbatch_server.session(item.nodeid, **_marked(item))
    item.stash[_session] = session
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    for name, value in session.env().items():
        monkeypatch.setenv(name, value)
    yield session
    mockbatch_server.check_alive()
    failed = item.stash.get(_failed, False)
    try:
        if not failed and (item.config.getoption("mockbatch_strict") or item.config.getini("mockbatch_strict")):
            session.check()
    finally:
        if not item.config.getoption("mockbatch_keep"):
            session.close()


@pytest.fixture
def anthropic_client(mockbatch: "Session") -> Iterator["anthropic.Anthropic"]:
    """The official SDK's client, for the session of this test."""
    with mockbatch.client() as client:
        yield client


@pytest.fixture
def async_anthropic_client(mockbatch: "Session") -> "anthropic.AsyncAnthropic":
    """The official SDK's async client, for the session of this test. It keeps no connection, so it needs no close."""
    return mockbatch.async_client(keep_alive=False)


@pytest.fixture
def virtual_time(mockbatch: "Session") -> Iterator["VirtualTime"]:
    """In the test, sleeping is advancing the clock of its session."""
    with mockbatch.virtual_time() as virtual:
        yield virtual


# the plugin is loaded wherever pytest is, and old ones know no other wrappers
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    report: pytest.TestReport = (yield).get_result()
    session = item.stash.get(_session, None)
    if report.failed and session is not None:
        item.stash[_failed] = True
        if report.when != "teardown":
            report.sections.append(("mockbatch", _told(session, kept=item.config.getoption("mockbatch_keep"))))


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_WORKER_OUTPUT] = session.config.stash[_kept]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[_kept].extend(getattr(node, "workeroutput", {}).get(_WORKER_OUTPUT, []))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for where in config.stash[_kept]:
        terminalreporter.line(f"mockbatch stays at {where}")


def _configured_file(config: pytest.Config) -> Path | None:
    """The file that the project names, from where it does."""
    named = config.getini("mockbatch_config")
    return (config.inipath.parent if config.inipath else config.rootpath) / named if named else None


def _refuse_fixed_port(options: dict[str, Any]) -> None:
    port = options.get("port")
    if os.environ.get("PYTEST_XDIST_WORKER") and port not in (None, 0, "0"):
        pytest.fail(f"mockbatch_options: port={port} cannot be had by several workers; leave it out", pytrace=False)


def _marked(item: pytest.Item) -> dict[str, Any]:
    """The options of all marks, those nearest to the test last."""
    marks = list(item.iter_markers("mockbatch"))
    if not marks:
        return {}
    from mockbatch.config import OPTIONS
    from mockbatch.core.names import did_you_mean

    options: dict[str, Any] = {}
    for mark in reversed(marks):
        if mark.args:
            pytest.fail(f"@pytest.mark.mockbatch takes names, like seed=7, and not {mark.args[0]!r}", pytrace=False)
        for name in mark.kwargs:
            if name not in OPTIONS:
                near = did_you_mean(name, OPTIONS)
                pytest.fail(f"@pytest.mark.mockbatch: there is no option {name!r}.{near}", pytrace=False)
        options |= mark.kwargs
    return options


def _told(session: "Session", *, kept: bool) -> str:
    from mockbatch.testing.report import halted, told

    return told(session) + (halted(session) if kept else "")
