"""Installing mockbatch changes nothing else; what the page says of it is so."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.install.__main__ import PYTHONS
from tests.install.cells import CELLS, IN_CI
from tests.install.environment import ROOT, try_cell, wheel

PAGE = (ROOT / "docs" / "install.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(tmp_path_factory.mktemp("wheel"))


@pytest.mark.parametrize("name", IN_CI)
def test_no_installed_version_changes(name: str, package: Path, tmp_path: Path) -> None:
    """And a first test, a first program and a first server work there."""
    assert "packages added" in try_cell(CELLS[name], package, tmp_path)


def test_neither_an_sdk_nor_another_exact_version_is_required() -> None:
    needed = [*PROJECT["dependencies"], *(one for name, extra in EXTRAS.items() if name != "test" for one in extra)]
    assert [
        one for one in needed if "anthropic" in one or "==" in one.partition(";")[0] or "<" in one.partition(";")[0]
    ] == []


def test_the_page_names_the_bounds_and_the_extras() -> None:
    """Those that there are."""
    bounds = {one.partition(">=")[0]: one.partition(">=")[2] for one in [*PROJECT["dependencies"], *EXTRAS["pytest"]]}
    since, extras = (re.findall(rf"^\| `([\w-]+)` \| {more}", PAGE, re.MULTILINE) for more in (r"([\d.]+)", ""))
    assert since
    assert {name: version.rstrip(".") for name, version in since} == {name: bounds[name] for name, _ in since}
    assert set(EXTRAS) - {"docs", "test"} <= set(extras)


def test_the_page_names_cells_that_are_there() -> None:
    named = re.findall(r"^python -m tests\.install +([^#\n]+?) *(?:#|$)", PAGE, re.MULTILINE)
    assert {cell for line in named for cell in line.split()} <= {*CELLS, "pythons", *PYTHONS}
