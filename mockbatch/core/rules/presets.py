"""Presets: options and rules under one name. Add one with a line in PRESETS."""

from typing import Any

from msgspec import Struct

from mockbatch.core.rules.rules import Rule, parse_rules


class Preset(Struct, frozen=True):
    """Options, as texts, that apply unless set explicitly, and rules that are appended after all others."""

    summary: str
    options: dict[str, str] = {}
    tables: tuple[dict[str, Any], ...] = ()

    def rules(self) -> tuple[Rule, ...]:
        return parse_rules(list(self.tables), "preset rule {}".format)


def _call(on: str, probability: float, **more: Any) -> dict[str, Any]:
    return {"on": on, "probability": probability, **more}


PRESETS: dict[str, Preset] = {
    "happy": Preset("everything succeeds immediately", {"delay_preset": "immediate", "fail_rate": "0"}),
    "realistic": Preset(
        "hours of virtual time, a few failures, and an API that is sometimes overloaded",
        {"delay_preset": "realistic"},
        (
            {"name": "a few rows fail", "fault": "item.mix", "mix": "97/2.5/0.4/0.1"},
            _call("http", 0.01, name="overloaded now and then", http={"status": 529}),
        ),
    ),
    "nightmare": Preset(
        "everything together: lost responses, cut streams, odd bytes, overload, and a third of the rows fail",
        {"delay_preset": "realistic"},
        (
            {"name": "a third fails", "fault": "item.mix", "mix": "67/20/10/3"},
            _call("create", 0.2, name="answer lost", fault="create.accept_then_drop"),
            {"name": "not there yet", "fault": "retrieve.not_found_flap", "first_n": 1},
            _call("results", 0.3, name="stream cut", fault="results.cut", after_items=1),
            _call("results", 0.3, name="odd bytes", fault="results.bytes", trick="blank_line"),
            _call("http", 0.1, name="overloaded", http={"status": 529}),
            _call("http", 0.05, name="bad gateway", http={"status": 502, "shape": "html"}),
            _call("connection", 0.05, name="connection lost", fault="connection.reset"),
        ),
    ),
    "expired-half": Preset(
        "half of the rows never finish and expire after 24 hours",
        {},
        ({"name": "half is never done", "fault": "batch.slow", "finish_fraction": 0.5},),
    ),
    "overloaded": Preset(
        "calls return 429 and 529; rows fail as overloaded and succeed when resubmitted",
        {},
        (
            {
                "name": "overloaded, fine on retry",
                "on": "item",
                "rate": 0.2,
                "fail_attempts": 1,
                "errored": {"type": "overloaded_error"},
            },
            {"name": "first create is too much", "on": "create", "nth": 1, "http": {"status": 429, "retry_after": 1}},
            _call("http", 0.2, name="overloaded", http={"status": 529}),
        ),
    ),
    "flaky-network": Preset(
        "responses are lost, late or cut off",
        {},
        (
            {"name": "jitter", "on": "http", "fault": "http.latency", "delay": "uniform:0s,200ms"},
            _call("results", 0.3, name="download lost", fault="results.cut", after_items=1, at="mid_line", how="reset"),
            _call("connection", 0.1, name="connection lost", fault="connection.reset"),
            _call("connection", 0.05, name="answer lost", fault="connection.reset", when="after"),
        ),
    ),
    "truncated": Preset(
        "every other download is silently incomplete, and one in ten replies is truncated",
        {},
        (
            {"name": "rows missing", "on": "results", "every": 2, "fault": "results.cut", "after_items": 1},
            {"name": "replies cut off", "on": "item", "rate": 0.1, "fault": "item.truncate"},
        ),
    ),
    "cache-cold": Preset("no prompt is ever read from a cache", {"cache_hits": "none"}),
    "big": Preset(
        "every download has a line of 5 MB",
        {},
        ({"name": "a line of 5 MB", "fault": "results.bytes", "trick": "line_5mb"},),
    ),
}
"""All presets by name."""
