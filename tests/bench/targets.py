"""The rows of the table and their targets."""

from dataclasses import dataclass
from typing import Literal

Aim = Literal["ratio <=", "ratio >=", "<=", ">="]

CORE = ("replies-plain", "replies-schema", "replies-tool", "rules", "reports", "session")


@dataclass(frozen=True)
class Target:
    """One row: a figure, which is the median over the rounds, and what it should be."""

    name: str
    title: str
    unit: str
    aim: Aim
    bound: float

    @property
    def relative(self) -> bool:
        return self.aim.startswith("ratio")

    def met(self, floor: float, measured: float) -> bool:
        figure = measured / floor if self.relative else measured
        return figure <= self.bound if self.aim.endswith("<=") else figure >= self.bound


def targets(large: int) -> list[Target]:
    """All rows, for a large batch of that many requests."""
    rows = f"{large:,}"
    return [
        Target("create-100", "create 100 requests", "ms", "ratio <=", 1.4),
        Target("create-10k", "create 10,000", "ms", "ratio <=", 1.2),
        Target("create-100k", f"create {rows}", "ms", "ratio <=", 1.2),
        Target("create-memory", "memory added by that create", "MiB", "<=", 48),
        Target("create-polls", "poll p99 while it is received", "ms", "<=", 20),
        Target("results-polls", f"poll p99 while {rows} results are read", "ms", "<=", 20),
        Target("polls", "polls, 8 connections", "/s", "ratio >=", 0.7),
        Target("results", f"results of {rows}", "rows/s", ">=", 150_000),
        Target("results-memory", "memory added by results", "MiB", "<=", 32),
        Target("results-cached", "the same of rows that share a cached prompt, against without", "x", "<=", 1.5),
        Target("replies-plain", "plain replies", "/s", ">=", 100_000),
        Target("replies-schema", "replies after a schema", "/s", ">=", 5_000),
        Target("replies-tool", "replies that call a tool", "/s", ">=", 5_000),
        Target("rules", "100 rules deciding about 100,000 rows", "s", "<=", 3),
        Target("reports", "both reports over 1,000,000 rows", "s", "<=", 1),
        Target("session", "a session opened", "ms", "<=", 1),
        Target("cold-start", "cold start to first answer", "ms", "ratio <=", 1.5),
        Target("idle-memory", "idle memory", "MiB", "<=", 45),
    ]
