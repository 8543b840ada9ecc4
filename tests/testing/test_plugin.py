"""The pytest plugin, run by pytest itself on projects as users have them."""

import os
import re
import signal
from pathlib import Path

import httpx2
import pytest

from mockbatch.testing import Server

CREATE = """
    import anthropic

    REQUESTS = [
        {"custom_id": name, "params": {"model": "claude-haiku-4-5", "max_tokens": 8,
                                       "messages": [{"role": "user", "content": name}]}}
        for name in ("a", "b")
    ]
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with nothing but a strict configuration; pytest runs in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makepyprojecttoml(
        """
        [tool.pytest.ini_options]
        addopts = "-p no:schemathesis -p no:cacheprovider --strict-markers"
        filterwarnings = ["error"]
        asyncio_default_fixture_loop_scope = "function"
        """
    )
    return pytester


def run(project: pytest.Pytester, *arguments: str, **outcomes: int) -> pytest.RunResult:
    result = project.runpytest_subprocess(*arguments)
    result.assert_outcomes(**outcomes)
    return result


def test_a_test_has_a_session_and_the_environment_points_to_it(project: pytest.Pytester) -> None:
    """A program that reads the two variables, and the fixture's client, are in the same world; each test in its own."""
    project.makepyfile(
        CREATE
        + """
    import pytest

    @pytest.mark.parametrize("round", range(3))
    def test_alone(mockbatch, anthropic_client, round):
        with anthropic.Anthropic() as own:
            batch = own.messages.batches.create(requests=REQUESTS)
        assert [one.id for one in anthropic_client.messages.batches.list()] == [batch.id]
        assert [one.id for one in mockbatch.batches] == [batch.id]
        assert mockbatch.label.endswith(f"test_alone[{round}]")
    """
    )
    run(project, passed=3)


def test_the_environment_is_put_back(project: pytest.Pytester) -> None:
    """A real key is the test's own business again."""
    project.makepyfile(
        """
    import os
    os.environ |= {"ANTHROPIC_API_KEY": "sk-real", "ANTHROPIC_AUTH_TOKEN": "real"}

    def test_with(mockbatch):
        assert os.environ["ANTHROPIC_API_KEY"] == mockbatch.api_key != "sk-real"
        assert os.environ["ANTHROPIC_BASE_URL"] == mockbatch.url
        assert "ANTHROPIC_AUTH_TOKEN" not in os.environ

    def test_without():
        assert os.environ["ANTHROPIC_API_KEY"] == "sk-real"
        assert "ANTHROPIC_BASE_URL" not in os.environ
    """
    )
    run(project, passed=2)


def test_marks_are_options_of_the_session(project: pytest.Pytester) -> None:
    """The nearest wins; a marked test is pointed at the mock whatever it asks for."""
    project.makepyfile(
        CREATE
        + """
    import os, pytest

    pytestmark = pytest.mark.mockbatch(fail_rate=1, frozen=True)

    def outcomes(session):
        with session.client() as client:
            batch = client.messages.batches.create(requests=REQUESTS)
            session.clock.advance(until="batch.ended", batch=batch.id)
            return {row.result.type for row in client.messages.batches.results(batch.id)}

    def test_of_the_module(mockbatch):
        assert outcomes(mockbatch) == {"errored"}
        assert mockbatch.clock.frozen

    @pytest.mark.mockbatch(fail_rate=0)
    def test_of_its_own(mockbatch):
        assert outcomes(mockbatch) == {"succeeded"}
        assert mockbatch.clock.frozen

    def test_nothing_asked_for():
        assert os.environ["ANTHROPIC_API_KEY"].startswith("sk-ant-mock-")
    """
    )
    run(project, passed=3)


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [
        ("fail_rat=1", "there is no option 'fail_rat'. Did you mean 'fail_rate'?"),
        ("7", "@pytest.mark.mockbatch takes keyword arguments, e.g. seed=7, not 7"),
        ("fail_rate=7", "options: fail_rate: 7 is not between 0 and 1"),
        ("port=7", "options: port is the same for all sessions of a server"),
    ],
)
def test_a_wrong_mark_is_refused(project: pytest.Pytester, mark: str, sentence: str) -> None:
    """With the nearest name, before the test runs."""
    project.makepyfile(f"import pytest\n@pytest.mark.mockbatch({mark})\ndef test_it(mockbatch): raise SystemExit")
    run(project, errors=1).stdout.fnmatch_lines([f"*{sentence}*"])


