"""`/_mockbatch/sessions`, `reset` and `snapshots`: isolated state, one session for each test."""

from typing import Any, Literal

from msgspec import Struct
from starlette.routing import Route

from mockbatch.core.cassette.display import shown_value
from mockbatch.core.contract.errors import NotFound
from mockbatch.core.keys import is_one_of
from mockbatch.core.time.spans import format_instant
from mockbatch.http.access import check_control, is_owner, may_control, own_key, session_of_id
from mockbatch.http.authentication import key_of
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import content_of, entered
from mockbatch.http.operation import operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.admin.session_admin import Scope
from mockbatch.service.admin.summary import Summary
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import Snapshot


class Open(Struct, frozen=True, forbid_unknown_fields=True):
    """A session to open: its label, its own options, and its key, which is generated if missing."""

    label: str = ""
    options: dict[str, Any] = {}
    api_key: str | None = None


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """Options of a session to change, effective from now on."""

    options: dict[str, Any]


class SessionView(Struct, frozen=True, omit_defaults=True):
    """A session. The key is only returned to the caller that opens it; all others see its end, as `key_end`."""

    id: str
    label: str
    workspace: str
    now: str
    batches: int
    options: dict[str, Any]
    key_end: str = ""
    api_key: str | None = None


class SessionList(Struct, frozen=True):
    """All sessions."""

    sessions: list[SessionView]


class ResetRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The part of a session to reset."""

    scope: Scope


class SnapshotView(Struct, frozen=True):
    """A snapshot: its id, and the virtual time to which it returns."""

    id: str
    session: str
    taken_at: str
    batches: int


class SnapshotList(Struct, frozen=True):
    """The snapshots of a session, oldest first."""

    snapshots: list[SnapshotView]


class PutBack(Struct, frozen=True):
    """The number of batches restored."""

    batches: int


class Done(Struct, frozen=True):
    """Confirmation of an action."""

    status: Literal["done"] = "done"


@operation(SessionView, takes=Open, caller="own")
async def open_session(call: Call) -> Response:
    """Open an isolated session. Callers that may not reach beyond their session must send its key."""
    wanted = await content_of(call, Open)
    api_key = wanted.api_key
    if not may_control(call):
        key = key_of(call) or ""
        if api_key is not None and not is_one_of(api_key, (key,)):
            check_control(call)
        api_key = key
    opened = await call.services.session_admin.open(wanted.label, wanted.options, api_key, owner=is_owner(call))
    call.about = opened.session
    return JsonResponse(_view(opened.session, opened.api_key))


@operation(SessionList, caller="all")
async def sessions(call: Call) -> Response:
    """List all sessions."""
    return JsonResponse(SessionList([_view(session) for session in call.services.sessions.all()]))


@operation(SessionView, caller="own")
async def own(call: Call) -> Response:
    """Retrieve the session of the caller's key, if it has one; without a key, the only session."""
    key, sessions = own_key(call), call.services.sessions
    if key and "session" not in call.query() and not any(sessions.belongs_to(one, key) for one in sessions.all()):
        sessions.admit(key)
        raise NotFound("This key has no session yet; its first call opens one.")
    _, found = await entered(call)
    return JsonResponse(_view(found))


@operation(SessionView, caller="own")
async def session(call: Call) -> Response:
    """Retrieve a session."""
    return JsonResponse(_view(session_of_id(call, call.path_value("id"))))


@operation(SessionView, takes=Change, caller="own")
async def configure(call: Call) -> Response:
    """Change options of a session."""
    found = session_of_id(call, call.path_value("id"))
    options = (await content_of(call, Change)).options
    await call.services.session_admin.configure(found, options, owner=is_owner(call))
    found.events.publish(found.now(), "options")
    return JsonResponse(_view(found))


@operation(Summary, caller="own")
async def delete(call: Call) -> Response:
    """Delete a session with everything in it; returns its summary."""
    found = session_of_id(call, call.path_value("id"))
    return JsonResponse(await call.services.session_admin.delete(found))


@operation(Done, takes=ResetRequest, caller="own")
async def reset(call: Call) -> Response:
    """Reset a session."""
    mock, found = await entered(call)
    scope = (await content_of(call, ResetRequest)).scope
    await mock.session_admin.reset(found, scope)
    found.events.publish(found.now(), "reset", scope=scope)
    return JsonResponse(Done())


@operation(SnapshotList, caller="own")
async def snapshots(call: Call) -> Response:
    """List the snapshots of a session."""
    mock, found = await entered(call)
    return JsonResponse(SnapshotList([_snapshot(snapshot) for snapshot in mock.session_admin.snapshots(found)]))


@operation(SnapshotView, caller="own")
async def take(call: Call) -> Response:
    """Take a snapshot of a session."""
    mock, found = await entered(call)
    return JsonResponse(_snapshot(await mock.session_admin.take_snapshot(found)))


@operation(SnapshotView, caller="own")
async def restore(call: Call) -> Response:
    """Restore a snapshot."""
    mock, found = await entered(call)
    restored = _snapshot(await mock.session_admin.restore_to(found, call.path_value("id")))
    found.events.publish(found.now(), "reset", scope="snapshot")
    return JsonResponse(restored)


@operation(PutBack, caller="own")
async def put_back(call: Call) -> Response:
    """Restore the batches of a snapshot that are gone, and leave everything else unchanged."""
    mock, found = await entered(call)
    return JsonResponse(PutBack(await mock.session_admin.restore_missing(found, call.path_value("id"))))


@operation(Done, caller="own")
async def drop(call: Call) -> Response:
    """Delete a snapshot."""
    mock, found = await entered(call)
    await mock.session_admin.delete_snapshot(found, call.path_value("id"))
    return JsonResponse(Done())


def _view(session: SessionState, api_key: str | None = None) -> SessionView:
    now = format_instant(session.now())
    return SessionView(
        session.name,
        session.label,
        session.workspace,
        now,
        len(session.batches),
        shown_value(session.options),
        session.key_end,
        api_key,
    )


def _snapshot(snapshot: Snapshot) -> SnapshotView:
    return SnapshotView(snapshot.id, snapshot.session, format_instant(snapshot.taken_at), len(snapshot))


routes = [
    Route("/_mockbatch/session", Endpoint(GET=own)),
    Route("/_mockbatch/sessions", Endpoint(GET=sessions, POST=open_session)),
    Route("/_mockbatch/sessions/{id}", Endpoint(GET=session, PATCH=configure, DELETE=delete)),
    Route("/_mockbatch/reset", Endpoint(POST=reset)),
    Route("/_mockbatch/snapshots", Endpoint(GET=snapshots, POST=take)),
    Route("/_mockbatch/snapshots/{id}", Endpoint(DELETE=drop)),
    Route("/_mockbatch/snapshots/{id}/restore", Endpoint(POST=restore)),
    Route("/_mockbatch/snapshots/{id}/put_back", Endpoint(POST=put_back)),
]
