"""Who calls, and from where: keys, versions and origins, read from the headers."""

import re

from starlette.requests import Request

from mockbatch.core.contract.errors import Authentication, InvalidRequest
from mockbatch.http.calls import belongs_to
from mockbatch.service.sessions import Session, Sessions

VERSIONS = ("2023-01-01", "2023-06-01", "2026-10-21")
_DATE = re.compile(r"\d{4}-\d\d-\d\d").fullmatch


def key_of(request: Request) -> str | None:
    """The API key of a call, in either header; None when there is none."""
    if key := request.headers.get("x-api-key"):
        return key
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def version_of(request: Request) -> str:
    """The API version of a call; one that is newer than all we know counts as the newest.

    Source: https://platform.claude.com/docs/en/api/versioning
    """
    version = request.headers.get("anthropic-version")
    if version is None:
        raise InvalidRequest("anthropic-version: header is required")
    if version not in VERSIONS and (not _DATE(version) or version < VERSIONS[-1]):
        raise InvalidRequest(f"anthropic-version: {version!r} is not a valid version")
    return min(version, VERSIONS[-1])


async def caller(request: Request, sessions: Sessions) -> Session:
    """The session of a call. Raises Authentication without a key, InvalidRequest without a version."""
    key = key_of(request)
    if key is None:
        raise Authentication("x-api-key header is required")
    session = await sessions.of_key(key)
    belongs_to(request.scope, session)
    version_of(request)
    return session


def origin_of(request: Request, public_url: str | None) -> str:
    """Scheme, host and prefix under which the caller reached us, so that what we name can be reached as well."""
    if public_url:
        return public_url
    headers = request.headers
    scheme = _first(headers.get("x-forwarded-proto")) or request.scope["scheme"]
    host = _first(headers.get("x-forwarded-host")) or headers.get("host") or _bound(request)
    prefix = _first(headers.get("x-forwarded-prefix")) or request.scope.get("root_path", "")
    return f"{scheme}://{host}{prefix.rstrip('/')}"


def _first(value: str | None) -> str:
    return value.split(",")[0].strip() if value else ""


def _bound(request: Request) -> str:
    host, port = request.scope["server"]
    return f"{host}:{port}"
