"""The pytest plugin. Imports the server and the SDK only when a fixture is used."""

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
    group.addoption(
        "--mockbatch-keep",
        action="store_true",
        help="Keep the server and its sessions after the run, and print the URL.",
    )
    group.addoption(
        "--mockbatch-strict", action="store_true", help="Fail tests that cause problems: orphans, duplicates ..."
    )
    group.addoption(
        "--mockbatch-command",
        metavar="PATH",
        default=os.environ.get("MOCKBATCH_COMMAND"),
        help="The mockbatch command of another environment, to run the server.",
    )
    parser.addini("mockbatch_config", "A configuration file of the server, relative to this one.", default="")
    parser.addini("mockbatch_strict", "Fail tests that cause problems.", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "mockbatch(**options): run the test with its own session and these options, e.g. fail_rate=0.05, seed=7",
    )
    config.stash[_kept] = []
    if "MOCKBATCH_VIRTUAL_TIME" in os.environ:
        from mockbatch.testing.virtual_time.process import end

        end()


def pytest_itemcollected(item: pytest.Item) -> None:
    # the mark alone points a test at the mock, even if the test requests no fixture
    names = getattr(item, "fixturenames", None)
    if names is not None and "mockbatch" not in names and item.get_closest_marker("mockbatch"):
        names.append("mockbatch")


@pytest.fixture(scope="session")
def mockbatch_options() -> dict[str, Any]:
    """The options of the server; override it in a project. `how` is thread or process, `config` a file."""
    return {}


@pytest.fixture(scope="session")
def mockbatch_server(mockbatch_options: dict[str, Any], pytestconfig: pytest.Config) -> Iterator["Server"]:
    """The server: in this process, of another environment's command, or the running one at MOCKBATCH_URL."""
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
    """The session of this test; ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY point to it."""
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
    """The official SDK's async client, for the session of this test. It has no idle connections to close."""
    return mockbatch.async_client(keep_alive=False)


@pytest.fixture
def virtual_time(mockbatch: "Session") -> Iterator["VirtualTime"]:
    """Virtual time: sleeps in the test advance the session's clock instead of waiting."""
    with mockbatch.virtual_time() as virtual:
        yield virtual


# loaded by any pytest; old ones support no other kind of wrapper
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    report: pytest.TestReport = (yield).get_result()
    session = item.stash.get(_session, None)
    if report.failed and session is not None:
        item.stash[_failed] = True
        if report.when != "teardown":
            report.sections.append(("mockbatch", _report(session, kept=item.config.getoption("mockbatch_keep"))))


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_WORKER_OUTPUT] = session.config.stash[_kept]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[_kept].extend(getattr(node, "workeroutput", {}).get(_WORKER_OUTPUT, []))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for where in config.stash[_kept]:
        terminalreporter.line(f"mockbatch keeps running at {where}")


def _configured_file(config: pytest.Config) -> Path | None:
    """Return the configuration file set in the project, relative to its ini file."""
    named = config.getini("mockbatch_config")
    return (config.inipath.parent if config.inipath else config.rootpath) / named if named else None


def _refuse_fixed_port(options: dict[str, Any]) -> None:
    port = options.get("port")
    if os.environ.get("PYTEST_XDIST_WORKER") and port not in (None, 0, "0"):
        pytest.fail(f"mockbatch_options: port={port} cannot be shared by several workers; omit it", pytrace=False)


def _marked(item: pytest.Item) -> dict[str, Any]:
    """Return the options of all marks; marks nearer to the test override others."""
    marks = list(item.iter_markers("mockbatch"))
    if not marks:
        return {}
    from mockbatch.config import OPTIONS
    from mockbatch.core.suggestions import did_you_mean

    options: dict[str, Any] = {}
    for mark in reversed(marks):
        if mark.args:
            pytest.fail(
                f"@pytest.mark.mockbatch takes keyword arguments, e.g. seed=7, not {mark.args[0]!r}", pytrace=False
            )
        for name in mark.kwargs:
            if name not in OPTIONS:
                near = did_you_mean(name, OPTIONS)
                pytest.fail(f"@pytest.mark.mockbatch: there is no option {name!r}.{near}", pytrace=False)
        options |= mark.kwargs
    return options


def _report(session: "Session", *, kept: bool) -> str:
    from mockbatch.testing.report import described, halted

    return described(session) + (halted(session) if kept else "")
