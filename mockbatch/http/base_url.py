"""The address at which a client reached us."""

from mockbatch.http.calls import Call

_FORWARDED = frozenset({b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-prefix"})


def base_url(call: Call) -> str:
    """Return scheme, host and prefix as seen by the client, so that URLs we return are reachable."""
    if call.services.public_url:
        return call.services.public_url
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
