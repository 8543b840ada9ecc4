"""The work limit for one value of a schema, in deterministic steps: the same schema always ends the same way."""

from mockbatch.core.replies.draft import ReplyError

TOO_COMPLEX = "The schema is too complex to generate a value"
STEPS = 100_000
"""Steps for one value, about a microsecond each."""
NODE = 10
"""Steps for a nested value, in addition to its contents."""


class StepBudget:
    """The steps left for one value."""

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Spend some steps. Raise ReplyError if none are left."""
        self.left -= steps
        if self.left < 0:
            raise ReplyError(TOO_COMPLEX)
