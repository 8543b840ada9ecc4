"""Sample strings for the formats of JSON Schema.

Source: https://json-schema.org/draft/2020-12/json-schema-validation#name-defined-formats
"""

from collections.abc import Callable
from uuid import UUID

from mockbatch.core.replies.rng import Rng

_NAMES = ("harbor", "maple", "orbit", "pixel", "river", "stone", "violet", "willow")
_PEOPLE = ("ada", "ben", "carla", "dmitri", "emma", "farid", "grace", "hugo")


def _date(dice: Rng) -> str:
    return f"{dice.between(2020, 2029)}-{dice.between(1, 12):02}-{dice.between(1, 28):02}"


def _time(dice: Rng) -> str:
    return f"{dice.below(24):02}:{dice.below(60):02}:{dice.below(60):02}Z"


def _duration(dice: Rng) -> str:
    return dice.choose((f"P{dice.between(1, 28)}D", f"PT{dice.between(1, 23)}H", f"P1DT{dice.between(1, 59)}M"))


def _hostname(dice: Rng) -> str:
    return f"{dice.choose(_NAMES)}.example.{dice.choose(('com', 'org', 'net'))}"


def _email(dice: Rng) -> str:
    return f"{dice.choose(_PEOPLE)}.{dice.choose(_NAMES)}@example.{dice.choose(('com', 'org', 'net'))}"


def _uri(dice: Rng) -> str:
    return f"https://{_hostname(dice)}/{dice.choose(_NAMES)}/{dice.between(1, 999)}"


def _path(dice: Rng) -> str:
    return f"/{dice.choose(_NAMES)}/{dice.below(10)}"


def _uuid(dice: Rng) -> str:
    return str(UUID(int=dice.bits() << 64 | dice.bits(), version=4))


def _ipv6(dice: Rng) -> str:
    return "2001:db8::" + ":".join(f"{dice.between(1, 0xFFFF):x}" for _ in range(4))


FORMATS: dict[str, Callable[[Rng], str]] = {
    "date-time": lambda dice: f"{_date(dice)}T{_time(dice)}",
    "date": _date,
    "time": _time,
    "duration": _duration,
    "email": _email,
    "idn-email": _email,
    "hostname": _hostname,
    "idn-hostname": _hostname,
    "ipv4": lambda dice: f"192.0.2.{dice.between(1, 254)}",
    "ipv6": _ipv6,
    "uri": _uri,
    "url": _uri,
    "iri": _uri,
    "uri-reference": _path,
    "iri-reference": _path,
    "uri-template": lambda dice: f"{_uri(dice)}{{?page}}",
    "uuid": _uuid,
    "json-pointer": _path,
    "relative-json-pointer": lambda dice: f"{dice.below(3)}{_path(dice)}",
    "regex": lambda dice: f"^{dice.choose(_NAMES)}[0-9]+$",
}

# guess the content of a property from its name
_BY_NAME: dict[str, Callable[[Rng], str]] = {
    "email": _email,
    "url": _uri,
    "uri": _uri,
    "link": _uri,
    "date": _date,
    "time": lambda dice: _time(dice)[:5],
    "timestamp": FORMATS["date-time"],
    "uuid": _uuid,
    "id": lambda dice: f"{dice.choose(_NAMES)}-{dice.between(100, 999)}",
    "hostname": _hostname,
    "path": _path,
    "name": lambda dice: f"{dice.choose(_PEOPLE)} {dice.choose(_NAMES)}".title(),
    "title": lambda dice: f"{dice.choose(_NAMES)} {dice.choose(_NAMES)}".capitalize(),
    "city": lambda dice: dice.choose(("Berlin", "Lagos", "Lima", "Osaka", "Paris", "Quito", "Toronto")),
    "location": lambda dice: dice.choose(("Berlin, Germany", "Lima, Peru", "Osaka, Japan", "San Francisco, CA")),
    "country": lambda dice: dice.choose(("Germany", "Japan", "Nigeria", "Peru", "Canada")),
    "currency": lambda dice: dice.choose(("EUR", "JPY", "USD")),
    "language": lambda dice: dice.choose(("de", "en", "es", "fr", "ja")),
    "color": lambda dice: dice.choose(("blue", "green", "red", "violet")),
    "phone": lambda dice: f"+1-555-01{dice.below(100):02}",
}


def text_of_name(name: str, dice: Rng) -> str | None:
    """Return a typical value for a property of this name; None if the name gives no hint."""
    made = _BY_NAME.get(name.lower()) or _BY_NAME.get(name.lower().rpartition("_")[2])
    return made(dice) if made else None
