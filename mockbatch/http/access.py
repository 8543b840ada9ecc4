"""Access to the control plane. A key controls its own session; everything beyond needs a caller on this machine, or a
key that the server was configured with.
"""

from ipaddress import IPv6Address, ip_address

from mockbatch.core.contract.errors import ApiError, Authentication, PermissionDenied
from mockbatch.core.keys import is_one_of
from mockbatch.http.authentication import key_of
from mockbatch.http.calls import Call
from mockbatch.http.operation import Caller
from mockbatch.service.sessions.session import SessionState

_CONTROL_KEY, _OWNER = b"x-mockbatch-control-key", b"x-mockbatch-owner"
_PROXIED = frozenset({b"forwarded", b"via", b"x-real-ip"})


def check_access(call: Call, reach: Caller) -> None:
    """Raise Authentication or PermissionDenied if the caller may not use an endpoint with that reach."""
    if reach == "all":
        check_control(call)
    elif reach == "own" and not may_control(call):
        if (key := key_of(call)) is None:
            raise _refusal(call)
        call.services.sessions.admit(key)


def check_control(call: Call) -> None:
    """Raise Authentication or PermissionDenied if the caller may not reach beyond its own session."""
    if not may_control(call):
        raise _refusal(call)


def may_control(call: Call) -> bool:
    """Return whether the caller may reach beyond its own session."""
    config = call.services.config
    given = [key for key in (call.header(_CONTROL_KEY), key_of(call)) if key]
    known = (*config.control_key, *config.api_key)
    if is_owner(call) or (known and any(is_one_of(key, known) for key in given)):
        return True
    return not config.api_key and is_local(call)


def is_owner(call: Call) -> bool:
    """Return whether the caller is the process that started the server, which may name files and functions."""
    token, owner = call.header(_OWNER), call.services.config.owner
    return bool(token and owner) and is_one_of(token or "", (owner,))


def own_key(call: Call) -> str | None:
    """Return the API key of a call; None if the key it sent is a control key."""
    key, config = key_of(call), call.services.config
    if key is None or not config.control_key or is_one_of(key, config.api_key):
        return key
    return None if is_one_of(key, config.control_key) else key


def session_of_id(call: Call, name: str) -> SessionState:
    """Return the session with that id, if the caller may see it.

    Raises NotFound, or an error that does not reveal whether the session exists to callers without access.
    """
    sessions, key = call.services.sessions, key_of(call)
    if may_control(call):
        call.about = sessions.identified(name)
        return call.about
    own = [session for session in sessions.all() if session.name == name and key and sessions.belongs_to(session, key)]
    if not own:
        raise _refusal(call)
    call.about = own[0]
    return call.about


def is_local(call: Call) -> bool:
    """Return whether the peer is on this machine: judged by its socket address, and never through a proxy."""
    if any(name in _PROXIED or name.startswith(b"x-forwarded-") for name in call.headers):
        return False
    peer = call.scope.get("client")
    if peer is None:
        # a Unix socket, or no socket at all; the peer of a closed TCP connection is unknown too
        server = call.scope.get("server")
        return server is None or server[1] is None
    return _is_loopback(peer[0])


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback


def _refusal(call: Call) -> ApiError:
    config = call.services.config
    if config.api_key:
        hint = "send one of the keys of --api-key in x-api-key, or one of --control-key in x-mockbatch-control-key"
    elif config.control_key:
        hint = "send one of the keys of --control-key in x-mockbatch-control-key"
    else:
        hint = "start the server with --control-key KEY, and send that key in x-mockbatch-control-key"
    if not (key_of(call) or call.header(_CONTROL_KEY)):
        return Authentication(
            f"This call needs a key: send the key of your session in x-api-key; to reach beyond it, {hint}"
        )
    return PermissionDenied(f"Your key controls only its own session; to reach beyond it, {hint}")
