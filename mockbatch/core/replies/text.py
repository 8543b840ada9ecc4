"""Plain text: some sentences, which ones depends on the request alone."""

from mockbatch.core.contract.catalog import Model
from mockbatch.core.replies.corpus import SENTENCES
from mockbatch.core.tokens import text_tokens, text_within

_BITS = 10
_MASK = len(SENTENCES) - 1
_COUNTS = (1, 1, 2, 2, 3, 4, 5, 6)


def plain_text(key: int, max_tokens: int, model: Model) -> tuple[str, int, str]:
    """Text, its tokens and the stop reason for the 64 bits of `key`; cut where it would exceed `max_tokens`."""
    count = _COUNTS[key & 7]
    key >>= 3
    chosen = []
    for _ in range(count):
        chosen.append(SENTENCES[key & _MASK])
        key >>= _BITS
    text = " ".join(chosen)
    tokens = text_tokens(text, model)
    if tokens <= max_tokens:
        return text, tokens, "end_turn"
    return text_within(text, max_tokens, model), max_tokens, "max_tokens"
