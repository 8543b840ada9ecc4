"""What tokens cost in a batch: the one place where the client asks for prices."""

from decimal import Decimal

from msgspec import Struct


class Tokens(Struct, frozen=True):
    """Tokens by what they are billed as. `input` is what was neither written to the cache nor read from it."""

    input: int = 0
    output: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cache_write_5m + other.cache_write_5m,
            self.cache_write_1h + other.cache_write_1h,
            self.cache_read + other.cache_read,
        )


def cost_of(model: str, tokens: Tokens) -> Decimal | None:
    """Dollars for these tokens of a model, at the prices of batches; None where no price is known."""
    return None
