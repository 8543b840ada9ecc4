"""Plain text: some sentences, which ones depends on the request alone."""

from functools import cache

from mockbatch.core.contract.model import Model
from mockbatch.core.tokens import text_tokens, text_within

_BITS = 10
_MASK = (1 << _BITS) - 1
_COUNTS = (1, 1, 2, 2, 3, 4, 5, 6)


@cache
def english_sentences() -> tuple[str, ...]:
    """1,024 sentences."""
    # not at the start, which needs no replies: it is large
    from mockbatch.core.replies.corpus import SENTENCES

    return SENTENCES


def plain_text(key: int, max_tokens: int, model: Model) -> tuple[str, int, str]:
    """The text that a key has, within the limit; its tokens; and why it ended."""
    text = whole_text(key)
    tokens = text_tokens(text, model)
    if tokens <= max_tokens:
        return text, tokens, "end_turn"
    return text_within(text, max_tokens, model), max_tokens, "max_tokens"


def whole_text(key: int) -> str:
    """The text that a key has, whatever its length."""
    """Text, its tokens and the stop reason for the 64 bits of `key`; cut where it would exceed `max_tokens`."""
    sentences = english_sentences()
    count = _COUNTS[key & 7]
    key >>= 3
    chosen = []
    for _ in range(count):
        chosen.append(sentences[key & _MASK])
        key >>= _BITS
    return " ".join(chosen)
