"""Text in the requested language and length."""

import json
from collections.abc import Callable
from functools import cache

from mockbatch.core.replies.draft import Draft, Reply, Request
from mockbatch.core.replies.prompt_hints import PromptHints
from mockbatch.core.replies.rng import Rng
from mockbatch.core.replies.text import english_sentences

_USUAL = (1, 1, 2, 2, 3, 4, 5, 6)
_UNSPACED = ("zh", "ja")


@cache
def _sentences(language: str) -> tuple[str, ...]:
    if language == "en":
        return english_sentences()
    # imported lazily: few prompts need them
    from mockbatch.core.replies.phrases import PHRASES

    return PHRASES[language]


def sentence(dice: Rng, language: str = "en") -> str:
    return dice.choose(_sentences(language))


def sentences(dice: Rng, count: int, language: str = "en") -> str:
    """Return `count` sentences, joined."""
    return ("" if language in _UNSPACED else " ").join(sentence(dice, language) for _ in range(count))


def text_reply(request: Request, wish: PromptHints) -> Reply:
    """Return the reply to a request that needs only text."""
    draft = Draft(request)
    if request.limit > 0:
        draft.text(prose(request.dice("prose"), wish))
        return draft.reply()
    return draft.reply("max_tokens")


def prose(dice: Rng, wish: PromptHints) -> str:
    """Return the text for the prompt hints."""
    if wish.labels:
        return dice.choose(wish.labels)
    if wish.json:
        return _json(dice, wish)
    match wish.unit:
        case None:
            return sentences(dice, dice.choose(_USUAL), wish.language)
        case "sentences":
            return sentences(dice, wish.count, wish.language)
        case "paragraphs":
            return "\n\n".join(sentences(dice, dice.between(3, 5), wish.language) for _ in range(wish.count))
        case "items":
            return "\n".join(f"- {sentence(dice, wish.language)}" for _ in range(wish.count))
        case "characters":
            return _shortened(_at_least(dice, wish, len), wish)
    return _of_words(dice, wish)


def _of_words(dice: Rng, wish: PromptHints) -> str:
    if wish.language in _UNSPACED:
        return _at_least(dice, wish, len)[: wish.count]
    words = _at_least(dice, wish, _words).split()[: wish.count]
    return words[0].strip(".,:;") if wish.count == 1 else " ".join(words).rstrip(".,:;") + "."


def _words(text: str) -> int:
    return text.count(" ") + 1


def _at_least(dice: Rng, wish: PromptHints, measured: Callable[[str], int]) -> str:
    """Return enough sentences to reach the requested length."""
    chosen: list[str] = []
    length = 0
    while length < wish.count:
        chosen.append(sentence(dice, wish.language))
        length += measured(chosen[-1])
    return ("" if wish.language in _UNSPACED else " ").join(chosen)


def _shortened(text: str, wish: PromptHints) -> str:
    """Return at most `wish.count` characters, cut at a word boundary if the language has spaces."""
    if len(text) <= wish.count or wish.language in _UNSPACED:
        return text[: wish.count]
    return text[: wish.count].rsplit(" ", 1)[0]


def _json(dice: Rng, wish: PromptHints) -> str:
    keys = wish.keys or ("answer",)
    return json.dumps({key: sentence(dice, wish.language) for key in keys}, ensure_ascii=False)
