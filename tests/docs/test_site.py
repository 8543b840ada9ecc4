"""The pages as a site: it builds without a warning, has every page, and loads nothing from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import LIMIT, PAGES, ROOT

# what a browser fetches on its own; links that a reader follows may lead anywhere
_LOADED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]*\ssrc="([^"]+)"|<link(?![^>]*rel="(?:canonical|search|index|next|prev)")[^>]*href="([^"]+)"
    |url\(["']?([^"')]+)|@import\s+["']([^"']+)""",
    re.VERBOSE,
)


def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    """Warnings are errors: dead links and anchors, pages that the index does not lead to."""
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-c", "docs", ".", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    for page in PAGES:
        assert (tmp_path / page.relative_to(ROOT).with_suffix(".html")).exists()
    loaded = {
        name
        for path in tmp_path.rglob("*")
        if path.suffix in (".html", ".css")
        for names in _LOADED.findall(path.read_text())
        for name in names
    }
    assert any(name.endswith(".css") or ".css?" in name for name in loaded)
    assert {name for name in loaded if re.match(r"(?:\w+:)?//", name)} == set()
    assert 'url=docs/index.html"' in (tmp_path / "index.html").read_text()
