"""How long batches take, as it is told at the start and for each batch."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from mockbatch.config import resolve
from mockbatch.core.batch import Batch, Profile
from mockbatch.core.estimates import expected, time_left
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.spans import HOUR, MINUTE, SECOND
from mockbatch.core.time.timeline import NEVER, Timeline
from mockbatch.service.sessions.settings import clock_of

ADVICE = "Sooner: advance the clock, or use --delay-preset fast or --speedup 1000."


@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        ({"delay_preset": "fast"}, ["A batch of 100 requests takes about 3.5s."]),
        ({"delay_preset": "immediate"}, ["A batch ends immediately."]),
        ({"progression": "immediate"}, ["A batch ends immediately."]),
        ({"progression": "polls:1"}, ["A batch ends at its 1st retrieve."]),
        ({"progression": "polls:12"}, ["A batch ends at its 12th retrieve."]),
        ({"progression": "polls:23"}, ["A batch ends at its 23rd retrieve."]),
        ({}, ["A batch of 100 requests takes about 21m34s, 1 in 20 over 2h22m.", ADVICE]),
        ({"wait": "2h"}, ["A batch of 100 requests takes about 2h.", ADVICE]),
        ({"delay_preset": "stuck"}, ["A batch of 100 requests expires after 24h.", ADVICE]),
        ({"never": "0.01"}, ["A batch of 100 requests expires after 24h.", ADVICE]),
        ({"capacity": "5", "delay": "1h"}, ["A batch of 5 requests takes about 1h.", ADVICE]),
        (
            {"wait": "1h", "speedup": "1000"},
            ["A batch of 100 requests takes about 1h of virtual time, 3.6s of real time."],
        ),
        (
            {"wait": "1h", "frozen": "true"},
            [
                "A batch of 100 requests takes about 1h of virtual time, which stands still until you advance it.",
                "Sooner: advance the clock.",
            ],
        ),
    ],
)
def test_the_settings_are_told_in_spans(flags: dict[str, str], lines: list[str]) -> None:
    """And what would be quicker, where somebody would wait."""
    config, _ = resolve(flags, {}, None, Path("/nowhere"))
    assert expected(config.profile(), clock_of(config, 0)) == lines


BATCH = Batch(1, "msgbatch_1", "s", 0, (3,), 0, Timeline(0, MINUTE, MINUTE, 2 * HOUR))


@pytest.mark.parametrize(
    ("batch", "profile", "clock", "said"),
    [
        (BATCH, Profile(), Clock(0, 0), "ends 1970-01-01T02:00:00Z, in 2h; sooner: advance the clock, or .*"),
        (BATCH, Profile(), Clock(0, 0, rate=1000), "ends .*Z, in 2h of virtual time, 7.2s of real time"),
        (BATCH, Profile(), Clock(0, 0, frozen=True), "ends .*, which stands still .* it; sooner: advance the clock"),
        (
            replace(BATCH, timeline=replace(BATCH.timeline, done_at=NEVER)),
            Profile(),
            Clock(0, 0),
            "expires 1970-01-02T00:00:00Z, in 24h; sooner: .*",
        ),
        (BATCH, Profile(polls=2), Clock(0, 0), "ends at its 2nd retrieve"),
        (replace(BATCH, timeline=Timeline(0, 0, 0, 0)), Profile(), Clock(0, 0), "has ended"),
        (replace(BATCH, timeline=Timeline(0, 0, 0, 2 * SECOND)), Profile(), Clock(0, 0), "ends .*Z, in 2s"),
    ],
)
def test_a_batch_is_told_when_it_ends(batch: Batch, profile: Profile, clock: Clock, said: str) -> None:
    """On the virtual clock and on the real one."""
    told = time_left(batch, profile, clock, 0)
    assert re.fullmatch(said, told), told
