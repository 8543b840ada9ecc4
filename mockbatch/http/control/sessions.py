"""`/_mockbatch/sessions`, `reset` and `snapshots`: isolated state, one session for each test."""

from typing import Any, Literal

from msgspec import Struct
from starlette.routing import Route

from mockbatch.core.cassette.showing import shown_value
from mockbatch.core.contract.errors import NotFound
from mockbatch.core.keys import is_one_of
from mockbatch.core.time.spans import format_instant
from mockbatch.http.access import check_control, is_owner, may_control, own_key, session_of_id
from mockbatch.http.answers import Answer, Json
from mockbatch.http.caller import key_of
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import content_of, entered
from mockbatch.http.described import described
from mockbatch.service.sessions import Session
from mockbatch.service.summary import Summary
from mockbatch.service.upkeep import Scope
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


class Reset(Struct, frozen=True, forbid_unknown_fields=True):
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


@described(SessionView, takes=Open, caller="own")
async def open_session(call: Call) -> Answer:
    """Open an isolated session. Callers that may not reach beyond their session must send its key."""
    wanted = await content_of(call, Open)
    api_key = wanted.api_key
    if not may_control(call):
        key = key_of(call) or ""
        if api_key is not None and not is_one_of(api_key, (key,)):
            check_control(call)
        api_key = key
    opened = await call.mock.upkeep.open(wanted.label, wanted.options, api_key, owner=is_owner(call))
    call.about = opened.session
    return Json(_view(opened.session, opened.api_key))


@described(SessionList, caller="all")
async def sessions(call: Call) -> Answer:
    """List all sessions."""
    return Json(SessionList([_view(session) for session in call.mock.sessions.all()]))


@described(SessionView, caller="own")
async def own(call: Call) -> Answer:
    """Retrieve the session of the caller's key, if it has one; without a key, the only session."""
    key, sessions = own_key(call), call.mock.sessions
    if key and "session" not in call.query() and not any(sessions.belongs_to(one, key) for one in sessions.all()):
        sessions.admit(key)
        raise NotFound("This key has no session yet; its first call opens one.")
    _, found = await entered(call)
    return Json(_view(found))


@described(SessionView, caller="own")
async def session(call: Call) -> Answer:
    """Retrieve a session."""
    return Json(_view(session_of_id(call, call.path_value("id"))))


@described(SessionView, takes=Change, caller="own")
async def configure(call: Call) -> Answer:
    """Change options of a session."""
    found = session_of_id(call, call.path_value("id"))
    options = (await content_of(call, Change)).options
    await call.mock.upkeep.configure(found, options, owner=is_owner(call))
    found.bulletin.tell(found.now(), "options")
    return Json(_view(found))


@described(Summary, caller="own")
async def delete(call: Call) -> Answer:
    """Delete a session with everything in it; returns its summary."""
    found = session_of_id(call, call.path_value("id"))
    return Json(await call.mock.upkeep.delete(found))


@described(Done, takes=Reset, caller="own")
async def reset(call: Call) -> Answer:
    """Reset a session."""
    mock, found = await entered(call)
    scope = (await content_of(call, Reset)).scope
    await mock.upkeep.reset(found, scope)
    found.bulletin.tell(found.now(), "reset", scope=scope)
    return Json(Done())


@described(SnapshotList, caller="own")
async def snapshots(call: Call) -> Answer:
    """List the snapshots of a session."""
    mock, found = await entered(call)
    return Json(SnapshotList([_snapshot(snapshot) for snapshot in mock.upkeep.taken(found)]))


@described(SnapshotView, caller="own")
async def take(call: Call) -> Answer:
    """Take a snapshot of a session."""
    mock, found = await entered(call)
    return Json(_snapshot(await mock.upkeep.take(found)))


@described(SnapshotView, caller="own")
async def restore(call: Call) -> Answer:
    """Restore a snapshot."""
    mock, found = await entered(call)
    restored = _snapshot(await mock.upkeep.restore_to(found, call.path_value("id")))
    found.bulletin.tell(found.now(), "reset", scope="snapshot")
    return Json(restored)


@described(PutBack, caller="own")
async def put_back(call: Call) -> Answer:
    """Restore the batches of a snapshot that are gone, and leave everything else unchanged."""
    mock, found = await entered(call)
    return Json(PutBack(await mock.upkeep.put_back(found, call.path_value("id"))))


@described(Done, caller="own")
async def drop(call: Call) -> Answer:
    """Delete a snapshot."""
    mock, found = await entered(call)
    await mock.upkeep.drop(found, call.path_value("id"))
    return Json(Done())


def _view(session: Session, api_key: str | None = None) -> SessionView:
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
    return SnapshotView(snapshot.id, snapshot.session, format_instant(snapshot.taken_at), len(snapshot.batches))


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
