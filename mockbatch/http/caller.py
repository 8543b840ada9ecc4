"""Who calls, and from where: keys, versions and origins, read from the headers."""

import re

from mockbatch.core.contract.errors import Authentication, InvalidRequest
from mockbatch.http.calls import Call
from mockbatch.service.sessions import Session

VERSIONS = ("2023-01-01", "2023-06-01", "2026-10-21")
_FORWARDED = frozenset({b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-prefix"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d").fullmatch


def key_of(call: Call) -> str | None:
    """The API key of a call, in either header; None when there is none."""
    if key := call.header(b"x-api-key"):
        return key
    scheme, _, token = (call.header(b"authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def version_of(call: Call) -> str:
    """The API version of a call; one that is later than all we know counts as the last.

    Source: https://platform.claude.com/docs/en/api/versioning
    """
    version = call.header(b"anthropic-version")
    if version is None:
        raise InvalidRequest("anthropic-version: header is required")
    if version not in VERSIONS and (not _DATE(version) or version < VERSIONS[-1]):
        raise InvalidRequest(f"anthropic-version: {version!r} is not a valid version")
    return min(version, VERSIONS[-1])


async def caller(call: Call) -> Session:
    """The session of a call. Raises Authentication without a key, InvalidRequest without a version."""
    key = key_of(call)
    if key is None:
        raise Authentication("x-api-key header is required")
    sessions = call.mock.sessions
    call.session = session = sessions.known(key) or await sessions.of_key(key)
    version_of(call)
    return session


def origin_of(call: Call) -> str:
    """Scheme, host and prefix under which the caller reached us, so that what we name can be reached as well."""
    if call.mock.public_url:
        return call.mock.public_url
    headers, scope = call.headers, call.scope
    if b"host" in headers and _FORWARDED.isdisjoint(headers) and not scope.get("root_path"):
        return f"{scope['scheme']}://{headers[b'host'].decode('latin-1')}"
    host = headers.get(b"x-forwarded-host") or headers.get(b"host") or b"%b:%d" % _bound(call)
    scheme = headers.get(b"x-forwarded-proto") or scope["scheme"].encode()
    prefix = headers.get(b"x-forwarded-prefix") or scope.get("root_path", "").encode()
    return f"{_first(scheme)}://{_first(host)}{_first(prefix).rstrip('/')}"


def _first(value: bytes) -> str:
    return value.partition(b",")[0].decode("latin-1").strip()


def _bound(call: Call) -> tuple[bytes, int]:
    host, port = call.scope["server"]
    return host.encode(), port
