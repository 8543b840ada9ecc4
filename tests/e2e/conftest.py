"""A server for the tests of faults, and a session of it for each."""

from collections.abc import Iterator

import anthropic._base_client
import pytest

from tests.e2e.faulty import Faulty
from tests.processes import Process, running


@pytest.fixture(scope="session")
def faulty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("faulty"), "--frozen", "--results-order", "input") as process:
        yield process


@pytest.fixture
def faulty(faulty_server: Process, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """A session of the test's own. The SDK repeats calls as always, but does not wait half a second for it."""
    monkeypatch.setattr(anthropic._base_client, "INITIAL_RETRY_DELAY", 0.01)
    session = Faulty(faulty_server, request.node.name.replace("[", "-").replace("]", ""))
    with session.sdk:
        yield session
