"""How much work one value of a schema may take: counted in steps, so that the same schema always ends the same way."""

from mockbatch.core.replies.forms import ReplyError

TOO_COMPLEX = "The schema is too complex for a value to be made of it"
STEPS = 100_000
"""Steps for one value, of about a microsecond each."""
NODE = 10
"""Steps that a nested value takes besides what is in it."""


class Budget:
    """The steps that are left for one value."""

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take some steps. Raises ReplyError when they are used up."""
        self.left -= steps
        if self.left < 0:
            raise ReplyError(TOO_COMPLEX)
