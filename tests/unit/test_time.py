"""Spans, instants, clocks and delays."""

import re
from collections.abc import Callable
from math import exp, log
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.time.clock import Clock
from mockbatch.core.time.delays import DELAYS, PRESETS, Delay, Span, inlined, parse_delay
from mockbatch.core.time.spans import DAY, HOUR, MINUTE, SECOND, format_instant, format_span, parse_instant, parse_span

instants = st.integers(0, 4_000_000_000 * SECOND)
spans = st.integers(0, 1000 * DAY)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("25h", 25 * HOUR),
        ("1d12h", 36 * HOUR),
        ("90", 90 * SECOND),
        ("1.5s", 1_500_000),
        ("300ms", 300_000),
        (" 2m 30s ", 150 * SECOND),
        ("0", 0),
    ],
)
def test_a_span_is_read_as_people_write_it(text: str, span: int) -> None:
    """Units from microseconds to days; a bare number is seconds."""
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "-5m", "5 fortnights", "h", "1h!", "nan", "1e5"])
def test_what_is_no_span_is_refused(text: str) -> None:
    """With a sentence that shows how it is written."""
    with pytest.raises(ValueError, match="is not a span of time"):
        parse_span(text)


@given(spans)
def test_a_span_that_was_written_is_read_back(span: int) -> None:
    """format_span and parse_span are inverse."""
    assert parse_span(format_span(span)) == span


@given(instants)
def test_an_instant_that_was_written_is_read_back(instant: int) -> None:
    """RFC 3339 with microseconds and an offset."""
    text = format_instant(instant)
    assert parse_instant(text) == instant
    assert text.endswith("+00:00")
    assert len(text) == len("2026-01-01T00:00:00.000000+00:00")


@given(instants, instants, st.floats(0, 1e6), spans)
def test_a_clock_shows_what_arithmetic_says(real: int, virtual: int, rate: float, passed: int) -> None:
    """Virtual time runs `rate` times as fast, and not at all when frozen."""
    clock = Clock(real, virtual, rate)
    assert clock.now(real) == virtual
    assert clock.now(real + passed) == min(virtual + int(passed * rate), 253_000_000_000 * SECOND)
    assert Clock(real, virtual, rate, frozen=True).now(real + passed) == virtual


@given(instants, spans, spans)
def test_two_advances_are_one_of_their_sum(virtual: int, first: int, second: int) -> None:
    """As long as no real time passes in between."""
    clock = Clock(0, virtual)
    twice = clock.advanced_to(clock.now(0) + first, 0)
    twice = twice.advanced_to(twice.now(0) + second, 0)
    assert twice == clock.advanced_to(virtual + first + second, 0)


@given(st.lists(st.tuples(st.sampled_from(["freeze", "resume", "rate", "advance", "wait"]), st.integers(0, 10**9))))
def test_a_clock_never_goes_back(steps: list[tuple[str, int]]) -> None:
    """Whatever is done to it, in whatever order."""
    clock, real, shown = Clock(0, 0), 0, 0
    for what, amount in steps:
        if what == "freeze":
            clock = clock.running(real, frozen=True)
        elif what == "resume":
            clock = clock.running(real, frozen=False)
        elif what == "rate":
            clock = clock.running(real, rate=amount % 1000)
        elif what == "advance":
            clock = clock.advanced_to(clock.now(real) + amount, real)
        else:
            real += amount
        assert clock.now(real) >= shown
        shown = clock.now(real)


def test_a_clock_refuses_to_go_back() -> None:
    """Forward only, and only as far as dates go."""
    with pytest.raises(ValueError, match="only moves forward"):
        Clock(0, 100).advanced_to(99, 0)
    with pytest.raises(ValueError, match="too far"):
        Clock(0, 100).advanced_to(1 << 60, 0)


EXAMPLES = ["10m", "fixed:3s", "uniform:1m,10m", "exponential:5m", "lognormal:p50=20m,p99=6h", "empirical:1s,5s,1h"]


