"""What recorded replies cost, in tokens by model."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

INPUT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
COUNTED = (*INPUT, "output_tokens")


class Tokens:
    """Tokens by model and class: all that a reply's `usage` counts."""

    def __init__(self) -> None:
        self.of_model: dict[str, Counter[str]] = {}

    def add(self, message: Mapping[str, Any]) -> None:
        usage = message.get("usage")
        if not isinstance(usage, dict):
            return
        counts = self.of_model.setdefault(str(message.get("model")), Counter())
        counts.update({name: usage[name] for name in COUNTED if isinstance(usage.get(name), int)})

    def lines(self) -> list[str]:
        """A line for each model."""
        return [
            f"{model}: " + ", ".join(f"{counts[name]:,} {_WORDS[name]}" for name in COUNTED if counts[name])
            for model, counts in sorted(self.of_model.items())
        ]


_WORDS = {
    "input_tokens": "input",
    "cache_creation_input_tokens": "written to the cache",
    "cache_read_input_tokens": "read from the cache",
    "output_tokens": "output",
}
