"""Count the lines of code of the package: `python -m tests.tools.count_lines`.

Blank lines, comments, docstrings and modules that are data do not count.
"""

import ast
import io
import tokenize
from collections import Counter
from pathlib import Path

_PACKAGE = Path(__file__).parents[2] / "mockbatch"
DATA = ("core/replies/corpus.py", "core/replies/phrases.py", "core/money/listed.py")
"""Modules that are data: texts and prices."""
_NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def lines_of(source: str) -> int:
    """Return the number of lines with code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - _docstrings(ast.parse(source)))


def _docstrings(tree: ast.Module) -> set[int]:
    """Return the lines of strings that stand alone: docstrings of modules, classes, functions and attributes."""
    alone = (node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    return {line for node in alone for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def counts() -> Counter[str]:
    """Return the lines of code by the first folder or module below the package."""
    found: Counter[str] = Counter()
    for path in _PACKAGE.rglob("*.py"):
        name = path.relative_to(_PACKAGE)
        if name.as_posix() not in DATA:
            found[name.parts[0]] += lines_of(path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    found = counts()
    for name, number in found.most_common():
        print(f"{number:7,}  {name}")
    print(f"{found.total():7,}  in all")
