"""The labels that a prompt wants one of: `positive, negative or neutral`, yes or no, a number from 1 to 5."""

import re

from mockbatch.core.replies.languages import words_of

_MOST, _LONGEST, _WORDS = 12, 32, 4
_YES_NO = re.compile(
    r"\b(yes)\s*(?:/|or)\s*(no)\b|\b(true)\s*(?:/|or)\s*(false)\b|\b(ja)\s*(?:/|oder)\s*(nein)\b"
    r"|\b(oui)\s*(?:/|ou)\s*(non)\b|\b(s[ií])\s*(?:/|o)\s*(no)\b|\b(да)\s*(?:/|или)\s*(нет)\b",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"\b(?:rat\w*|scor\w*|scale|number|grade)\b[^.\n]{0,60}?\b(\d{1,3})\s*(?:to|-|–|and|bis)\s*(\d{1,3})\b",
    re.IGNORECASE,
)
_TRIGGER = re.compile(
    r"\b(?:one of(?: (?:the following|these))?(?: \w+){0,2}?\s*[:(]?"
    r"|either\b:?"
    r"|(?:classif|categori)[^.\n]{0,80}?\b(?:as|into)\b:?"
    r"|(?:labels|categories|classes|options|choices)(?: are)?\s*:"
    r"|(?:answer|respond|reply)(?: only)?(?: with)?(?: only| just| exactly)?(?: one word)?\s*:?"
    r"|(?:choose|pick)(?: \w+)? (?:from|between)\s*:?)"
)
_BULLET = re.compile(r"\s*(?:[-*•]|\d+[.)])\s+([^\n:]+?)(?:\s*:[^\n]*)?\s*(?:\n|$)")
_END = re.compile(r"[.:;?!)\n]")
_BETWEEN = re.compile(r"\s*(?:,|/|\||\bor\b|\band\b)\s*", re.IGNORECASE)


# a prompt without any of these has no labels
LABEL_WORDS = words_of(
    "yes true ja oui sí si да either classify classified categorize categorise categories labels label classes options "
    "choices answer respond reply choose pick rate score scale grade number"
)


def wanted_labels(text: str, lowered: str) -> tuple[str, ...]:
    """The labels that `text`, also given in lower case, has to choose from; empty when it has none."""
    if found := _YES_NO.search(text):
        return tuple(label for label in found.groups() if label)
    for trigger in _TRIGGER.finditer(lowered):
        labels = _bullets(text, trigger.end()) or _listed(text[trigger.end() : trigger.end() + 300])
        if labels:
            return labels
    if (found := _RANGE.search(text)) and 0 < int(found[2]) - int(found[1]) <= 100:
        return tuple(map(str, range(int(found[1]), int(found[2]) + 1)))
    return ()


def _bullets(text: str, at: int) -> tuple[str, ...]:
    """A list of which each line is a label, perhaps with what it means after a colon."""
    labels: list[str] = []
    while len(labels) <= _MOST and (found := _BULLET.match(text, at)):
        labels.append(_bare(found[1]))
        at = found.end()
    return _usable(labels)


def _listed(text: str) -> tuple[str, ...]:
    line = _END.split(text.lstrip(" :\n"), maxsplit=1)[0]
    return _usable([_bare(part) for part in _BETWEEN.split(line)])


def _bare(label: str) -> str:
    return label.strip(" \t\"'`*“”‘’<>[]")


def _usable(labels: list[str]) -> tuple[str, ...]:
    labels = list(dict.fromkeys(filter(None, labels)))
    short = all(len(label) <= _LONGEST and len(label.split()) <= _WORDS for label in labels)
    return tuple(labels) if 2 <= len(labels) <= _MOST and short else ()