def test_virtual_time_makes_a_day_pass_at_once(project: pytest.Pytester) -> None:
    """A loop of the program's own, with sleeps and a deadline; the retry-after of the SDK as well."""
    project.makepyfile(
        CREATE
        + """
    import time
    import pytest

    @pytest.mark.mockbatch(never=1)
    def test_a_day(anthropic_client, virtual_time):
        batch = anthropic_client.messages.batches.create(requests=REQUESTS)
        deadline = time.monotonic() + 26 * 3600
        while anthropic_client.messages.batches.retrieve(batch.id).processing_status != "ended":
            assert time.monotonic() < deadline
            time.sleep(3600)
        assert 24 * 3600 <= virtual_time.elapsed < 25 * 3600
        assert virtual_time.real_elapsed < 20

    @pytest.mark.mockbatch(requests_per_minute=1)
    def test_retry_after(anthropic_client, virtual_time):
        for _ in range(3):
            anthropic_client.messages.batches.list()
        assert virtual_time.elapsed >= 60
        assert virtual_time.real_elapsed < 20
    """
    )
    run(project, passed=2)


ASYNC = (
    CREATE
    + """
    import asyncio, time
    import pytest

    {mark}
    @pytest.mark.mockbatch(never=1)
    async def test_a_day(async_anthropic_client, virtual_time):
        batch = await async_anthropic_client.messages.batches.create(requests=REQUESTS)
        async with asyncio.timeout(26 * 3600):
            while (await async_anthropic_client.messages.batches.retrieve(batch.id)).processing_status != "ended":
                await asyncio.sleep(3600)
        assert [row.result.type async for row in await async_anthropic_client.messages.batches.results(batch.id)] == [
            "expired", "expired"]
        assert 24 * 3600 <= virtual_time.elapsed < 25 * 3600

    {mark}
    @pytest.mark.mockbatch(requests_per_minute=1)
    async def test_retry_after(async_anthropic_client, virtual_time):
        await asyncio.gather(*(async_anthropic_client.messages.batches.list() for _ in range(2)))
        assert virtual_time.elapsed >= 59
"""
)


def test_it_runs_under_pytest_asyncio(project: pytest.Pytester) -> None:
    """With warnings as errors: no connection is left open."""
    project.makepyfile(ASYNC.replace("{mark}", "@pytest.mark.asyncio"))
    run(project, "-p", "no:anyio", passed=2)


def test_it_runs_under_anyio(project: pytest.Pytester) -> None:
    """Whose plugin runs the tests itself."""
    project.makeconftest("import pytest\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'")
    project.makepyfile(ASYNC.replace("{mark}", "@pytest.mark.anyio"))
    run(project, passed=2)


def test_workers_have_servers_of_their_own(project: pytest.Pytester) -> None:
    """Under xdist; and the same test has the same key in any worker."""
    project.makepyfile(
        """
    import pytest

    @pytest.mark.parametrize("n", range(8))
    def test_it(mockbatch, mockbatch_server, n):
        print(f"at {mockbatch_server.url} {mockbatch.api_key}")
    """
    )
    seen = [run(project, "-n", "2", "-rP", passed=8).stdout.str(), run(project, "-rP", passed=8).stdout.str()]
    urls = [set(re.findall(r"at (http\S+) ", text)) for text in seen]
    assert [len(found) for found in urls] == [2, 1]
    keys = [set(re.findall(r"at http\S+ (\S+)", text)) for text in seen]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 8


def test_a_fixed_port_is_refused_under_xdist(project: pytest.Pytester) -> None:
    """Two workers cannot have it."""
    project.makeconftest(
        "import pytest\n@pytest.fixture(scope='session')\ndef mockbatch_options(): return {'port': 8787}"
    )
    project.makepyfile("def test_it(mockbatch): pass")
    run(project, "-n", "2", errors=1).stdout.fnmatch_lines(["*port=8787 cannot be shared by several workers; omit it*"])


def test_options_of_the_server_are_the_projects(project: pytest.Pytester) -> None:
    """Of the fixture that it overrides, and of the file that its configuration names; no other file is read."""
    project.makeconftest(
        "import pytest\n@pytest.fixture(scope='session')\ndef mockbatch_options(): return {'how': 'process', 'seed': 7}"
    )
    project.makefile(".toml", mockbatch="fail-rate = 0.75")
    project.makefile(".toml", options="fail-rate = 0.25\nport = 8787")
    project.makepyfile(
        """
    def test_it(mockbatch_server):
        options = mockbatch_server.info()["options"]
        assert (options["seed"], options["fail_rate"]) == (7, 0.25)
        assert ":8787" not in mockbatch_server.url
    """
    )
    run(project, "-o", "mockbatch_config=options.toml", passed=1)
    project.makepyfile("def test_it(mockbatch_server): assert mockbatch_server.info()['options']['fail_rate'] == 0.0")
    run(project, passed=1)


def test_a_failing_test_is_told_what_happened(project: pytest.Pytester) -> None:
    """Calls, batches, rules, problems, and where time stood."""
    project.makepyfile(
        CREATE
        + """
    def test_it(mockbatch, anthropic_client):
        anthropic_client.messages.batches.create(requests=REQUESTS)
        raise AssertionError
    """
    )
    result = run(project, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- mockbatch -*",
            "<session *test_it* at http*",
            "*batches:",
            "  <batch msgbatch_* in_progress: <2 processing>>",
        ]
    )


