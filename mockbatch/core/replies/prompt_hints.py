"""Hints in a prompt about the text: its language, length, labels to choose from, or JSON.

They are read from the beginning and end of the prompt, where instructions stand. A very long line counts as a document,
which holds no instructions.
"""

from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

from mockbatch.core.replies.labels import LABEL_WORDS, wanted_labels
from mockbatch.core.replies.languages import Language, language_of, named_language, stop_words, words_of
from mockbatch.core.replies.lazy_pattern import LazyPattern
from mockbatch.core.replies.request_access import prompt_of, text_in

Unit = Literal["words", "sentences", "paragraphs", "items", "characters"]


class PromptHints(Struct, frozen=True):
    """Prompt hints: `count` of a unit (None: any length), one of `labels`, or JSON with these keys."""

    language: Language = "en"
    unit: Unit | None = None
    count: int = 0
    labels: tuple[str, ...] = ()
    json: bool = False
    keys: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether there are no hints."""
        return self is NO_HINTS


NO_HINTS = PromptHints()

_REACH = 400
_SHORT_REACH = 200
_DOCUMENT = 800
_PUNCTUATION = b"\"'`*_.,;:!?()[]{}<>/|-\n\r\t"
_WORD = LazyPattern(r"\w+")
# scripts in which words are not separated, or are not among those below
_OTHER_SCRIPT = LazyPattern("[\u0370-\u1fff\u3000-\ud7ff\uf900-\ufdff\uff00-\uffef]")
# characters other than ASCII punctuation that may touch a word
_TYPOGRAPHIC = LazyPattern("[\u00a0-\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uffef]")
_SPACED = bytes.maketrans(_PUNCTUATION, b" " * len(_PUNCTUATION))
_UNITS: dict[Unit, str] = {
    "words": r"words?|worten?|wörtern?|mots?|palabras?|слов\w*|个词|語",
    "sentences": r"sentences?|sätzen?|satz|phrases?|frases?|oraci\w+|предложени\w+|句话?|文で",
    "paragraphs": r"paragraphs?|absätzen?|absatz|paragraphes?|párrafos?|абзац\w*|段落?",
    "items": r"bullet points?|bullets?|items?|points?|ideas|examples|names|stichpunkten?|puntos|пункт\w*",
    "characters": r"characters?|chars?|zeichen|caractères|caracteres|символ\w*|字以?内?|文字",
}
_NUMBERS = {
    name: number
    for number, names in enumerate(
        (
            *(
                "a an one single ein einem einen eine einer une un una uno один одно одном одним 一",
                "two zwei deux dos два 二 两",
            ),
            *("three drei trois tres три 三", "four vier quatre cuatro 四", "five fünf cinq cinco пять 五"),
            *("six sechs seis 六", "seven sieben sept siete 七", "eight acht huit ocho 八", "nine neun neuf nueve 九"),
            "ten zehn dix diez десять 十",
        ),
        start=1,
    )
    for name in names.split()
}
_LENGTH = LazyPattern(
    r"(?<![a-z0-9.])(?:(\d{1,5})|("
    + "|".join(sorted(_NUMBERS, key=len, reverse=True))
    + r"))[\s-]{0,2}(?:(?:short|simple|concise|kurzen?|courte?s?|cortas?)\s)?(?:"
    + "|".join(f"(?P<{unit}>{names})" for unit, names in _UNITS.items())
    + r")(?![a-zà-ÿ])"
)
_ROUGH = LazyPattern(r"\b(brief|briefly|concise|concisely|short answer|kurz|brièvement|brevemente|кратко)\b")
_LONG = LazyPattern(r"\b(essay|in detail|detailed|comprehensive|long-form|thorough|ausführlich|en détail|подробно)\b")
# every match of the two above contains one of these: a search for them takes a tenth of the time
_OF_ROUGH = ("brief", "concis", "short answer", "kurz", "brièvement", "brevemente", "кратко")
_OF_LONG = ("essay", "detail", "comprehensive", "long-form", "thorough", "ausführlich", "détail", "подробно")
_JSON_KEY = LazyPattern(r'"([A-Za-z_]\w{0,40})"\s*:')
_NAMED_KEYS = LazyPattern(
    r"\b(?:keys?|fields?|propert(?:y|ies))\b[^\n]{0,12}?((?:[\"'`][A-Za-z_]\w{0,40}[\"'`](?:\s|,|and|or)*)+)"
)
_QUOTED = LazyPattern(r"[\"'`](\w+)[\"'`]")
_MOST_WORDS = 4_000

_UNIT_WORDS = words_of(
    "word words sentence sentences paragraph paragraphs bullet bullets items points ideas examples names characters "
    "chars wort worte worten wörter wörtern sätze sätzen satz absätze absatz zeichen stichpunkte mots mot phrases "
    "phrase paragraphes caractères palabras palabra frases frase oraciones párrafos caracteres puntos"
)
_ROUGH_WORDS = words_of(
    "brief briefly concise concisely short kurz brièvement brevemente essay detail detailed comprehensive thorough "
    "ausführlich détail"
)
# all ASCII words in `_UNITS`
_COUNTED = _UNIT_WORDS | words_of("item point character char paragraphe stichpunkten oracion oraciones")
_MARKS = stop_words() | LABEL_WORDS | _UNIT_WORDS | _ROUGH_WORDS | {"json"}


def parse_hints(params: dict[str, Any]) -> PromptHints:
    """Return the prompt hints of these params; NO_HINTS itself if there are none."""
    return _wish(*_texts(params))


@lru_cache(maxsize=128)  # instructions repeat from request to request, and each is read twice
def _wish(prompt: str, instructions: str) -> PromptHints:
    whole = f"{instructions}\n{prompt}" if instructions else prompt
    lowered = whole.lower()
    foreign = not whole.isascii() and _OTHER_SCRIPT.search(whole) is not None
    words = _words(lowered)
    if not foreign and _MARKS.isdisjoint(words) and "one of" not in lowered:
        return NO_HINTS
    wish = _read(prompt, whole, lowered, words, foreign)
    return NO_HINTS if wish == NO_HINTS else wish


def _words(lowered: str) -> list[str]:
    if not lowered.isascii() and _TYPOGRAPHIC.search(lowered):
        return _WORD.findall(lowered)
    # as bytes, which is faster
    return lowered.encode().translate(_SPACED).decode().split()


def _texts(params: dict[str, Any]) -> tuple[str, str]:
    """Return the ends of the last user message and of the system prompt."""
    system = params.get("system")
    return _ends(prompt_of(params)), _ends(text_in(system)) if system else ""


def _ends(text: str) -> str:
    if len(text) <= 2 * _REACH:
        return text
    beginning, end = _beginning(text), _end(text)
    if beginning.strip() or end.strip():
        return f"{beginning}\n{end}"
    reach = _SHORT_REACH if len(text) > 2 * _DOCUMENT else _REACH
    return f"{text[:reach]}\n{text[-reach:]}"


def _beginning(text: str) -> str:
    """Return the first lines, up to a document; empty if the first line is one."""
    if text.find("\n", 0, _DOCUMENT) < 0:
        return ""
    cut = text.rfind("\n", 0, _REACH)
    document = len(text) - cut > _DOCUMENT and text.find("\n", cut + 1, cut + _DOCUMENT) < 0
    return text[:cut] if cut > 0 and document else text[:_REACH]


def _end(text: str) -> str:
    """Return the last lines, after a document; empty if the last line is one."""
    if text.rfind("\n", len(text) - _DOCUMENT) < 0:
        return ""
    cut = text.find("\n", len(text) - _REACH)
    document = cut > _DOCUMENT and text.rfind("\n", cut - _DOCUMENT, cut) < 0
    return text[cut + 1 :] if document else text[-_REACH:]


def _read(prompt: str, whole: str, lowered: str, in_order: list[str], foreign: bool) -> PromptHints:
    words = frozenset(in_order)
    language: Language = "en"
    if foreign or not words.isdisjoint(stop_words()):
        language = named_language(lowered) or language_of(prompt) or "en"
    if "json" in words:
        return PromptHints(language, json=True, keys=_keys(whole))
    unit, count = (None, 0)
    if foreign or not (words.isdisjoint(_UNIT_WORDS) and words.isdisjoint(_ROUGH_WORDS)):
        unit, count = _length(lowered, numbered=foreign or _is_numbered(in_order))
    labels = wanted_labels(whole, lowered) if not words.isdisjoint(LABEL_WORDS) or "one of" in lowered else ()
    return PromptHints(language, unit, count, labels)


def _keys(text: str) -> tuple[str, ...]:
    named = _NAMED_KEYS.search(text)
    found = _JSON_KEY.findall(text) or (_QUOTED.findall(named[1]) if named else [])
    return tuple(dict.fromkeys(found))


def _is_numbered(words: list[str]) -> bool:
    """Return whether a unit may have a number before it; much cheaper than the search for the number."""
    for place, word in enumerate(words):
        if word in _COUNTED:
            if any(before in _NUMBERS or before[-1].isdecimal() for before in words[max(place - 3, 0) : place]):
                return True
        elif word[0].isdecimal() and word[-1].isalpha():
            return True
    return False


def _length(lowered: str, *, numbered: bool) -> tuple[Unit | None, int]:
    found = _LENGTH.search(lowered) if numbered else None
    if found:
        count = int(found[1]) if found[1] else _NUMBERS[found[2]]
        unit = next(unit for unit in _UNITS if found[unit])
        return (unit, min(count, _MOST_WORDS)) if count else (None, 0)
    if any(part in lowered for part in _OF_ROUGH) and _ROUGH.search(lowered):
        return "sentences", 1
    if any(part in lowered for part in _OF_LONG) and _LONG.search(lowered):
        return "paragraphs", 4
    return None, 0
