"""The stories use the pipeline of the sample project."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_PROJECT = Path(__file__).parents[1] / "nightly"


@pytest.fixture(autouse=True)
def _project_on_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(_PROJECT)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "nightly"]:
        del sys.modules[name]


@pytest.fixture
def project() -> Path:
    return _PROJECT


@pytest.fixture
def pipeline(anthropic_client: Any, virtual_time: Any) -> Any:
    from nightly.pipeline import Pipeline

    return Pipeline(anthropic_client)
