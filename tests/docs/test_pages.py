"""The pages keep their word: tables match the registries, links lead somewhere, named files exist."""

import re
from collections import Counter
from pathlib import Path

import pytest

import mockbatch
from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.rules.match import Match
from mockbatch.core.rules.rules import KEYS
from mockbatch.core.vocabulary import PROBLEM_KINDS
from tests.docs.pages import DOCS, PAGES, README, ROOT
from tests.tools import make_docs
from tests.tools.failure_modes import MODES, WITHOUT_FAULT

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
LINKING = [*PAGES, CONTRIBUTING, *(ROOT / folder / "README.md" for folder in ("mockbatch", "tests"))]
_LINK = re.compile(r"\]\((?!http)([^)#]*)#?([^)]*)\)")


@pytest.mark.parametrize("page", make_docs.PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tables_match_the_registries(page: Path) -> None:
    """`python -m tests.tools.make_docs` writes them."""
    text = page.read_text()
    assert make_docs.filled(text) == text


def test_every_table_is_on_one_page() -> None:
    placed = Counter(name for page in make_docs.PAGES for name in make_docs.tables_of(page.read_text()))
    assert placed == Counter(make_docs.TABLES.keys())


def test_every_failure_mode_is_shown_by_a_test_that_exists() -> None:
    """Each has a fault or needs none, never both; each test is defined."""
    with_fault = {number for fault in FAULTS.values() for number in fault.modes}
    assert with_fault | WITHOUT_FAULT.keys() == MODES.keys()
    assert not with_fault & WITHOUT_FAULT.keys()
    defined = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    shown = {fault.test.partition("::")[2] for fault in FAULTS.values()} | {test for _, test in WITHOUT_FAULT.values()}
    assert shown - defined == set()


def test_every_problem_is_explained() -> None:
    """Tests ignore problems by these names."""
    text = (DOCS / "control-api.md").read_text()
    assert {name for name in PROBLEM_KINDS if f"`{name}`" not in text} == set()


def test_every_key_of_a_rule_is_explained() -> None:
    text = (DOCS / "reference" / "rules.md").read_text()
    table = "".join(line for line in text.partition("## ")[0].splitlines(keepends=True) if line.startswith("|"))
    assert {key for key in KEYS if f"`{key}`" not in table} == set()
    assert {key for key in Match.__struct_fields__ if f"`{key}`" not in table} == set()


def test_the_readme_is_short_and_links_to_every_page() -> None:
    text = README.read_text()
    assert text.count("\n") <= 220
    linked = {(ROOT / target).resolve() for target, _ in _LINK.findall(text)}
    assert {page for page in PAGES if page != README and page not in linked} == set()


def test_no_page_promises_a_package_index_or_an_image() -> None:
    """Until there is one. docs/install.md says which forms of the name pip takes."""
    for page in [*PAGES, CONTRIBUTING]:
        if page.name != "install.md":
            assert re.findall(r"pipx? install '?mockbatch|ghcr\.io|docker\.io|/OWNER/", page.read_text()) == [], page


def test_the_changelog_begins_with_this_version() -> None:
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first
    assert first[1] == mockbatch.__version__


@pytest.mark.parametrize("page", LINKING, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """To files that exist, and headings in them."""
    for target, anchor in _LINK.findall(page.read_text()):
        assert not target or (page.parent / target).exists(), target
        assert not anchor or anchor in anchors(page.parent / target if target else page), anchor


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    without_code = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_pages_named_in_the_code_exist() -> None:
    sources = [path for path in (ROOT / "mockbatch").rglob("*") if path.suffix in (".py", ".js", ".html", ".toml")]
    for path in sources:
        for name in re.findall(r"(?<![\w/.])docs/[\w/-]+\.md", path.read_text()):
            assert (ROOT / name).exists(), (path, name)


def test_files_named_in_contributing_exist() -> None:
    """Paths in code, with a suffix or an ending slash; `*` and `...` stand for any name."""
    names = re.findall(r"`((?:mockbatch|tests|docs|fixtures)/[^`\s]*)`", CONTRIBUTING.read_text())
    assert len(names) > 20
    assert [name for name in names if not any(ROOT.glob(name.rstrip("/")))] == []


def test_every_module_of_the_dashboard_is_in_the_architecture() -> None:
    """The packages and modules in Python are a generated table."""
    text = (DOCS / "architecture.md").read_text()
    scripts = (ROOT / "mockbatch" / "http" / "dashboard").glob("*.js")
    assert {path.name for path in scripts if f"`{path.name}`" not in text} == set()
