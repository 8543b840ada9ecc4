"""Plain text: a few sentences, chosen by the request alone."""

from functools import cache

from mockbatch.core.contract.model import Model
from mockbatch.core.tokens import text_tokens, text_within

_BITS = 10
_MASK = (1 << _BITS) - 1
_COUNTS = (1, 1, 2, 2, 3, 4, 5, 6)


@cache
def english_sentences() -> tuple[str, ...]:
    """Return the 1,024 English sentences."""
    # imported lazily: startup needs no replies, and the module is large
    from mockbatch.core.replies.corpus import SENTENCES

    return SENTENCES


def plain_text(key: int, max_tokens: int, model: Model) -> tuple[str, int, str]:
    """Return the text for a key cut at the limit, its tokens, and the stop reason."""
    text = whole_text(key)
    tokens = text_tokens(text, model)
    if tokens <= max_tokens:
        return text, tokens, "end_turn"
    return text_within(text, max_tokens, model), max_tokens, "max_tokens"


def whole_text(key: int) -> str:
    """Return the text for the 64 bits of `key`, uncut."""
    sentences = english_sentences()
    count = _COUNTS[key & 7]
    key >>= 3
    chosen = []
    for _ in range(count):
        chosen.append(sentences[key & _MASK])
        key >>= _BITS
    return " ".join(chosen)
