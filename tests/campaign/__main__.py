"""`python -m tests.campaign NAME... [--minutes N] [--seed N] [--short]`: attack a server and report what was wrong."""

import argparse
import sys
from importlib import import_module

from tests.campaign.plan import Plan
from tests.campaign.report import Report
from tests.campaign.sentinel import LONG

NAMES = ("kill", "restart", "disk", "calls", "bytes", "access", "soak")
# the minutes of a full run, and the seconds of a short one
MINUTES = {"kill": 25, "restart": 10, "disk": 5, "calls": 40, "bytes": 5, "access": 2, "soak": 60}
SHORT_SECONDS = {"kill": 18, "restart": 14, "disk": 15, "calls": 20, "bytes": 14, "access": 16, "soak": 18}


def main() -> int:
    """Run the campaigns that the command line names; return 1 if one of them found a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("names", nargs="+", choices=(*NAMES, "all"))
    parser.add_argument("--minutes", type=float, help="how long each campaign runs")
    parser.add_argument("--seed", type=int, default=0, help="repeats the calls of an earlier run")
    parser.add_argument("--short", action="store_true", help="the form that CI runs")
    told = parser.parse_args()
    faults = 0
    for name in NAMES if "all" in told.names else told.names:
        seconds = SHORT_SECONDS[name] if told.short else 60 * (told.minutes or MINUTES[name])
        # the machines of CI are busy: there only what keeps everybody waiting is a fault
        report = Report(name, told.seed, longest_wait=2.0 if told.short else LONG)
        import_module(f"tests.campaign.{name}").run(Plan(told.seed, seconds, told.short), report)
        print("\n".join(report.lines()), flush=True)
        faults += len(report.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
