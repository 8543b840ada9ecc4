"""Which failures pass, and how long to wait for that. As the official SDKs do it.

Source: https://platform.claude.com/docs/en/api/errors and `_should_retry` of the official SDK.
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_PASSING = (408, 409, 429)
_FIRST, _LONGEST = 0.5, 8.0
# longer than the API ever asks for; a mistyped header should not stop a command for years
_MOST = 86_400.0


def passes(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the same call may go well later."""
    told = headers.get("x-should-retry")
    if told in ("true", "false"):
        return told == "true"
    return status in _PASSING or status >= 500


def asked_for(headers: Mapping[str, str]) -> float | None:
    """The seconds for which the server asks to be left alone; None where it does not."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        if (text := headers.get(name)) and (seconds := _seconds(text, unit, headers)) is not None and seconds > 0:
            return min(seconds, _MOST)
    return None


def pause(attempt: int, headers: Mapping[str, str], longest: float = _LONGEST) -> float:
    """The seconds before the next attempt, after `attempt` of them failed."""
    asked = asked_for(headers)
    return asked if asked is not None else min(_FIRST * 2.0 ** min(attempt - 1, 30), longest)


def _seconds(text: str, unit: int, headers: Mapping[str, str]) -> float | None:
    try:
        return float(text) / unit
    except ValueError:
        pass
    try:
        # a date means the server's clock, which only the server knows
        return (parsedate_to_datetime(text) - parsedate_to_datetime(headers["date"])).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None
