"""What a campaign tried, how often, and what was wrong."""

from collections import Counter
from dataclasses import dataclass, field

_SHOWN = 100


@dataclass
class Report:
    """The figures and faults of one campaign. A caller that waits longer for another's work is a fault, in seconds."""

    name: str
    seed: int
    longest_wait: float = 0.1
    tried: Counter[str] = field(default_factory=Counter)
    figures: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str) -> None:
        """Note something that was wrong, with what is needed to repeat it."""
        self.faults.append(what)

    def lines(self) -> list[str]:
        """The report as Markdown: a table of what was tried and measured, then the first faults."""
        rows = [*((name, f"{count:,}") for name, count in self.tried.items()), *self.figures.items()]
        table = [f"### {self.name} (seed {self.seed})", "", "| what | figure |", "|---|---|"]
        table += [f"| {name} | {figure} |" for name, figure in rows]
        table += [f"| faults | {len(self.faults):,} |", ""]
        shown = [f"- {fault}" for fault in self.faults[:_SHOWN]]
        more = len(self.faults) - _SHOWN
        return [*table, *shown, *([f"- and {more:,} more"] if more > 0 else [])]
