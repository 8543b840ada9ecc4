"""Redact calls for display: show only harmless headers, and texts without anything like a secret."""

import re
from functools import cache
from typing import Any

from mockbatch.core.cassette.redaction import REMOVED, Redactor
from mockbatch.core.cassette.secrets import SECRET_FIELDS
from mockbatch.core.cassette.urls import Urls

_HARMLESS = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "connection", "content-encoding", "content-length"),
        *("content-type", "expect", "host", "idempotency-key", "te", "transfer-encoding", "user-agent"),
        *("anthropic-beta", "anthropic-dangerous-direct-browser-access", "anthropic-version", "anthropic-workspace-id"),
    }
)
_HARMLESS_BEGINNING = "x-stainless-"
_FIELD = re.compile(
    r'(\\?"(?:' + "|".join(map(re.escape, sorted(SECRET_FIELDS))) + r')\\?"\s*:\s*\\?")((?:[^"\\]|\\[^"])+)',
    re.IGNORECASE,
)


def shown_header(name: str, value: str) -> str:
    """Return the value of a header, redacted unless the header is harmless."""
    harmless = name in _HARMLESS or name.startswith(_HARMLESS_BEGINNING)
    return shown_text(value) if harmless else REMOVED


def shown_text(text: str) -> str:
    """Return a text without secrets: known kinds, values of secret fields, and secrets in URLs."""
    if ":" in text and '"' in text:
        text = _FIELD.sub(lambda found: f"{found[1]}{REMOVED}", text)
    return _redactor().text(text)


def shown_value(value: Any) -> Any:
    """Return a JSON value without secrets."""
    return _redactor().value(value)


@cache
def _redactor() -> Redactor:
    return Redactor(more=(Urls(strict=True),))
