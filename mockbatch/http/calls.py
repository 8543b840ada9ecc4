"""What every call has: an id, the headers that go with it, and an answer even when the server itself is at fault."""

import logging
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockbatch.core.contract import ids, wire
from mockbatch.core.draws import subseed
from mockbatch.service.sessions import Session

_REQUEST_ID, _SESSION, _ANONYMOUS = "mockbatch.request_id", "mockbatch.session", "mockbatch.anonymous"
_log = logging.getLogger(__name__)


def request_id_of(scope: Scope | dict[str, Any]) -> str:
    """The id of the call, given out when it is first asked for."""
    known: str | None = scope.get(_REQUEST_ID)
    if known is None:
        session: Session | None = scope.get(_SESSION)
        known = scope[_REQUEST_ID] = session.next_request_id() if session else scope[_ANONYMOUS]()
    return known


def belongs_to(scope: Scope | dict[str, Any], session: Session) -> None:
    """Note whose call it is: its id and headers are then the session's."""
    scope[_SESSION] = session


class Calls:
    """Middleware: gives each answer its headers, and turns an accident of ours into the API's 500."""

    def __init__(self, app: ASGIApp, seed: int) -> None:
        self._app = app
        self._organization = ids.organization_id(seed).encode()
        self._seed = subseed(seed, "request", "anonymous")
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "//" in scope["path"]:
            scope["path"] = _single_slashes(scope["path"])
        scope[_ANONYMOUS] = self._anonymous
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *self._headers(scope)]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                raise
            await _fail(scope, sending)

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"request-id", request_id_of(scope).encode()),
            (b"anthropic-organization-id", self._organization),
        ]
        if session := scope.get(_SESSION):
            headers.append((b"anthropic-workspace-id", session.workspace_id.encode()))
        return headers

    def _anonymous(self) -> str:
        self._count += 1
        return ids.request_id(self._seed, str(self._count))


def _single_slashes(path: str) -> str:
    while "//" in path:
        path = path.replace("//", "/")
    return path


async def _fail(scope: Scope, send: Callable[[Message], Any]) -> None:
    detail = wire.ErrorDetail(type="api_error", message="Internal server error")
    body = msgspec.json.encode(wire.ErrorResponse(error=detail, request_id=request_id_of(scope)))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
