"""The table, and the same as JSON."""

import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from .scenarios import Samples
from .targets import Target

_COLUMNS = ("", "unit", "floor", "mockbatch", "ratio", "target", "")
_WIDTH = 110  # of a pipe or file, which has none of its own


@dataclass
class Run:
    """What one run has measured: samples by server and row, and what went wrong by row."""

    samples: dict[str, Samples] = field(default_factory=lambda: {"floor": {}, "mockbatch": {}})
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, side: str, samples: Samples) -> None:
        for name, values in samples.items():
            self.samples[side].setdefault(name, []).extend(values)


@dataclass(frozen=True)
class Row:
    """One line of the table; without figures if the scenario broke."""

    target: Target
    floor: float | None
    mockbatch: float | None
    problem: str | None

    @classmethod
    def of(cls, target: Target, run: Run) -> "Row":
        floor, mockbatch = (run.samples[side].get(target.name) for side in ("floor", "mockbatch"))
        problem = run.broken.get(target.name)
        if problem or not mockbatch or (target.relative and not floor):
            return cls(target, None, None, problem or "no samples")
        return cls(target, median(floor) if floor else None, median(mockbatch), None)

    @property
    def ratio(self) -> float | None:
        return self.mockbatch / self.floor if self.floor and self.mockbatch is not None else None

    @property
    def verdict(self) -> str:
        if self.mockbatch is None:
            return "BROKEN"
        return "ok" if self.target.met(self.floor or 1, self.mockbatch) else "MISS"


def show(rows: list[Row]) -> None:
    table = Table(*_COLUMNS, title="mockbatch and the floor, one run")
    for column in table.columns[2:5]:
        column.justify = "right"
    for row in rows:
        target = row.target
        table.add_row(
            target.title,
            target.unit,
            _figure(row.floor),
            _figure(row.mockbatch),
            f"{row.ratio:.2f}" if target.relative and row.ratio is not None else "-",
            f"{target.aim} {target.bound:,g}",
            row.verdict,
        )
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH
    console.print(table)
    for row in rows:
        if row.problem:
            console.print(f"{row.target.name}: {row.problem}", markup=False, highlight=False)


def save(path: Path, rows: list[Row], run: Run) -> None:
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.platform()}
    report = {"machine": machine, "rows": [_as_json(row, run) for row in rows]}
    path.write_text(json.dumps(report, indent=2) + "\n")


def _as_json(row: Row, run: Run) -> dict[str, Any]:
    name = row.target.name
    return {
        "name": name,
        "title": row.target.title,
        "unit": row.target.unit,
        "floor": row.floor,
        "mockbatch": row.mockbatch,
        "ratio": row.ratio,
        "target": f"{row.target.aim} {row.target.bound:g}",
        "verdict": row.verdict,
        "problem": row.problem,
        "samples": {side: samples.get(name, []) for side, samples in run.samples.items()},
    }


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
