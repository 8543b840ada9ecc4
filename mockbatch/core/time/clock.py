"""A clock is arithmetic: a real instant, the virtual instant that belongs to it, and a rate.

Nothing ticks. Whoever asks says what the real time is, and every change makes a new clock.
"""

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.time.spans import LATEST


class Clock(Struct, frozen=True):
    """Virtual time that runs `rate` times as fast as real time since `real`; frozen at rate 0 or when told."""

    real: int
    virtual: int
    rate: float = 1.0
    frozen: bool = False

    def now(self, real: int) -> int:
        """The virtual instant at the real instant `real`; never before one that was handed out by a change."""
        if self.frozen:
            return self.virtual
        return min(self.virtual + int(max(real - self.real, 0) * self.rate), LATEST)

    def advanced_to(self, instant: int, real: int) -> "Clock":
        """This clock, showing `instant` at `real`. Raises ValueError for an instant that has passed."""
        if instant < self.now(real):
            raise ValueError("the clock goes forward only")
        if instant > LATEST:
            raise ValueError("that is too far in the future")
        return replace(self, real=real, virtual=instant)

    def showing(self, instant: int, real: int) -> "Clock":
        """This clock, showing `instant` at `real`, be it earlier or later: for a world that begins anew."""
        return replace(self, real=real, virtual=instant)

    def running(self, real: int, *, rate: float | None = None, frozen: bool | None = None) -> "Clock":
        """This clock from now on at another rate, frozen or not; what it shows does not jump."""
        return Clock(
            real,
            self.now(real),
            self.rate if rate is None else rate,
            self.frozen if frozen is None else frozen,
        )