@pytest.mark.parametrize("text", EXAMPLES)
@given(u=st.floats(0, 1, exclude_min=True, exclude_max=True), v=st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_delay_grows_with_its_draw(text: str, u: float, v: float) -> None:
    """That is what makes the last row of a batch known from the largest draw."""
    delay = parse_delay(text)
    low, high = sorted((u, v))
    assert 0 <= delay(low) <= delay(high)


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("fixed:10m", lambda delay: delay(0.1) == delay(0.9) == 10 * MINUTE),
        ("uniform:1m,3m", lambda delay: abs(mean(delay) - 2 * MINUTE) < SECOND),
        ("exponential:5m", lambda delay: abs(mean(delay) - 5 * MINUTE) < 2 * SECOND),
        ("lognormal:p50=20m,p99=6h", lambda delay: abs(delay(0.5) - 20 * MINUTE) < 10 < 6 * HOUR - delay(0.98)),
        ("lognormal:p50=20m,p99=6h", lambda delay: abs(delay(0.99) - 6 * HOUR) < SECOND),
        ("lognormal:20m,sigma=1.2", lambda delay: abs(delay(0.841345) / (20 * MINUTE) - exp(1.2)) < 0.001),
        ("lognormal:20m,sigma=0", lambda delay: abs(delay(0.9) - 20 * MINUTE) < 10),
        ("empirical:1s,5s,1h", lambda delay: [delay(0.2), delay(0.5), delay(0.9)] == [SECOND, 5 * SECOND, HOUR]),
    ],
)
def test_a_delay_has_the_distribution_that_it_is_named_after(
    text: str, check: Callable[[Callable[[float], int]], bool]
) -> None:
    """Compared with the mean or the quantiles that its parameters name."""
    assert check(parse_delay(text))


def mean(delay: Callable[[float], int]) -> float:
    return fmean(delay((at + 0.5) / 10_000) for at in range(10_000))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lognornal:1m,2m", "unknown delay 'lognornal'. Did you mean 'lognormal'?"),
        ("uniform:1m", "uniform is written like uniform:1m,10m"),
        ("uniform:2m,1m", "2m is longer than 1m"),
        ("lognormal:p50=2m,p99=1m", "needs 0 < p50 <= p99"),
        ("lognormal:2m", "lognormal is written like lognormal:p50=20m,p99=6h"),
        ("fixed:soon", "'soon' is not a span of time"),
        ("empirical:", "needs at least one span"),
    ],
)
def test_a_wrong_delay_is_refused_with_the_right_way(text: str, message: str) -> None:
    """The kind nearest to what was written, or an example of it."""
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_delay(text)


def test_a_parameter_of_a_delay_is_read_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number is a number, not so many seconds; by its name or by its place."""

    def weibull(scale: Span, shape: float = 1.0, *, least: Span | None = None) -> Delay:
        return lambda u: round(scale * (-log(1 - u)) ** (1 / shape)) + (least or 0)

    monkeypatch.setitem(DELAYS, "weibull", weibull)
    expected = round(10 * MINUTE * log(2) ** (1 / 1.5))
    for text in ("weibull:10m,shape=1.5", "weibull:10m,1.5", "weibull:scale=10m,shape=1.5"):
        assert parse_delay(text)(0.5) == expected
    assert parse_delay("weibull:10m,shape=1.5,least=1m")(0.5) == expected + MINUTE


@pytest.mark.parametrize("sigma", ["1.2s", "20m", "nan", "inf", "-1", "", "x" * 1000])
def test_a_number_that_is_none_is_refused(sigma: str) -> None:
    """In one line, however long it is."""
    with pytest.raises(ValueError, match="is not a number of at least 0") as raised:
        parse_delay(f"lognormal:20m,sigma={sigma}")
    assert len(str(raised.value)) < 200


def test_every_delay_and_preset_has_an_example_that_works() -> None:
    """The docstrings feed the help, so their examples are read by the parser."""
    for name, make in DELAYS.items():
        example = (make.__doc__ or "").split("`")[1]
        assert example.startswith(f"{name}:")
        if "FILE" not in example:
            parse_delay(example)
    for preset in PRESETS.values():
        parse_delay(preset.wait)
        parse_delay(preset.delay)


def test_an_empirical_file_becomes_part_of_the_text() -> None:
    """What is stored with a batch does not need the file again."""
    assert inlined("empirical:seen.txt", lambda path: ["90s", "1h", "", "5"]) == "empirical:1m30s,1h,5s"
    assert inlined("lognormal:1m,2m", lambda path: []) == "lognormal:1m,2m"
