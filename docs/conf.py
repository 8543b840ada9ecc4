"""The site of the documentation: `sphinx-build -W -c docs . site`.

The pages are plain Markdown with links that work on a forge too. The navigation is made of the headings and links of
docs/index.md; a page that it does not link to is an error.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]

project = "mockbatch"
root_doc = "docs/index"
extensions = ["myst_parser"]
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**", "*/README.md"]
exclude_patterns = ["**/.*", ".*", "site", "build", "dist", "**/node_modules"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "mockbatch"
html_copy_source = False
html_additional_pages = {"index": "redirect.html"}
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]

_LINK = re.compile(r"\[([^\]]*)\]\((?!http)([^)#]+)\)")


def setup(app: Sphinx) -> None:
    app.add_lexer("screen", TextLexer)
    app.connect("source-read", adapt)


def adapt(_: Sphinx, name: str, source: list[str]) -> None:
    """Add the navigation to the index, and unlink folders, which are no pages of a site."""
    folder = (ROOT / name).parent
    source[0] = _LINK.sub(lambda link: link[1] if (folder / link[2]).is_dir() else link[0], source[0])
    if name == root_doc:
        source[0] += "".join(navigation(source[0]))


def navigation(text: str) -> Iterator[str]:
    """Yield a hidden table of contents for each section of the index."""
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        pages = {target: text for text, target in _LINK.findall(section) if target.endswith(".md")}
        entries = "\n".join(f"{text} <{_document(target)}>" for target, text in pages.items())
        yield f"\n```{{toctree}}\n:hidden:\n:caption: {section.splitlines()[0]}\n\n{entries}\n```\n"


def _document(target: str) -> str:
    """Return the name of the document that a link of the index leads to."""
    return "/" + (ROOT / "docs" / target).resolve().relative_to(ROOT).with_suffix("").as_posix()