def test_a_server_that_dies_is_reported_as_that(project: pytest.Pytester) -> None:
    """With its exit code, by the test in which it died and by those after it."""
    project.makeconftest(
        "import pytest\n@pytest.fixture(scope='session')\ndef mockbatch_options(): return {'how': 'process'}"
    )
    project.makepyfile(
        """
    import os, signal

    def test_killed(mockbatch, mockbatch_server):
        os.kill(mockbatch_server.pid, signal.SIGKILL)
        mockbatch.clock.advance("1h")

    def test_after(mockbatch):
        pass
    """
    )
    result = run(project, failed=1, errors=2)
    result.stdout.fnmatch_lines(
        ["*ServerDied: the mockbatch server at http* died: exit code -9; last output: nothing*"]
    )


def test_problems_fail_a_test_when_that_is_wanted(project: pytest.Pytester) -> None:
    """By option or by configuration."""
    project.makepyfile(
        CREATE
        + """
    def test_it(mockbatch, anthropic_client):
        batch = anthropic_client.messages.batches.create(requests=REQUESTS)
        mockbatch.clock.advance("25h")
    """
    )
    run(project, passed=1)
    for arguments in (["--mockbatch-strict"], ["-o", "mockbatch_strict=true"]):
        run(project, *arguments, passed=1, errors=1).stdout.fnmatch_lines(["*Problems: orphan: msgbatch_*"])


@pytest.mark.parametrize("arguments", [[], ["-n", "1"]], ids=["alone", "xdist"])
def test_a_server_is_kept_when_that_is_wanted(project: pytest.Pytester, arguments: list[str]) -> None:
    """With the sessions of all tests, to look at afterwards."""
    project.makepyfile("def test_it(mockbatch): pass")
    result = run(project, "--mockbatch-keep", *arguments, passed=1)
    found = re.search(r"mockbatch keeps running at (http\S+) \(process (\d+)\)", result.stdout.str())
    assert found
    try:
        with Server.at(found[1]) as server:
            (session,) = server.sessions()
        assert session["label"].endswith("::test_it")
    finally:
        os.kill(int(found[2]), signal.SIGTERM)


def test_a_failure_leads_to_what_was_when_the_test_failed(project: pytest.Pytester) -> None:
    """In the dashboard of a server that is kept; time stands still there."""
    project.makepyfile("def test_it(mockbatch): assert False")
    result = project.runpytest_subprocess("--mockbatch-keep")
    found = re.search(r"mockbatch keeps running at (http\S+) \(process (\d+)\)", result.stdout.str())
    assert found
    try:
        with Server.at(found[1]) as server:
            (session,) = server.sessions()
        clock = httpx2.get(f"{found[1]}/_mockbatch/clock", params={"session": session["id"]}).json()
        assert f"state at the time of failure: {found[1]}/?session={session['id']}" in result.stdout.str()
        assert clock["frozen"] is True
    finally:
        os.kill(int(found[2]), signal.SIGTERM)


def test_a_server_that_is_there_is_used_when_it_is_named(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And goes on afterwards."""
    project.makepyfile("def test_it(mockbatch): print('at', mockbatch.url)")
    with Server() as server:
        monkeypatch.setenv("MOCKBATCH_URL", server.url)
        run(project, "-rP", passed=1).stdout.fnmatch_lines([f"at {server.url}"])
        assert server.sessions() == []


def test_what_is_named_but_is_not_there_is_refused(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence."""
    project.makepyfile("def test_it(mockbatch): pass")
    monkeypatch.setenv("MOCKBATCH_URL", "http://127.0.0.1:9")
    run(project, errors=1).stdout.fnmatch_lines(["*ServerGone: no server responds at http://127.0.0.1:9*"])


def test_the_plugin_imports_nothing_until_it_is_used(project: pytest.Pytester) -> None:
    """Projects that have it installed and do not use it pay nothing."""
    project.makepyfile(
        """
    import sys

    def test_it():
        assert "mockbatch.testing.plugin" in sys.modules
        heavy = {"starlette", "uvicorn", "httpx2", "anthropic", "msgspec", "time_machine", "mockbatch.config"}
        assert heavy & set(sys.modules) == set()
    """
    )
    run(project, "-p", "no:time_machine", passed=1)


def test_unittest_is_served_as_well(project: pytest.Pytester) -> None:
    """By the mark alone."""
    project.makepyfile(
        """
    import os, unittest, pytest

    @pytest.mark.mockbatch(seed=3)
    class TestIt(unittest.TestCase):
        def test_it(self):
            assert os.environ["ANTHROPIC_API_KEY"].startswith("sk-ant-mock-")
    """
    )
    run(project, passed=1)
