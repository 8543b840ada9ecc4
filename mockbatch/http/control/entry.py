"""Who calls the control plane, about which session, with what. Looking changes nothing."""

import asyncio
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from mockbatch.core.contract.errors import InvalidRequest, NotFound
from mockbatch.core.contract.extent import check_values
from mockbatch.core.contract.paging import limit_of
from mockbatch.core.names import did_you_mean
from mockbatch.core.numbers import natural, shortened
from mockbatch.core.typed import convert
from mockbatch.http.access import check_control, own_key, session_of_id
from mockbatch.http.bodies import received
from mockbatch.http.caller import named_session
from mockbatch.http.calls import Call
from mockbatch.http.described import Parameter
from mockbatch.service import Mock
from mockbatch.service.sessions import Session

T = TypeVar("T", bound=Struct)

LARGEST = 16_000_000
"""How large a body of the control plane may be, in bytes."""
_MOST_VALUES = 100_000
_QUICK = 32 << 10

LIMIT = Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "Entries in a page.")
START = Parameter("start", {"type": "integer", "minimum": 0, "default": 0}, "How many entries to leave out.")


async def entered(call: Call) -> tuple[Mock, Session]:
    """The session that `?session=` names, else that of the caller's key; without either, the only one there is."""
    mock = call.mock
    if name := call.query().get("session"):
        return mock, session_of_id(call, name)
    if key := own_key(call):
        return mock, await named_session(call, key)
    check_control(call)
    sessions = mock.sessions.all()
    if len(sessions) != 1:
        raise NotFound(
            f"There are {len(sessions)} sessions; name yours with its key in the header x-api-key, or with ?session=ID"
        )
    call.about = sessions[0]
    return mock, call.about


def part_of(call: Call) -> tuple[int, int]:
    """Which part of a list is asked for by `start` and `limit`. Raises InvalidRequest."""
    query = call.query()
    start = natural(query.get("start", "0"))
    if start is None:
        raise InvalidRequest("start: Input should be a valid integer")
    return start, limit_of(query.get("limit", "100"))


async def json_of(call: Call, nothing: bytes = b"") -> Any:
    """The JSON in the body of a call, or in `nothing` where it is empty. Raises InvalidRequest, or RequestTooLarge over
    LARGEST bytes.
    """
    data = bytearray()
    async for piece in received(call, LARGEST):
        data += piece
    body = bytes(data) or nothing
    return _decoded(body) if len(body) <= _QUICK else await asyncio.to_thread(_decoded, body)


def _decoded(body: bytes) -> Any:
    # not even a thread reads it beside others: msgspec holds the interpreter until it is done
    check_values(body, _MOST_VALUES)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("The request body is not valid JSON") from None


async def content_of(call: Call, kind: type[T]) -> T:
    """The body of a call, as one of these. Raises InvalidRequest, which names what is wrong."""
    content = await json_of(call, b"{}")
    if isinstance(content, dict):
        _refuse_unknown(content, kind)
    try:
        return convert(content, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`")
        raise InvalidRequest(f"{name}: {message}" if name else message) from None


def _refuse_unknown(content: dict[str, Any], kind: type[Struct]) -> None:
    names = kind.__struct_fields__
    for key in content:
        if key not in names:
            near = did_you_mean(key[:100], names)
            raise InvalidRequest(f"{shortened(key)[1:-1]}: unknown key.{near} Known: {', '.join(names)}")
