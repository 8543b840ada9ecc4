"""The test process is pinned: UTC, an environment without options of ours, hypothesis that never hurries."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.builders import Api, serving

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    for name in list(os.environ):
        if name.startswith(("MOCKBATCH_", "ANTHROPIC_")):
            monkeypatch.delenv(name)


@pytest.fixture
def api() -> Iterator[Api]:
    """A server in this process with default options, its time standing still."""
    with serving() as client:
        yield client


def pytest_report_header() -> list[str]:
    from importlib.metadata import version

    names = ("anthropic", "starlette", "uvicorn", "msgspec", "pydantic", "aiosqlite")
    return [" ".join(f"{name} {version(name)}" for name in names)]
