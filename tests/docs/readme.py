"""README.md and other pages as their tests see them: blocks of code under headings, some followed by their output."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

README = Path(__file__).parents[2] / "README.md"
ROOT = README.parent

_PIECES = re.compile(r"^#+ (?P<heading>[^\n]*)$|^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"# (\S+\.\w+)\n")


class Block(NamedTuple):
    """A block of code. `output` is the text that follows it, empty if none does; that text is no block of its own."""

    heading: str
    language: str
    code: str
    output: str = ""

    @property
    def name(self) -> str:
        """The file that it is, if its first line says so."""
        found = _NAME.match(self.code)
        return found[1] if found else ""

    @property
    def lines(self) -> list[str]:
        return self.code.splitlines()


def blocks(page: Path = README) -> list[Block]:
    """All blocks of a page, in order."""
    found: list[Block] = []
    heading = ""
    for piece in _PIECES.finditer(page.read_text()):
        if piece["heading"]:
            heading = piece["heading"]
        elif piece["language"] == "text":
            found[-1] = found[-1]._replace(output=piece["code"])
        else:
            found.append(Block(heading, piece["language"], piece["code"]))
    return found


BLOCKS = blocks()


def of(language: str, heading: str | None = None) -> list[Block]:
    """The blocks of a language, under a heading if one is named."""
    return [block for block in BLOCKS if block.language == language and heading in (None, block.heading)]


def named(name: str) -> Block:
    """The block that is this file."""
    (block,) = (block for block in BLOCKS if block.name == name)
    return block


def in_shell(command: str, folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of a page in Bash."""
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
