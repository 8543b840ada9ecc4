"""The README keeps its word: its tables are those of the registries, what it names is there."""

import re
from pathlib import Path

import pytest

import mockbatch
from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.vocabulary import PROBLEM_KINDS
from tests.docs.readme import README, ROOT
from tests.tools.failure_modes import MODES, WITHOUT_FAULT
from tests.tools.make_readme import filled

TEXT = README.read_text()
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))),
    "mockbatch/README.md",
    "tests/README.md",
    "fixtures/README.md",
]


def test_the_tables_are_those_of_the_registries() -> None:
    """`python -m tests.tools.make_readme` writes them."""
    assert filled(TEXT) == TEXT


def test_every_failure_mode_is_shown_by_a_test_that_is_there() -> None:
    """Each has a fault or needs none, and never both; each test is defined once at least."""
    with_fault = {number for fault in FAULTS.values() for number in fault.modes}
    assert with_fault | WITHOUT_FAULT.keys() == MODES.keys()
    assert not with_fault & WITHOUT_FAULT.keys()
    defined = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    told = {fault.test.partition("::")[2] for fault in FAULTS.values()} | {test for _, test in WITHOUT_FAULT.values()}
    assert told - defined == set()


def test_every_problem_is_told_by_its_name() -> None:
    """Tests ignore them by it."""
    assert {name for name in PROBLEM_KINDS if f"`{name}`" not in TEXT} == set()


def test_the_changelog_begins_with_this_version() -> None:
    """One source for the version, told everywhere."""
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first
    assert first[1] == mockbatch.__version__


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    """Files that are named are there, and so are headings."""
    path = ROOT / page
    for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", path.read_text()):
        assert not target or (path.parent / target).exists(), target
        assert not anchor or anchor in anchors(path.parent / target if target else path), anchor


def anchors(path: Path) -> set[str]:
    """The headings of a page, as GitHub makes anchors of them."""
    without_code = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_map_names_every_room() -> None:
    """A module that is not on the map cannot be found by a newcomer."""
    text = (ROOT / "mockbatch" / "README.md").read_text()
    package = ROOT / "mockbatch"
    for path in package.rglob("*.py"):
        room = path.relative_to(package)
        if room.name.startswith("__"):
            continue
        assert room.name in text or f"{room.parent.name}/" in text, room
