"""Plain text: some sentences, which ones depends on the request alone."""

from functools import cache

from mockbatch.core.contract.catalog import Model
from mockbatch.core.tokens import text_tokens, text_within

_BITS = 10
_MASK = (1 << _BITS) - 1
_COUNTS = (1, 1, 2, 2, 3, 4, 5, 6)


@cache
def _sentences() -> tuple[str, ...]:
    # not at the start, which needs no replies: it is large
    from mockbatch.core.replies.corpus import SENTENCES

    return SENTENCES


def plain_text(key: int, max_tokens: int, model: Model) -> tuple[str, int, str]:
    """Text, its tokens and the stop reason for the 64 bits of `key`; cut where it would exceed `max_tokens`."""
    sentences = _sentences()
    count = _COUNTS[key & 7]
    key >>= 3
    chosen = []
    for _ in range(count):
        chosen.append(sentences[key & _MASK])
        key >>= _BITS
    text = " ".join(chosen)
    tokens = text_tokens(text, model)
    if tokens <= max_tokens:
        return text, tokens, "end_turn"
    return text_within(text, max_tokens, model), max_tokens, "max_tokens"
