"""The caller of a request: keys, versions and betas, read from the headers."""

from mockbatch.core.contract.betas import betas_of
from mockbatch.core.contract.errors import Authentication, InvalidRequest
from mockbatch.core.contract.params import Terms
from mockbatch.core.rules.fault import Scope
from mockbatch.http.calls import Call
from mockbatch.http.effects import apply_rules
from mockbatch.service.sessions.session import SessionState

VERSIONS = ("2023-01-01", "2023-06-01", "2026-10-21")
_ADMIN = "sk-ant-admin"


def key_of(call: Call) -> str | None:
    """Return the API key of a call, from either header; None if there is none."""
    if key := call.header(b"x-api-key"):
        return key
    scheme, _, token = (call.header(b"authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def version_of(call: Call) -> str:
    """Return the API version of a call. Raise InvalidRequest if it is missing or unknown.

    Source: https://platform.claude.com/docs/en/api/versioning
    """
    values = call.header_values(b"anthropic-version")
    if not values:
        raise InvalidRequest("anthropic-version: header is required")
    version = ", ".join(values)
    if version not in VERSIONS:
        raise InvalidRequest(f'anthropic-version: "{version}" is not a valid version')
    return version


def asked_betas(call: Call) -> tuple[str, ...]:
    """Return the betas that a call requests. Raises InvalidRequest for an unknown one, or a header without any.

    Source: https://platform.claude.com/docs/en/api/beta-headers
    """
    values = call.header_values(b"anthropic-beta")
    if values and not any(value.strip(", \t") for value in values):
        raise InvalidRequest(
            "Unexpected value(s) `` for the `anthropic-beta` header. Please consult our documentation at "
            "platform.claude.com/docs or try again without the header."
        )
    return betas_of(values)


def terms_of(call: Call, session: SessionState) -> Terms:
    """Return the terms of a call. Raises InvalidRequest for an unknown version or beta."""
    profile = call.header(b"anthropic-user-profile-id") or ""
    return call.services.terms(session, version_of(call), asked_betas(call), profile)


async def authenticate(call: Call, scope: Scope = "http") -> SessionState:
    """Authenticate a call, apply the rules of `scope`, and return the session."""
    session = await authenticate_without_rules(call)
    if session.rules.armed:
        await apply_rules(call, session, scope)
    return session


async def authenticate_without_rules(call: Call) -> SessionState:
    """Authenticate a call without applying rules, and return the session.

    Raises Authentication for a missing or bad key, InvalidRequest for a missing version or an unknown beta.
    """
    key = _required_key(call)
    if key.startswith(_ADMIN):
        raise Authentication("API key is invalid.")
    session = await session_for_key(call, key)
    version_of(call)
    asked_betas(call)
    return session


async def session_for_key(call: Call, key: str) -> SessionState:
    """Return the session of a key, in the workspace that the call names."""
    call.session = await call.services.sessions.of_key(key, call.header(b"anthropic-workspace-id"))
    return call.session


def administrator(call: Call) -> str:
    """Return the admin key of a call. Raises Authentication for any other key, and InvalidRequest without a version.

    Source: https://platform.claude.com/docs/en/manage-claude/admin-api
    """
    key = _required_key(call)
    call.services.sessions.admit(key)
    if not key.startswith(_ADMIN):
        raise Authentication("API key is invalid.")
    version_of(call)
    asked_betas(call)
    return key


def _required_key(call: Call) -> str:
    key = key_of(call)
    if key is None:
        raise Authentication("x-api-key header is required")
    return key
