"""`python -m tests.install [CELL ...]`: install mockbatch into environments as projects have them, and use it there.

Without names all cells are tried. `ci` stands for those of CI, and `pythons` for the suite under every Python that is
promised and can be had here.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.install.cells import CELLS, IN_CI
from tests.install.environment import Failed, try_cell, wheel
from tests.install.pythons import try_pythons


def main() -> int:
    """Try the cells that the command line names; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.install", description=__doc__)
    parser.add_argument("cells", nargs="*", choices=(*CELLS, "ci", "pythons"), metavar="CELL")
    names = parser.parse_args().cells or list(CELLS)
    if "pythons" in names:
        return try_pythons()
    with tempfile.TemporaryDirectory(prefix="mockbatch-install-") as folder:
        package = wheel(Path(folder))
        failed = [name for name in IN_CI if not tried(name, package)] if "ci" in names else []
        failed += [name for name in names if name != "ci" and not tried(name, package)]
    print(f"failed: {', '.join(failed)}" if failed else "no installed version changed, all tests passed")
    return 1 if failed else 0


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
