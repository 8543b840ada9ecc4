"""`/_mockbatch/batches`: actions on batches: create one without a key, resubmit rows, change one batch or many."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from msgspec import Struct
from starlette.routing import Route

from mockbatch.core.batch import Batch, ended_by_hand, expired_by_hand, shelved, stuck
from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import ApiError, InvalidRequest
from mockbatch.core.contract.params import Terms
from mockbatch.http.authentication import VERSIONS
from mockbatch.http.base_url import base_url
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.batches import BatchTruth, batch, batches, truth_of
from mockbatch.http.control.entry import content_of, entered
from mockbatch.http.jsonl import body_of
from mockbatch.http.operation import operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.services import Services
from mockbatch.service.sessions.session import SessionState

Action = Literal["cancel", "end", "expire", "stick", "archive", "delete"]
_EVERY = 1_000_000


class Many(Struct, frozen=True, forbid_unknown_fields=True):
    """An action on many batches: those with these `ids`, or all that match the search `q`, which may be empty."""

    action: Action
    ids: list[str] | None = None
    q: str | None = None


class RefusedBatch(Struct, frozen=True):
    """A batch that refused the action, and the reason."""

    id: str
    message: str


class Acted(Struct, frozen=True):
    """The batches on which the action succeeded, and those on which it did not."""

    done: list[str]
    refused: list[RefusedBatch]


class RowSelection(Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of a batch: those with these custom_ids, or all that match a search."""

    custom_ids: list[str] | None = None
    q: str | None = None


class Failed(Struct, frozen=True):
    """The number of rows that will fail now and would not have before."""

    failed: int


@operation(wire.MessageBatch, takes=wire.BatchCreate, caller="own")
async def create(call: Call) -> Response:
    """Create a batch in a session whose key need not be known. The requests may be sent as JSON lines too."""
    mock, session = await entered(call)
    async with body_of(call, session.settings.limits.max_bytes) as body:
        created = await mock.batches.create(session, body, _terms(mock, session), base_url(call), call.headers)
    return JsonResponse(created)


@operation(wire.MessageBatch, takes=RowSelection, caller="own")
async def again(call: Call) -> Response:
    """Resubmit requests of a batch as a new batch."""
    mock, session = await entered(call)
    found = session.get(call.path_value("id"))
    custom_ids = await _custom_ids(call, mock, session, found)
    return JsonResponse(await mock.batch_actions.resubmit(session, found, custom_ids, _terms(mock, session)))


@operation(Failed, takes=RowSelection, caller="own")
async def fail(call: Call) -> Response:
    """Make rows of a running batch fail with an internal error when they finish."""
    mock, session = await entered(call)
    found = session.get(call.path_value("id"))
    custom_ids = await _custom_ids(call, mock, session, found)
    return JsonResponse(Failed(await mock.batch_actions.fail_rows(session, found, custom_ids)))


@operation(Acted, takes=Many, caller="own")
async def many(call: Call) -> Response:
    """Act on many batches; a batch that refuses is reported and does not affect the others."""
    mock, session = await entered(call)
    wanted = await content_of(call, Many)
    if (wanted.ids is None) == (wanted.q is None):
        raise InvalidRequest("give one of ids, q")
    ids = wanted.ids
    if ids is None:
        ids = [one.id for one in await mock.queries.found(session, wanted.q or "")]
    done, refused = [], []
    for name in ids:
        try:
            await _ACTIONS[wanted.action](mock, session, name)
            done.append(name)
        except ApiError as error:
            refused.append(RefusedBatch(name, error.message))
    return JsonResponse(Acted(done, refused))


@operation(BatchTruth, caller="own")
async def delete(call: Call) -> Response:
    """Delete a batch as if it had never existed, running or not; returns its last state."""
    mock, session = await entered(call)
    found = session.get(call.path_value("id"))
    last = await truth_of(mock, session, found)
    await _delete(mock, session, found.id)
    return JsonResponse(last)


async def _delete(mock: Services, session: SessionState, name: str) -> None:
    await mock.registry.remove(session, session.get(name))
    session.events.publish(session.now(), "batch.deleted", batch=name)


async def _cancel(mock: Services, session: SessionState, name: str) -> None:
    await mock.batches.cancel(session, name, "")


def _changing(how: Callable[[Batch, int], Batch]) -> Callable[[Services, SessionState, str], Awaitable[Any]]:
    return lambda mock, session, name: mock.registry.change(session, name, how)


_ACTIONS: dict[Action, Callable[[Services, SessionState, str], Awaitable[Any]]] = {
    "cancel": _cancel,
    "end": _changing(ended_by_hand),
    "expire": _changing(expired_by_hand),
    "stick": _changing(stuck),
    "archive": _changing(shelved),
    "delete": _delete,
}


def _acting(action: Action, summary: str) -> Any:
    @operation(BatchTruth, caller="own")
    async def act(call: Call) -> Response:
        mock, session = await entered(call)
        name = call.path_value("id")
        await _ACTIONS[action](mock, session, name)
        return JsonResponse(await truth_of(mock, session, session.get(name)))

    act.__doc__ = summary
    act.__name__ = action
    return act


async def _custom_ids(call: Call, mock: Services, session: SessionState, found: Batch) -> list[str]:
    """Return the rows that the body selects. Raises InvalidRequest."""
    wanted = await content_of(call, RowSelection)
    if (wanted.custom_ids is None) == (wanted.q is None):
        raise InvalidRequest("give one of custom_ids, q")
    if wanted.custom_ids is not None:
        return wanted.custom_ids
    rows = await mock.queries.rows(session, found, wanted.q or "", 0, _EVERY)
    return [planned.row.custom_id for planned in rows]


def _terms(mock: Services, session: SessionState) -> Terms:
    return mock.terms(session, VERSIONS[-1], ())


_ONE = "/_mockbatch/batches/{id}"
routes = [
    Route("/_mockbatch/batches", Endpoint(GET=batches, POST=create)),
    Route("/_mockbatch/batches/actions", Endpoint(POST=many)),
    Route(_ONE, Endpoint(GET=batch, DELETE=delete)),
    Route(f"{_ONE}/cancel", Endpoint(POST=_acting("cancel", "Cancel a batch, as a client would."))),
    Route(f"{_ONE}/end", Endpoint(POST=_acting("end", "Complete all requests of a batch now."))),
    Route(f"{_ONE}/expire", Endpoint(POST=_acting("expire", "Expire a batch now."))),
    Route(f"{_ONE}/stick", Endpoint(POST=_acting("stick", "Stall a batch: no further request finishes."))),
    Route(f"{_ONE}/archive", Endpoint(POST=_acting("archive", "Archive the results of a batch now."))),
    Route(f"{_ONE}/again", Endpoint(POST=again)),
    Route(f"{_ONE}/fail", Endpoint(POST=fail)),
]
