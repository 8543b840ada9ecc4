"""Detect the language a prompt is written in, or requests for the answer."""

from functools import cache
from typing import Literal, get_args

from mockbatch.core.replies.lazy_pattern import LazyPattern

Language = Literal["en", "de", "fr", "es", "zh", "ja", "ru"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text of words only."""
    return frozenset(text.split())


# frequent words of a language that exist neither in the others nor in English
_WORDS: dict[Language, frozenset[str]] = {
    "en": words_of("the is are was what how of and to you this that with for please which from"),
    "de": words_of(
        "der das und ist nicht ein eine einen einem einer ich du sie wir ihr mit für auf von zu den dem des wie wer "
        "bitte über kannst schreibe erkläre fasse auch oder wird sind warum"
    ),
    "fr": words_of(
        "le les est et une dans pour qui quoi sur avec vous nous je pas sont du des quelle quel comment pourquoi cette "
        "écris moi s'il résume c'est"
    ),
    "es": words_of(
        "el los las es y una por qué cómo cuál con para del está son quiero puedes escribe explica resume más favor "
        "texto siguiente"
    ),
}
_OF_LANGUAGES = {
    word: [language for language, words in _WORDS.items() if word in words]
    for word in frozenset().union(*_WORDS.values())
}
_NAMES: dict[str, Language] = {
    **dict.fromkeys(("english", "englisch", "anglais", "inglés"), "en"),
    **dict.fromkeys(("german", "deutsch", "allemand", "alemán"), "de"),
    **dict.fromkeys(("french", "französisch", "français", "francés"), "fr"),
    **dict.fromkeys(("spanish", "spanisch", "espagnol", "español"), "es"),
    **dict.fromkeys(("chinese", "mandarin", "chinesisch", "chinois", "chino"), "zh"),
    **dict.fromkeys(("japanese", "japanisch", "japonais", "japonés"), "ja"),
    **dict.fromkeys(("russian", "russisch", "russe", "ruso"), "ru"),
}
_NAMED = LazyPattern(r"\b(?:in|into|to|auf|ins|en|al)\s+(?:simplified\s+|plain\s+)?(" + "|".join(_NAMES) + r")\b")
_LETTERS = LazyPattern(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_KANA, _HAN, _CYRILLIC = LazyPattern("[\u3040-\u30ff]"), LazyPattern("[\u4e00-\u9fff]"), LazyPattern("[\u0400-\u04ff]")
_SHARE = 5
_REACH = 600


@cache
def stop_words() -> frozenset[str]:
    """Return words that may indicate a language other than English, and the names of languages."""
    return frozenset().union(*(words for language, words in _WORDS.items() if language != "en"), _NAMES)


def named_language(lowered: str) -> Language | None:
    """Return the language that a lower-case text requests by name."""
    found = _NAMED.findall(lowered) if any(name in lowered for name in _NAMES) else ()
    return _NAMES[found[-1]] if found else None


def language_of(text: str) -> Language | None:
    """Return the language a text is written in; None if uncertain."""
    text = text[:_REACH]
    if not text.isascii():
        letters = sum(map(str.isalpha, text))
        kana, han, cyrillic = (len(script.findall(text)) for script in (_KANA, _HAN, _CYRILLIC))
        if (kana + han) * _SHARE > letters:
            return "ja" if kana else "zh"
        if cyrillic * _SHARE > letters:
            return "ru"
    words = _LETTERS.findall(text.lower())
    hits: dict[Language, int] = dict.fromkeys(_WORDS, 0)
    for word in filter(_OF_LANGUAGES.__contains__, words):
        for language in _OF_LANGUAGES[word]:
            hits[language] += 1
    best = max(hits, key=lambda language: hits[language])
    return best if hits[best] > 1 or (hits[best] and len(words) < 8) else None
