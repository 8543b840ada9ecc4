"""The labels a prompt offers as answers: `positive, negative or neutral`, yes or no, a number from 1 to 5."""

import re
from collections.abc import Iterator

from mockbatch.core.replies.languages import words_of
from mockbatch.core.replies.lazy_pattern import LazyPattern

_MOST, _LONGEST, _WORDS = 12, 32, 4
_YES_NO = LazyPattern(
    r"\b(yes)\s*(?:/|or)\s*(no)\b|\b(true)\s*(?:/|or)\s*(false)\b|\b(ja)\s*(?:/|oder)\s*(nein)\b"
    r"|\b(oui)\s*(?:/|ou)\s*(non)\b|\b(s[ií])\s*(?:/|o)\s*(no)\b|\b(да)\s*(?:/|или)\s*(нет)\b",
    re.IGNORECASE,
)
_RANGE = LazyPattern(
    r"\b(?:rat\w*|scor\w*|scale|number|grade)\b[^.\n]{0,60}?\b(\d{1,3})\s*(?:to|-|–|and|bis)\s*(\d{1,3})\b"
)
_TRIGGER = LazyPattern(
    r"\b(?:one of(?: (?:the following|these))?(?: \w+){0,2}?\s*[:(]?"
    r"|either\b:?"
    r"|(?:classif|categori)[^.\n]{0,80}?\b(?:as|into)\b:?"
    r"|(?:labels|categories|classes|options|choices)(?: are)?\s*:"
    r"|(?:answer|respond|reply)(?: only)?(?: with)?(?: only| just| exactly)?(?: one word)?\s*:?"
    r"|(?:choose|pick)(?: \w+)? (?:from|between)\s*:?)"
)
# every trigger and every range begins with one of these
_OF_RANGES = ("rat", "scor", "scale", "number", "grade")
_OF_TRIGGERS = (
    *("one of", "either", "classif", "categori", "labels", "classes", "options", "choices"),
    *("answer", "respond", "reply", "choose", "pick"),
)
_BULLET = LazyPattern(r"\s*(?:[-*•]|\d+[.)])\s+([^\n:]+?)(?:\s*:[^\n]*)?\s*(?:\n|$)")
_OF_SI = ("sí", "si ", "si/", "sio", "si\n", "si\t")
_SI = LazyPattern(r"\bsi\s*[/o]")
_END = LazyPattern(r"[.:;?!)\n]")
_BETWEEN = LazyPattern(r"[,/|]|\b(?:[oO][rR]|[aA][nN][dD])\b")
_DIGIT = LazyPattern(r"\d")
# without one of these words `_YES_NO`, which is slow, cannot match
_AGREEING = ("yes", "true", "oui", "да")


# a prompt without any of these has no labels
LABEL_WORDS = words_of(
    "yes true ja oui sí si да either classify classified categorize categorise categories labels label classes options "
    "choices answer respond reply choose pick rate score scale grade number"
)


def wanted_labels(text: str, lowered: str) -> tuple[str, ...]:
    """Return the labels to choose from in `text`, also given in lower case; empty if there are none."""
    if _may_be_yes_or_no(lowered) and (found := _YES_NO.search(text)):
        return tuple(label for label in found.groups() if label)
    for trigger in _TRIGGER.finditer(lowered, _first(_OF_TRIGGERS, lowered)):
        labels = _bullets(text, trigger.end()) or _listed(text[trigger.end() : trigger.end() + 300])
        if labels:
            return labels
    if (
        _DIGIT.search(text)
        and (found := _RANGE.search(lowered, _first(_OF_RANGES, lowered)))
        and 0 < int(found[2]) - int(found[1]) <= 100
    ):
        return tuple(map(str, range(int(found[1]), int(found[2]) + 1)))
    return ()


def _first(parts: tuple[str, ...], lowered: str) -> int:
    """Return the position of the first of these parts; the end if there is none."""
    return min((place for part in parts if (place := lowered.find(part)) >= 0), default=len(lowered))


def _may_be_yes_or_no(lowered: str) -> bool:
    if any(word in lowered for word in _AGREEING) or ("ja" in lowered and "nein" in lowered):
        return True
    if "no" not in lowered or not any(part in lowered for part in _OF_SI):
        return False
    return "sí" in lowered or _SI.search(lowered) is not None


def _bullets(text: str, at: int) -> tuple[str, ...]:
    """Return the labels of a bullet list, one per line, each optionally followed by a colon and its meaning."""
    labels: list[str] = []
    while len(labels) <= _MOST and (found := _BULLET.match(text, at)):
        labels.append(_bare(found[1]))
        at = found.end()
    return _usable(labels)


def _listed(text: str) -> tuple[str, ...]:
    line = _END.split(text.lstrip(" :\n"), maxsplit=1)[0]
    labels: list[str] = []
    for part in _parts(line):
        label = _bare(part)
        if not _is_short(label):
            return ()
        labels.append(label)
    return _usable(labels)


def _parts(line: str) -> Iterator[str]:
    """Yield the parts between commas, slashes, `or` and `and`."""
    start = 0
    for found in _BETWEEN.finditer(line):
        yield line[start : found.start()].rstrip()
        start = found.end()
        while start < len(line) and line[start].isspace():
            start += 1
    yield line[start:]


def _is_short(label: str) -> bool:
    return len(label) <= _LONGEST and len(label.split()) <= _WORDS


def _bare(label: str) -> str:
    return label.strip(" \t\"'`*“”‘’<>[]")


def _usable(labels: list[str]) -> tuple[str, ...]:
    labels = list(dict.fromkeys(filter(None, labels)))
    return tuple(labels) if 2 <= len(labels) <= _MOST and all(map(_is_short, labels)) else ()
