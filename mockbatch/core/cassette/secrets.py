"""Patterns of secrets: keys and tokens of all sorts, card numbers, mail addresses."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Protocol

from msgspec import Struct

from mockbatch.core.cassette.urls import Urls

# keys whose values are always secret
SECRET_FIELDS = frozenset(
    {
        *("x-api-key", "api-key", "api_key", "apikey", "authorization", "proxy-authorization"),
        *("authorization_token", "access_token", "refresh_token", "client_secret", "password"),
        *("access_key", "secret_key", "private_key", "secret_access_key", "auth_token", "bearer_token", "id_token"),
        *("session_token", "passwd", "webhook_secret", "control_key", "x-auth-token", "x-mockbatch-control-key"),
        *("x-mockbatch-owner", "cookie", "set-cookie"),
    }
)
PLACEHOLDER = re.compile(r"\[redacted(?:: [\w ]+)?\]")


class Pattern(Protocol):
    """A pattern to search texts for."""

    @property
    def name(self) -> str: ...

    @property
    def marks(self) -> tuple[str, ...]:
        """Strings, one of which every match's text contains; empty if there are none."""
        ...

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the matches from left to right, without overlaps."""
        ...


class Shaped(Struct, frozen=True):
    """A regular expression. If there are `marks`, only texts that contain one of them are searched."""

    name: str
    expression: str
    marks: tuple[str, ...] = ()

    def spans(self, text: str) -> list[tuple[int, int]]:
        if self.marks and not any(mark in text for mark in self.marks):
            return []
        return [found.span() for found in _compiled(self.expression).finditer(text) if found.end() > found.start()]


@cache  # compiled lazily: most servers search for no secrets
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


class Cards(Struct, frozen=True):
    """Card numbers: 13 to 19 digits with a valid prefix and checksum, grouped or not."""

    name: str = "card"
    marks: tuple[str, ...] = ()

    def spans(self, text: str) -> list[tuple[int, int]]:
        return [span for run in _DIGITS.finditer(text) for span in _cards_in(run[0], run.start())]


_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){12,}")
_GROUP = re.compile(r"[0-9]+")
_CARD = re.compile(r"[2-6][0-9]{12,18}")


def _cards_in(run: str, offset: int) -> Iterator[tuple[int, int]]:
    """Yield the cards in a run of digit groups: any consecutive groups may form one."""
    groups = [found.span() for found in _GROUP.finditer(run)]
    at = 0
    while at < len(groups):
        ends = range(len(groups) - 1, at - 1, -1)
        last = next((end for end in ends if _is_card(run[groups[at][0] : groups[end][1]])), -1)
        if last >= 0:
            yield offset + groups[at][0], offset + groups[last][1]
        at = max(at, last) + 1


def _is_card(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    return _CARD.fullmatch(digits) is not None and _checksum(digits) % 10 == 0


def _checksum(digits: str) -> int:
    """Return the Luhn sum, a multiple of ten for a valid card number."""
    odd = sum(map(int, digits[-1::-2]))
    return odd + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])


_HEADER = r"""(?i:x-api-key|authorization)["']?\s*[:=]\s*["']?(?:(?i:bearer|basic)\s+)?[^\s"',;}]+"""
_PRIVATE = r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"

SECRETS: tuple[Pattern, ...] = (
    Shaped("private key", _PRIVATE, ("PRIVATE KEY",)),
    # before the keys it may contain
    Shaped("header", _HEADER, ("pi-key", "PI-KEY", "Pi-Key", "PI-Key", "uthorization", "UTHORIZATION")),
    Shaped("key", r"sk-ant-[\w-]{6,}", ("sk-ant-",)),
    Shaped("key", r"sk-[A-Za-z0-9_-]{20,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}", ("sk-", "k_live_", "k_test_")),
    Shaped("key", r"(?:AKIA|ASIA)[A-Z0-9]{16}", ("AKIA", "ASIA")),
    Shaped("key", r"AIza[\w-]{35}", ("AIza",)),
    Shaped("token", r"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{40,}", ("gh", "github_pat_")),
    Shaped("token", r"xox[abeprs]-[\w-]{10,}", ("xox",)),
    Shaped("token", r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", ("eyJ",)),
    Shaped("token", r"(?i:bearer)\s+[\w.~+/=-]{16,}", ("earer", "EARER")),
    Shaped("secret", r"whsec_[A-Za-z0-9+/=]{8,}", ("whsec_",)),
    Urls(),
)
SERVER_URL = Urls(strict=True)
CARDS = Cards()
MAILS = Shaped("mail", r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+", ("@",))
NAMED: dict[str, Pattern] = {"card": CARDS, "mail": MAILS}


def is_server_url(path: Sequence[str]) -> bool:
    """Return whether a path is the URL of an MCP server, which often contains a token."""
    names = [name for name in path[-3:] if not name.isdigit()]
    return names[-2:] == ["mcp_servers", "url"]


def parse_pattern(text: str) -> Pattern:
    """Parse a pattern name (`mail`, `card`) or a regular expression. Raises ValueError."""
    if text in NAMED:
        return NAMED[text]
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is neither {' nor '.join(NAMED)} nor a regular expression: {error}") from None
    return Shaped("pattern", text)


def found(text: str, patterns: tuple[Pattern, ...]) -> Iterator[tuple[str, str]]:
    """Yield name and text of every secret in a text, except redacted ones."""
    if PLACEHOLDER.search(text):
        text = PLACEHOLDER.sub(" ", text)
    for pattern in patterns:
        for start, end in pattern.spans(text):
            secret = text[start:end]
            yield pattern.name, secret
            # report each secret once
            text = text.replace(secret, " " * len(secret))
