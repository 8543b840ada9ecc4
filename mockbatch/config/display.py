"""Option values as users write them."""

from typing import Any

from mockbatch.core.contract.model import Model
from mockbatch.core.rules.rules import Rule
from mockbatch.core.time.spans import format_instant, format_span

_SECRETS = {"api_key", "control_key", "webhook_secret"}
_SPANS, _INSTANTS = {"poll_advances", "cancel_delay", "report_lag"}, {"clock_start"}


def readable(name: str, value: Any) -> Any:
    """Return the value of an option as a user would write it; keys are abbreviated."""
    if value is None:
        return None
    if name in _SPANS:
        return format_span(value)
    if name in _SECRETS:
        return ", ".join(map(_abbreviated, value if isinstance(value, tuple) else (value,))) or None
    if name == "prices":
        return f"{len(value.prices)} prices as of {value.as_of}"
    if isinstance(value, tuple):
        return ", ".join(_entry(entry) for entry in value) or None
    return format_instant(value) if name in _INSTANTS else value


def _abbreviated(key: str) -> str:
    """Return the beginning of a key, at most a third of it."""
    return f"{key[: min(12, len(key) // 3)]}..."


def _entry(entry: Any) -> str:
    """Return the name of a rule, or a model as `NAME=MODEL`."""
    if isinstance(entry, Rule):
        return entry.name
    return f"{entry.id}={entry.like}" if isinstance(entry, Model) else str(entry)
