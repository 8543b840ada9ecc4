"""Measures mockbatch beside the floor, in turns, and prints a table with the targets.

    python -m tests.bench                          everything, a few minutes
    python -m tests.bench --quick                  fewer rounds, 20,000 requests where it would be 100,000
    python -m tests.bench --only polls results     some rows
    python -m tests.bench --json FILE              the figures and all samples as well

Figures are medians over the rounds and belong together: compare only within one run. If the floor's own poll
p99 is far above 5 ms, something else was busy: run again.
A missed target is no failure; the exit code is 1 only if something could not be measured.
Needs Linux, about 2 GB below TMPDIR, and a machine with nothing else to do.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .report import Row, Run, save, show
from .scenarios import SCENARIOS, Scenario, Workload
from .servers import BenchError
from .targets import targets

_LARGE, _LARGE_QUICK = 100_000, 20_000
_ROUNDS_QUICK = 2


def main() -> int:
    options = _options()
    large = _LARGE_QUICK if options.quick else _LARGE
    wanted = [target for target in targets(large) if not options.only or target.name in options.only]
    names = {target.name for target in wanted}
    run = Run()
    with TemporaryDirectory(prefix="bench-") as directory:
        work = Workload(Path(directory), large, quick=options.quick)
        for scenario in SCENARIOS:
            if names & set(scenario.rows):
                _measure(scenario, work, run, options)
    rows = [Row.of(target, run) for target in wanted]
    show(rows)
    if options.json:
        save(options.json, rows, run)
    return 1 if run.broken else 0


def _measure(scenario: Scenario, work: Workload, run: Run, options: argparse.Namespace) -> None:
    kinds = {"floor": "floor", "mockbatch": options.candidate}
    rounds = options.rounds or (_ROUNDS_QUICK if options.quick else scenario.rounds)
    try:
        for number in range(rounds):
            print(f"{', '.join(scenario.rows)}: {number + 1}/{rounds}", file=sys.stderr)
            for side, samples in scenario.run(kinds, work).items():
                run.add(side, samples)
    except (BenchError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        run.broken.update(dict.fromkeys(scenario.rows, repr(error)))


def _options() -> argparse.Namespace:
    names = [target.name for target in targets(_LARGE)]
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a rough idea in well under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and samples to FILE")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of each scenario")
    # the floor against itself shows how far from 1 a ratio is by chance
    parser.add_argument("--candidate", choices=("floor", "mockbatch"), default="mockbatch", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
