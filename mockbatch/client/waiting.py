"""Which failures are transient, and how long to wait; the policy of the official SDKs.

Source: https://platform.claude.com/docs/en/api/errors and `_should_retry` of the official SDK.
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_PASSING = (408, 409, 429)
_FIRST, _LONGEST = 0.5, 8.0
# longer than any value the API sends; a bad header should not block a command for years
_MOST = 86_400.0


def passes(status: int, headers: Mapping[str, str]) -> bool:
    """Return whether a retry of the same call may succeed."""
    hint = headers.get("x-should-retry")
    if hint in ("true", "false"):
        return hint == "true"
    return status in _PASSING or status >= 500


def asked_for(headers: Mapping[str, str]) -> float | None:
    """Return the server's retry-after in seconds; None without one."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        if (text := headers.get(name)) and (seconds := _seconds(text, unit, headers)) is not None and seconds > 0:
            return min(seconds, _MOST)
    return None


def pause(attempt: int, headers: Mapping[str, str], longest: float = _LONGEST) -> float:
    """Return the seconds to wait before the next attempt, after `attempt` failures."""
    retry_after = asked_for(headers)
    return retry_after if retry_after is not None else min(_FIRST * 2.0 ** min(attempt - 1, 30), longest)


def _seconds(text: str, unit: int, headers: Mapping[str, str]) -> float | None:
    try:
        return float(text) / unit
    except ValueError:
        pass
    try:
        # a date is on the server's clock, so compare it with the server's `date`
        return (parsedate_to_datetime(text) - parsedate_to_datetime(headers["date"])).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None
