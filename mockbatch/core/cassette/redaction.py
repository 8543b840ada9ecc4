"""Redact secrets from recordings before they are written, always the same way.

A recorded request is found again because incoming requests are redacted by the same rules.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Any

from msgspec import Struct

from mockbatch.core.cassette.secrets import (
    SECRET_FIELDS,
    SECRETS,
    SERVER_URL,
    Pattern,
    Shaped,
    found,
    is_server_url,
    parse_pattern,
)

REMOVED = "[redacted]"
_DATA_URL = re.compile(r"(data:[\w.+/-]*;base64,)[A-Za-z0-9+/=_-]+")
_SHORTEST_LITERAL = 6


class Redaction(Struct, frozen=True, omit_defaults=True):
    """What to redact in addition to keys and tokens.

    The values of `fields` (a key, or a path of keys joined by dots), matches of `patterns` (`mail`, `card`, or a
    regular expression), and `base64` payloads, which are replaced by their hash.
    """

    fields: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    base64: bool = False


ALWAYS = Redaction()


def both(one: Redaction, other: Redaction) -> Redaction:
    """Return the union of the rules."""
    return Redaction(
        tuple(dict.fromkeys((*one.fields, *other.fields))),
        tuple(dict.fromkeys((*one.patterns, *other.patterns))),
        one.base64 or other.base64,
    )


class Redactor:
    """Applies a Redaction; `literals` are secrets by value, such as the keys of a run, `more` are patterns.

    Raises ValueError for an invalid pattern.
    """

    def __init__(
        self, redaction: Redaction = ALWAYS, literals: Iterable[str] = (), more: Iterable[Pattern] = ()
    ) -> None:
        self._fields = [tuple(field.split(".")) for field in redaction.fields]
        self._base64 = redaction.base64
        self.patterns: tuple[Pattern, ...] = (
            *_literal(literals),
            *SECRETS,
            *more,
            *map(parse_pattern, redaction.patterns),
        )
        # most texts have none of the marks, and need not be tried with each pattern
        self._is_marked = re.compile("|".join(re.escape(mark) for one in self.patterns for mark in one.marks)).search
        self._unmarked = tuple(one for one in self.patterns if not one.marks)
        self._key = lru_cache(maxsize=1024)(self.text)

    def value(self, value: Any, path: tuple[str, ...] = ()) -> Any:
        """Return a JSON value without secrets in keys, texts or numbers."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self._object(value, path)
        if isinstance(value, list):
            return [self.value(part, path) for part in value]
        if type(value) is int and value >= 10**12:
            text = self.text(str(value))
            return value if text == str(value) else text
        return value

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        if self._base64 and ";base64," in text:
            text = _DATA_URL.sub(lambda url: f"{url[1]}{_hashed(url[0])}", text)
        for pattern in self.patterns if self._is_marked(text) else self._unmarked:
            if spans := pattern.spans(text):
                text = _without(text, spans, f"[redacted: {pattern.name}]")
        return text

    def _object(self, value: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        payload = self._base64 and value.get("type") == "base64"
        for key, part in value.items():
            inner = (*path, key)
            if self._is_named(inner) or (key.lower() in SECRET_FIELDS and isinstance(part, str) and part):
                part = REMOVED
            elif payload and key == "data" and isinstance(part, str):
                part = _hashed(part)
            elif isinstance(part, str) and is_server_url(inner):
                part = self.text(_without(part, SERVER_URL.spans(part), "[redacted: url]"))
            else:
                part = self.value(part, inner)
            cleaned[_free(self._key(key), cleaned)] = part
        return cleaned

    def _is_named(self, path: tuple[str, ...]) -> bool:
        return any(path[-len(field) :] == field for field in self._fields)


def _literal(literals: Iterable[str]) -> Iterator[Pattern]:
    texts = sorted({text for text in literals if len(text) >= _SHORTEST_LITERAL}, key=len, reverse=True)
    return (Shaped("key", re.escape(text), (text,)) for text in texts)


def _without(text: str, spans: list[tuple[int, int]], placeholder: str) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], placeholder]
        at = end
    return "".join([*parts, text[at:]])


def _free(key: str, taken: dict[str, Any]) -> str:
    """Return the key, numbered if two keys are equal after redaction."""
    number, free = 2, key
    while free in taken:
        number, free = number + 1, f"{key} {number}"
    return free


def _hashed(payload: str) -> str:
    return (
        payload
        if payload.startswith("sha256:")
        else f"sha256:{sha256(payload.encode('utf-8', 'surrogatepass')).hexdigest()}"
    )


def secrets_in(value: Any, patterns: tuple[Pattern, ...], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield path, name and text of every secret in a JSON value."""
    if isinstance(value, dict):
        for key, part in value.items():
            inner = f"{path}.{key}".lstrip(".")
            yield from secrets_in(key, patterns, inner)
            if key.lower() in SECRET_FIELDS and isinstance(part, str) and part and part != REMOVED:
                yield inner, "secret field", part
            elif isinstance(part, str) and is_server_url(inner.split(".")):
                yield from ((inner, name, secret) for name, secret in found(part, (*patterns, SERVER_URL)))
            else:
                yield from secrets_in(part, patterns, inner)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from secrets_in(part, patterns, f"{path}.{index}".lstrip("."))
    elif isinstance(value, str) or (type(value) is int and value >= 10**12):
        for name, secret in found(str(value), patterns):
            yield path, name, secret
