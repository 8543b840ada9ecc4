"""A clock as arithmetic: a real instant, the matching virtual instant, and a rate.

Nothing ticks. The caller passes the real time, and every change returns a new clock.
"""

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.time.spans import LATEST


class Clock(Struct, frozen=True):
    """Virtual time that runs `rate` times as fast as real time since `real`; it stands still at rate 0 or if frozen."""

    real: int
    virtual: int
    rate: float = 1.0
    frozen: bool = False

    def now(self, real: int) -> int:
        """Return the virtual instant at the real instant `real`; it never goes back behind a change."""
        if self.frozen:
            return self.virtual
        return min(self.virtual + int(max(real - self.real, 0) * self.rate), LATEST)

    def advanced_to(self, instant: int, real: int) -> "Clock":
        """Return this clock, set to `instant` at `real`. Raises ValueError for an instant in the past."""
        if instant < self.now(real):
            raise ValueError("the clock only moves forward")
        if instant > LATEST:
            raise ValueError("that is too far in the future")
        return replace(self, real=real, virtual=instant)

    def showing(self, instant: int, real: int) -> "Clock":
        """Return this clock, set to `instant` at `real`, whether earlier or later; for a session that starts over."""
        return replace(self, real=real, virtual=instant)

    def running(self, real: int, *, rate: float | None = None, frozen: bool | None = None) -> "Clock":
        """Return this clock with another rate or frozen state from now on; the time it shows does not jump."""
        return Clock(
            real,
            self.now(real),
            self.rate if rate is None else rate,
            self.frozen if frozen is None else frozen,
        )
