"""Token usage of recorded replies: by model, and as sums that can be priced."""

from collections.abc import Mapping
from typing import Any

from mockbatch.core.money.ledger import Account, Sums, TokenCounts, context_window, counts_of_json

_WORDS = {
    "input": "input",
    "cache_write_5m": "written to the cache for 5 minutes",
    "cache_write_1h": "written to the cache for an hour",
    "cache_read": "read from the cache",
    "output": "output",
}
_LENGTHS = (100_000, 200_000)


class Tokens:
    """Tokens by model and class, from the `usage` of replies."""

    def __init__(self) -> None:
        self.sums = Sums()

    def add(self, message: Mapping[str, Any]) -> None:
        usage = message.get("usage")
        if isinstance(usage, dict):
            counts = counts_of_json(usage)
            above = max((length for length in _LENGTHS if counts.prompt_tokens > length), default=0)
            tier = "batch" if usage.get("service_tier") == "batch" else "standard"
            geo = str(usage.get("inference_geo") or "not_available")
            window = context_window(counts.prompt_tokens)
            self.sums.add(Account(str(message.get("model") or "unknown model"), above, window, geo, tier), counts)

    def lines(self) -> list[str]:
        """Return a line for each model."""
        of_model: dict[str, TokenCounts] = {}
        for row in self.sums.rows():
            of_model[row.account.model] = of_model.get(row.account.model, TokenCounts()).plus(row.counts)
        return [
            f"{model}: "
            + ", ".join(f"{quantity:,} {_WORDS[kind]}" for kind, quantity in counts.items() if kind in _WORDS)
            for model, counts in sorted(of_model.items())
        ]
