"""The span of virtual time during which a rule is armed."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mockbatch.core.rules.options import LONGEST_SPAN, RuleError
from mockbatch.core.suggestions import did_you_mean
from mockbatch.core.time.spans import EARLIEST, LATEST, format_instant, format_span, parse_instant, parse_span


class Moment(Struct, frozen=True):
    """An instant, or a span after the start of the session."""

    at: int
    after_start: bool = False

    def instant(self, started_at: int) -> int:
        return started_at + self.at if self.after_start else self.at

    def written(self) -> str:
        return f"+{format_span(self.at)}" if self.after_start else format_instant(self.at)


class During(Struct, frozen=True):
    """A span from one moment (inclusive) to another (exclusive); a missing side is open."""

    start: Moment | None = None
    end: Moment | None = None

    def covers(self, instant: int, started_at: int) -> bool:
        """Return whether the rule is armed at `instant` in a session that started at `started_at`."""
        start, end = self.span(started_at)
        return start <= instant < end

    def span(self, started_at: int) -> tuple[int, int]:
        return (
            EARLIEST if self.start is None else self.start.instant(started_at),
            LATEST if self.end is None else self.end.instant(started_at),
        )

    def fixed(self, started_at: int) -> "During":
        """Return the same span with absolute instants only."""
        moments = (side and Moment(side.instant(started_at)) for side in (self.start, self.end))
        return During(*moments)

    def written(self) -> dict[str, str]:
        sides = {"from": self.start, "to": self.end}
        return {name: side.written() for name, side in sides.items() if side is not None}


def parse_during(value: Any) -> During:
    """Parse a table with `from` and `to`, or a text like `+24h..+25h`. Raises RuleError."""
    if isinstance(value, str) and ".." in value:
        start, _, end = value.partition("..")
        value = {name: text for name, text in (("from", start), ("to", end)) if text.strip()}
    if not isinstance(value, Mapping) or not value:
        raise RuleError(f"during: {value!r} is not a span; write it like {{ from = '+24h', to = '+25h' }}")
    for key in value:
        if key not in ("from", "to"):
            raise RuleError(f"during.{key}: unknown key.{did_you_mean(str(key), ('from', 'to'))} Known: from, to")
    during = During(_moment(value, "from"), _moment(value, "to"))
    if during.start and during.end and not _in_order(during.start, during.end):
        raise RuleError("during: ends before it begins, so it can never match")
    return during


def _in_order(start: Moment, end: Moment) -> bool:
    return start.after_start != end.after_start or start.at < end.at


def _moment(value: Mapping[str, Any], key: str) -> Moment | None:
    if key not in value:
        return None
    # TOML has native times
    text = value[key] if isinstance(value[key], str) else str(value[key])
    try:
        if text.startswith("+"):
            return Moment(_span_after_start(text[1:]), after_start=True)
        return Moment(parse_instant(text))
    except ValueError as error:
        raise RuleError(f"during.{key}: {error}") from None


def _span_after_start(text: str) -> int:
    span = parse_span(text)
    if span > LONGEST_SPAN:
        raise ValueError(f"{text!r} is longer than {format_span(LONGEST_SPAN)}")
    return span
