"""The dashboard as files: who gets it, and what it may do."""

import re
from pathlib import Path

import pytest

import mockbatch.http.dashboard
from tests.builders import Api

FOLDER = Path(mockbatch.http.dashboard.__file__).parent
ASSETS = sorted(path.name for path in FOLDER.iterdir() if path.suffix in mockbatch.http.dashboard.KINDS)
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_a_browser_gets_the_page_and_a_program_json(api: Api) -> None:
    """At the same address, without a key."""
    del api.headers["x-api-key"]
    page = api.get("/", headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>mockbatch</title>" in page.text
    assert api.get("/").json()["status"] == "ready"
    assert api.get("/?session=a&view=faults", headers=BROWSER).text == page.text


@pytest.mark.parametrize("name", ASSETS)
def test_every_file_is_served_with_its_type_and_a_strict_policy(api: Api, name: str) -> None:
    """Scripts of ours only, no frames, no guessing of types."""
    answer = api.get(f"/_mockbatch/dashboard/{name}")
    assert answer.content == (FOLDER / name).read_bytes()
    assert answer.headers["content-type"] == mockbatch.http.dashboard.KINDS[Path(name).suffix]
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy


@pytest.mark.parametrize("name", ["nothing.js", "__init__.py", "..%2Finfo.py", ".", "index.html%00", "base.css%2F"])
def test_nothing_else_is_served(api: Api, name: str) -> None:
    """No code of ours, nothing from other folders."""
    assert api.get(f"/_mockbatch/dashboard/{name}").status_code == 404


def test_what_files_name_is_there() -> None:
    """Each script that is imported or loaded, and each is reached from the page."""
    reached = {"index.html"}
    todo = ["index.html"]
    while todo:
        text = (FOLDER / todo.pop()).read_text()
        named = set(re.findall(r'_mockbatch/dashboard/([\w.]+)"|(?:from |import\()"\./([\w.]+)"', text))
        new = {name or other for name, other in named} - reached
        reached |= new
        todo += new
    assert reached == set(ASSETS)


@pytest.mark.parametrize("name", ASSETS)
def test_no_file_names_another_host_or_makes_html_of_text(name: str) -> None:
    """But for the namespace of SVG."""
    text = (FOLDER / name).read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://\w", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text)
