"""Request parsing of the control plane: the session of a call, and its body."""

import asyncio
import re
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from mockbatch.core.contract.errors import InvalidRequest, NotFound
from mockbatch.core.contract.extent import check_values
from mockbatch.core.contract.paging import limit_of
from mockbatch.core.conversion import threadsafe_convert
from mockbatch.core.numbers import natural, shortened
from mockbatch.core.suggestions import did_you_mean
from mockbatch.http.access import check_control, own_key, session_of_id
from mockbatch.http.authentication import session_for_key
from mockbatch.http.bodies import received
from mockbatch.http.calls import Call
from mockbatch.http.operation import Parameter
from mockbatch.service.services import Services
from mockbatch.service.sessions.session import SessionState

T = TypeVar("T", bound=Struct)

LARGEST = 16_000_000
"""The maximum size of a control plane body, in bytes."""
_MOST_VALUES = 100_000
_QUICK = 32 << 10

LIMIT = Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "Entries per page.")
START = Parameter("start", {"type": "integer", "minimum": 0, "default": 0}, "Number of entries to skip.")


async def entered(call: Call) -> tuple[Services, SessionState]:
    """Return the session named by `?session=`, else that of the caller's key; without both, the only session."""
    mock = call.services
    if name := call.query().get("session"):
        return mock, session_of_id(call, name)
    if key := own_key(call):
        return mock, await session_for_key(call, key)
    check_control(call)
    sessions = mock.sessions.all()
    if len(sessions) != 1:
        raise NotFound(
            f"There are {len(sessions)} sessions; name yours with its key in the header x-api-key, or with ?session=ID"
        )
    call.about = sessions[0]
    return mock, call.about


def part_of(call: Call) -> tuple[int, int]:
    """Return `start` and `limit` of the requested part of a list. Raises InvalidRequest."""
    query = call.query()
    start = natural(query.get("start", "0"))
    if start is None:
        raise InvalidRequest("start: Input should be a valid integer")
    return start, limit_of(query.get("limit", "100"))


async def json_of(call: Call, nothing: bytes = b"") -> Any:
    """Return the JSON in the body of a call, or in `nothing` if it is empty.

    Raises InvalidRequest, or RequestTooLarge over LARGEST bytes.
    """
    body = await body_of(call) or nothing
    return json_in(body) if len(body) <= _QUICK else await asyncio.to_thread(json_in, body)


async def body_of(call: Call) -> bytes:
    """Return the body of a call. Raises InvalidRequest, or RequestTooLarge over LARGEST bytes."""
    data = bytearray()
    async for piece in received(call, LARGEST):
        data += piece
    return bytes(data)


def json_in(body: bytes) -> Any:
    """Return the value of a body. Raises InvalidRequest."""
    # a thread would not help: msgspec holds the GIL until it is done
    check_values(body, _MOST_VALUES)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("The request body is not valid JSON") from None


async def content_of(call: Call, kind: type[T]) -> T:
    """Return the body of a call as a struct. Raises InvalidRequest with the reason."""
    return checked(await json_of(call, b"{}"), kind)


def checked(content: Any, kind: type[T]) -> T:
    """Convert a value to a struct. Raises InvalidRequest with the reason and the nearest valid name."""
    if isinstance(content, dict):
        _refuse_unknown(content, kind)
    try:
        return threadsafe_convert(content, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`")
        message = _helped(message, name.rpartition(".")[2], kind)
        raise InvalidRequest(f"{name}: {message}" if name else message) from None


_WRONG_WORD = re.compile(r"Invalid enum value '(.*)'", re.DOTALL).fullmatch
_WRONG_KEY = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL).fullmatch


def _helped(message: str, field: str, kind: type[Struct]) -> str:
    """Return a validation message, with the nearest valid word or key if one is unknown."""
    structs = _structs(kind)
    if wrong := _WRONG_WORD(message):
        words = [word for struct in structs for word in _words(struct, field)]
        message = f"Invalid enum value {shortened(wrong[1])}."
    elif wrong := _WRONG_KEY(message):
        # keys of the outermost struct were checked before
        words = [name for struct in structs[1:] for name in struct.__struct_fields__]
        message = f"{wrong[1][:100]}: unknown key."
    if wrong is None or not words:
        return message
    return f"{message}{did_you_mean(wrong[1][:100], words)} Known: {', '.join(words)}"


def _structs(kind: type[Struct]) -> list[type[Struct]]:
    """Return a struct type, and those nested in it."""
    inner = [part for hint in get_type_hints(kind).values() for part in _parts(hint)]
    return [
        kind,
        *(one for part in inner if isinstance(part, type) and issubclass(part, Struct) for one in _structs(part)),
    ]


def _words(struct: type[Struct], field: str) -> list[str]:
    """Return the words allowed in a field of a struct."""
    parts = _parts(get_type_hints(struct).get(field))
    return [word for part in parts if get_origin(part) is Literal for word in get_args(part)]


def _parts(hint: Any) -> list[Any]:
    """Return a type, or its parts: for `list[A] | B`, A and B. Literals are kept whole."""
    if get_origin(hint) is Literal or not get_args(hint):
        return [hint]
    return [part for argument in get_args(hint) for part in _parts(argument)]


def _refuse_unknown(content: dict[str, Any], kind: type[Struct]) -> None:
    names = kind.__struct_fields__
    for key in content:
        if key not in names:
            near = did_you_mean(key[:100], names)
            raise InvalidRequest(f"{shortened(key)[1:-1]}: unknown key.{near} Known: {', '.join(names)}")
