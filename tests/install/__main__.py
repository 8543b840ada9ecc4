"""`python -m tests.install [CELL ...]`: install mockbatch into environments as projects have them, and use it there.

Without names, try all cells. `ci` stands for the cells that CI tries, `python3.14` for the suite under this Python, and
`pythons` for the suite under every supported Python.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.install.cells import CELLS, IN_CI
from tests.install.environment import Failed, try_cell, wheel
from tests.install.pythons import VERSIONS, try_pythons

PYTHONS = {f"python{version}": version for version in VERSIONS}


def main() -> int:
    """Try the cells that the command line names; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.install", description=__doc__)
    parser.add_argument("cells", nargs="*", choices=(*CELLS, "ci", "pythons", *PYTHONS), metavar="CELL")
    names = parser.parse_args().cells or list(CELLS)
    cells = [name for name in names if name in CELLS] + [name for name in IN_CI if "ci" in names]
    pythons = [version for name, version in PYTHONS.items() if name in names or "pythons" in names]
    failed = _failed_cells(cells) + [f"Python {version}" for version in try_pythons(pythons)]
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


def _failed_cells(names: list[str]) -> list[str]:
    if not names:
        return []
    with tempfile.TemporaryDirectory(prefix="mockbatch-install-") as folder:
        package = wheel(Path(folder))
        return [name for name in names if not tried(name, package)]


def tried(name: str, package: Path) -> bool:
    """Try a cell and say how that went; return whether it passed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"mockbatch-{name}-") as folder:
        try:
            told = try_cell(CELLS[name], package, Path(folder))
        except Failed as error:
            print(f"{name}: FAILED\n{error}", flush=True)
            return False
    print(f"{name}: {told}, {time.monotonic() - began:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
