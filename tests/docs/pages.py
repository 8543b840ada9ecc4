"""README.md, docs/ and fixtures/README.md as their tests see them: blocks of code under headings, with their output."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
LIMIT = 600.0
"""Seconds after which a command hangs; a busy machine needs minutes for what takes a second."""
PAGES = [README, *sorted(DOCS.rglob("*.md")), ROOT / "fixtures" / "README.md"]

_PIECES = re.compile(r"^#+ (?P<heading>[^\n]*)$|^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"# (\S+\.\w+)\n")


class Block(NamedTuple):
    """A block of code. `output` is the `text` block after it, or empty; a `text` block is no block of its own."""

    page: str
    heading: str
    language: str
    code: str
    output: str = ""

    @property
    def name(self) -> str:
        """The file that the block shows, if its first line names one."""
        found = _NAME.match(self.code)
        return found[1] if found else ""

    @property
    def lines(self) -> list[str]:
        return self.code.splitlines()


def blocks(page: Path) -> list[Block]:
    """Return all blocks of a page, in order."""
    found: list[Block] = []
    heading, name = "", str(page.relative_to(ROOT))
    for piece in _PIECES.finditer(page.read_text()):
        if piece["heading"]:
            heading = piece["heading"]
        elif piece["language"] == "text":
            found[-1] = found[-1]._replace(output=piece["code"])
        else:
            found.append(Block(name, heading, piece["language"], piece["code"]))
    return found


BLOCKS = [block for page in PAGES for block in blocks(page)]
WITH_BLOCKS = list(dict.fromkeys(block.page for block in BLOCKS))


def of(*languages: str, page: str | None = None) -> list[Block]:
    """Return the blocks in these languages, of a page if one is named."""
    return [block for block in BLOCKS if block.language in languages and page in (None, block.page)]


def named(page: str, name: str) -> Block:
    """Return the block of a page that shows this file."""
    (block,) = (block for block in BLOCKS if (block.page, block.name) == (page, name))
    return block


def dialogue(block: Block) -> list[tuple[str, str]]:
    """Return the commands of a console, each with its output."""
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.code, re.MULTILINE)


def plain(text: str) -> str:
    """Return the text without what differs in each run: batch IDs, ports, durations, and spaces at ends of lines."""
    text = re.sub(r"msgbatch_\w+", "msgbatch_...", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8787", text)
    text = re.sub(r"\w+ virtual in [\d.]+ s", "... virtual in ... s", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def in_shell(command: str, folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of a page in Bash. Calls to the usual port reach the server of the tests."""
    if "MOCKBATCH_URL" in environ:
        url = environ["MOCKBATCH_URL"]
        command = command.replace("http://127.0.0.1:8787", url).replace("localhost:8787", url.removeprefix("http://"))
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=LIMIT
    )
