"""What a secret looks like: keys and tokens of all sorts, card numbers, mail addresses."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Protocol

from msgspec import Struct

from mockbatch.core.cassette.urls import Urls

# the values of these keys are secrets, whatever they look like
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
    """Something that is found in texts."""

    @property
    def name(self) -> str: ...

    @property
    def marks(self) -> tuple[str, ...]:
        """One of these is in every text in which it is found; none where that cannot be said."""
        ...

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it is, from left to right, without overlaps."""
        ...


class Shaped(Struct, frozen=True):
    """What a regular expression finds. Only texts with one of the `marks` in them are searched, where there are any."""

    name: str
    expression: str
    marks: tuple[str, ...] = ()

    def spans(self, text: str) -> list[tuple[int, int]]:
        if self.marks and not any(mark in text for mark in self.marks):
            return []
        return [found.span() for found in _compiled(self.expression).finditer(text) if found.end() > found.start()]


@cache  # not before: most servers look for no secrets
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


class Cards(Struct, frozen=True):
    """Card numbers: 13 to 19 digits that begin and sum up as such, in groups or not."""

    name: str = "card"
    marks: tuple[str, ...] = ()

    def spans(self, text: str) -> list[tuple[int, int]]:
        return [span for run in _DIGITS.finditer(text) for span in _cards_in(run[0], run.start())]


_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){12,}")
_GROUP = re.compile(r"[0-9]+")
_CARD = re.compile(r"[2-6][0-9]{12,18}")


def _cards_in(run: str, offset: int) -> Iterator[tuple[int, int]]:
    """The cards in a run of groups of digits: any groups that follow each other may be one."""
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
    """The sum of Luhn, which a card number ends on a multiple of ten."""
    odd = sum(map(int, digits[-1::-2]))
    return odd + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])


_HEADER = r"""(?i:x-api-key|authorization)["']?\s*[:=]\s*["']?(?:(?i:bearer|basic)\s+)?[^\s"',;}]+"""
_PRIVATE = r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"

SECRETS: tuple[Pattern, ...] = (
    Shaped("private key", _PRIVATE, ("PRIVATE KEY",)),
    # before the keys that it may hold
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
    """Whether a value is the URL of an MCP server, which often has its token inside."""
    names = [name for name in path[-3:] if not name.isdigit()]
    return names[-2:] == ["mcp_servers", "url"]


def parse_pattern(text: str) -> Pattern:
    """A pattern by its name (`mail`, `card`) or as a regular expression. Raises ValueError."""
    if text in NAMED:
        return NAMED[text]
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is neither {' nor '.join(NAMED)} nor a regular expression: {error}") from None
    return Shaped("pattern", text)


def found(text: str, patterns: tuple[Pattern, ...]) -> Iterator[tuple[str, str]]:
    """The name and the text of every secret in a text; what was redacted is none."""
    if PLACEHOLDER.search(text):
        text = PLACEHOLDER.sub(" ", text)
    for pattern in patterns:
        for start, end in pattern.spans(text):
            secret = text[start:end]
            yield pattern.name, secret
            # once is enough
            text = text.replace(secret, " " * len(secret))
