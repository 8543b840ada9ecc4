"""Delay distributions, each as its inverse cumulative distribution function.

A delay maps a number in (0, 1) to microseconds, and is monotonic. The last of many rows is therefore the one with the
largest draw, and no other row needs to be evaluated.
"""

from collections.abc import Callable
from math import exp, inf, log, nan
from types import NoneType
from typing import Any, NewType, get_args

from mockbatch.core.numbers import shortened
from mockbatch.core.suggestions import did_you_mean
from mockbatch.core.time.spans import DAY, format_span, parse_span

Delay = Callable[[float], int]
Span = NewType("Span", int)
"""Microseconds. A parameter of this type is parsed like `10m`, a float parameter like `1.5`."""

_LONGEST = 3650 * DAY
_LARGEST_EXPONENT = 60


def fixed(span: Span) -> Delay:
    """A constant: `fixed:10m`, or just `10m`."""
    return lambda u: span


def uniform(low: Span, high: Span) -> Delay:
    """Uniform between two bounds: `uniform:1m,10m`. When you only know the limits."""
    if low > high:
        raise ValueError(f"uniform: {format_span(low)} is longer than {format_span(high)}")
    return lambda u: low + int((high - low) * u)


def exponential(mean: Span) -> Delay:
    """Memoryless with a mean: `exponential:10m`. Waiting for an independent event."""
    return lambda u: int(-mean * log(1 - u))


def lognormal(p50: Span, p99: Span | None = None, *, sigma: float | None = None) -> Delay:
    """Mostly short, with a long tail: `lognormal:p50=20m,p99=6h`, or `lognormal:20m,sigma=1.2`. Typical of queues."""
    # not before: startup rarely needs it
    from statistics import NormalDist

    if (p99 is None) == (sigma is None):
        raise TypeError("either p99 or sigma")
    if p50 <= 0 or (p99 is not None and p99 < p50):
        raise ValueError("lognormal: needs 0 < p50 <= p99")
    quantile = NormalDist().inv_cdf
    width = log(p99 / p50) / quantile(0.99) if p99 is not None else sigma or 0.0
    mu = log(p50)
    return lambda u: int(exp(min(mu + width * quantile(u), _LARGEST_EXPONENT)))


def empirical(*observed: Span) -> Delay:
    """Observed values: `empirical:FILE`, one span per line. Draws each value as often as it occurs."""
    if not observed:
        raise ValueError("empirical: needs at least one span")
    ranked = sorted(observed)
    return lambda u: ranked[int(u * len(ranked))]


DELAYS: dict[str, Callable[..., Delay]] = {
    "fixed": fixed,
    "uniform": uniform,
    "exponential": exponential,
    "lognormal": lognormal,
    "empirical": empirical,
}


def parse_delay(text: str) -> Delay:
    """Parse a delay like `10m` or `lognormal:p50=20m,p99=6h`. Raises ValueError."""
    kind, colon, arguments = text.strip().partition(":")
    if not colon:
        kind, arguments = "fixed", kind
    make = DELAYS.get(kind)
    if make is None:
        raise ValueError(f"unknown delay {kind!r}.{did_you_mean(kind, DELAYS)} Known: {', '.join(sorted(DELAYS))}")
    positional, named = _read(make, arguments)
    try:
        return _bounded(make(*positional, **named))
    except TypeError:
        example = (make.__doc__ or "").split("`")[1]
        raise ValueError(f"{text!r}: {kind} is written like {example}") from None


def _read(make: Callable[..., Delay], arguments: str) -> tuple[list[Any], dict[str, Any]]:
    """Parse the arguments of a delay by the types of its parameters. Raises ValueError."""
    kinds = {name: kind for name, kind in make.__annotations__.items() if name != "return"}
    in_order = list(kinds.values())
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for argument in filter(None, arguments.split(",")):
        name, equals, value = argument.partition("=")
        if equals:
            named[name.strip()] = _value(kinds.get(name.strip(), Span), value)
        else:
            # `*observed` takes any number of arguments of the last type
            kind = in_order[min(len(positional), len(in_order) - 1)]
            positional.append(_value(kind, argument))
    return positional, named


def _value(kind: Any, text: str) -> Any:
    (reader,) = [_READERS[one] for one in get_args(kind) or (kind,) if one is not NoneType]
    return reader(text)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not 0 <= number < inf:
        raise ValueError(f"{shortened(text.strip())} is not a number of at least 0")
    return number


_READERS: dict[Any, Callable[[str], Any]] = {Span: parse_span, float: _number}


def _bounded(delay: Delay) -> Delay:
    # an extreme tail would exceed the range of instants
    return lambda u: min(max(delay(u), 0), _LONGEST)


def inlined(text: str, lines: Callable[[str], list[str]]) -> str:
    """Return `text` with the file of an `empirical:FILE` replaced by its spans, so that it can be stored with a batch.

    `lines` reads a file. Raises ValueError for a line that is not a span.
    """
    kind, _, path = text.strip().partition(":")
    if kind != "empirical":
        return text
    try:
        parse_delay(text)
    except ValueError:
        spans = [format_span(parse_span(line)) for line in lines(path) if line.strip()]
        return "empirical:" + ",".join(spans)
    return text


class QueuePreset:
    """A queue: the wait until work starts, the duration of a request, and the share that never finishes."""

    def __init__(self, wait: str, delay: str, never: float = 0.0, *, summary: str) -> None:
        self.wait, self.delay, self.never, self.summary = wait, delay, never, summary


PRESETS: dict[str, QueuePreset] = {
    "immediate": QueuePreset("0s", "0s", summary="ended at the first retrieve"),
    "fast": QueuePreset("500ms", "uniform:500ms,3s", summary="a few seconds, to watch progress"),
    "realistic": QueuePreset(
        "lognormal:p50=4m,p99=6h", "lognormal:p50=1m,p99=15m", summary="most within the hour, a tail to 24 h"
    ),
    "stuck": QueuePreset("5m", "10m", never=1.0, summary="never finishes, so it expires after 24 h"),
}
