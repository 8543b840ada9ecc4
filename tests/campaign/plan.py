"""How long a campaign runs, and what its luck is drawn from."""

import random
import time
from dataclasses import dataclass, field


@dataclass
class Plan:
    """A campaign is over after `seconds`; the same `seed` draws the same calls in the same order."""

    seed: int
    seconds: float
    short: bool
    started: float = field(default_factory=time.monotonic)

    def luck(self, *names: object) -> random.Random:
        """A source of luck of its own for each purpose."""
        return random.Random(repr((self.seed, *names)))

    @property
    def over(self) -> bool:
        return time.monotonic() - self.started >= self.seconds
