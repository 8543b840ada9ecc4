"""A call, handled close to the bytes: polling is by far the most frequent operation.

An Endpoint is an ASGI application with one handler per method of a path. It adds the common headers to every response,
and turns errors into responses.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import lru_cache, partial
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from mockbatch.core.contract.errors import ApiError, Internal, MethodNotAllowed, NotFound
from mockbatch.core.rules.rules import Rule
from mockbatch.core.time.spans import SECOND, format_instant
from mockbatch.http.compression import Coded, Coding, Gzip, accepts_gzip
from mockbatch.http.connection import end, written
from mockbatch.http.errors import refused
from mockbatch.http.operation import op_of
from mockbatch.http.responses import Edit, Headers, JsonResponse, RecordingSend, Response, ResultsSend
from mockbatch.service.services import Services
from mockbatch.service.sessions.journal import BODY, OF_A_BATCH, PATH, JournalEntry, trimmed
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import Missing, StoreError

_log = logging.getLogger(__name__)

# paths outside the API are not behind its edge
_API = "/v1/"


class Disconnected(Exception):
    """The client disconnected before the whole body had arrived."""


class RespondWith(Exception):
    """A rule answers the call with this response, instead of its handler."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


class Call:
    """One HTTP request.

    `session` is the session of the caller, once known; `about` the session that the call concerns, if it is another.
    `told` are extra headers of the response, `sent` is the beginning of the request body, once read.

    `struck_by` are the names of the rules that match the call, `altering` their changes to the response, `edits` their
    changes to its headers, and `decided_by` is the rule that decides the reply to a message. `coding` is the encoding
    that a rule demands; `plain` is set if a rule needs the bytes uncompressed. `unmet` names the schema for which the
    reply is only the nearest value. `made` is the id of the batch that the call created, `received` the size of the
    body so far, `began` the time of arrival in nanoseconds.
    """

    __slots__ = (
        "_receive",
        "_request_id",
        "about",
        "began",
        "body_prefix",
        "coding",
        "decided_by",
        "edits",
        "extra_headers",
        "headers",
        "made",
        "matched_rules",
        "method",
        "plain",
        "received",
        "response_filters",
        "scope",
        "services",
        "session",
        "unmet",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.services: Services = scope["state"]["mock"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.session: SessionState | None = None
        self.about: SessionState | None = None
        self.extra_headers: Headers = []
        self.body_prefix = b""
        self.matched_rules: list[str] = []
        self.response_filters: list[Alter] = []
        self.edits: list[Edit] = []
        self.coding: Coding | None = None
        self.plain = False
        self.decided_by: Rule | None = None
        self.unmet: str | None = None
        self.made: str | None = None
        self.received = 0
        self.began = time.perf_counter_ns()
        self._receive = receive
        self._request_id: str | None = None

    @property
    def request_id(self) -> str:
        """The id of the call, assigned on first access."""
        if self._request_id is None:
            source = self.session or self.services
            self._request_id = source.next_request_id()
        return self._request_id

    def own_headers(self) -> Headers:
        """Return the headers common to all responses."""
        owner = self.session or self.services
        headers = [
            (b"request-id", self.request_id.encode()),
            (b"x-mockbatch-now", _written((self.about or owner).now())),
            *owner.headers,
            *self.extra_headers,
        ]
        if self.matched_rules:
            headers.append((b"x-mockbatch-fault", ", ".join(self.matched_rules).encode("ascii", "replace")))
        return headers

    def note_unmet(self, unmet: str) -> None:
        """Record for the journal the schema that the reply does not fully satisfy."""
        self.unmet = unmet

    def header(self, name: bytes) -> str | None:
        """Return a header by its lowercase name; the last one if it is repeated."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def header_values(self, name: bytes) -> list[str]:
        """Return all values of a header that may be repeated."""
        if name not in self.headers:
            return []
        return [value.decode("latin-1") for key, value in self.scope["headers"] if key == name]

    def zips(self, answer: Response) -> int | None:
        """Return the minimum size for compressing the response; None if it is not compressed."""
        least = self.session.settings.gzip_from if self.session else self.services.config.gzip_from
        if least is None or (type(answer) is JsonResponse and len(answer.body) < least):
            return None
        if self.plain or self.method == "HEAD" or not self.scope["path"].startswith(_API):
            return None
        return least if accepts_gzip(self.headers.get(b"accept-encoding")) else None

    def path_value(self, name: str) -> str:
        value: str = self.scope["path_params"][name]
        return value

    def query(self) -> dict[str, str]:
        return dict(self._pairs())

    def query_list(self, name: str) -> list[str]:
        """Return all values of a parameter that may be repeated, with or without `[]` after its name."""
        return [value for key, value in self._pairs() if key in (name, f"{name}[]")]

    def _pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives. Raises Disconnected if it ends early."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            piece = message.get("body", b"")
            self.body_prefix = self.body_prefix or piece[:BODY]
            self.received += len(piece)
            yield piece
            more = message.get("more_body", False)

    async def body(self) -> bytes:
        return b"".join([piece async for piece in self.stream()])


def _written(now: int) -> bytes:
    """Format an instant like `format_instant`. Every response needs one, so the seconds are cached."""
    seconds, microseconds = divmod(now, SECOND)
    return _second(seconds) % microseconds


@lru_cache(maxsize=256)
def _second(seconds: int) -> bytes:
    return format_instant(seconds * SECOND).replace(".000000", ".%06d").encode()


Handler = Callable[[Call], Awaitable[Response]]
Alter = Callable[[Response], Response]


class Endpoint:
    """The handlers of a path, by method. HEAD is handled as GET; the server drops the body."""

    def __init__(self, **handlers: Handler) -> None:
        self.handlers = handlers
        self._answering = handlers | ({"HEAD": handlers["GET"]} if "GET" in handlers else {})
        self._ops = {method: op_of(handler) for method, handler in self._answering.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, receive)
        try:
            answer = await self._answer(call)
        except Disconnected:
            return
        except Exception:
            _log.exception("%s %s failed", call.method, scope["path"])
            answer = refused(Internal("Internal server error"), call.request_id)
        for alter in call.response_filters:
            answer = alter(answer)
        op = self._ops.get(call.method)
        own = call.own_headers()
        if call.session is not None and call.session.counted:
            await call.services.counters.save(call.session)
        zipped = call.zips(answer)
        if not call.matched_rules and written(answer, own, scope, zipped=zipped is not None):
            if op:
                # written at the end of this loop iteration; the note comes after the calls of the next one
                asyncio.get_running_loop().call_soon(_note, call, op, answer.status, answer.body, len(answer.body))
            return
        coding = call.coding or (None if zipped is None else Gzip(zipped))
        send = send if coding is None else Coded(send, coding)
        overheard: RecordingSend = RecordingSend(send, call.edits)
        if op == "results":
            overheard = ResultsSend(send, partial(_note_delivery, call), call.edits, named=bool(call.matched_rules))
        try:
            await answer.send(own, receive, overheard)
        except StoreError as error:
            _log_unless_deleted(call, error)
            # too late for another status: a response that is cut is not taken for a complete one
            await end(scope, by_reset=False)
        finally:
            if op:
                _note(call, op, overheard.status, overheard.body, overheard.size)
            await overheard.finish()

    async def _answer(self, call: Call) -> Response:
        try:
            handler = self._answering.get(call.method)
            if handler is None:
                raise self._not_allowed(call)
            return await handler(call)
        except RespondWith as instead:
            return instead.answer
        except ApiError as error:
            return refused(error, call.request_id)
        except StoreError as error:
            if _log_unless_deleted(call, error):
                return refused(Internal(str(error)), call.request_id)
            return refused(NotFound("The Message Batch was deleted meanwhile."), call.request_id)

    def _not_allowed(self, call: Call) -> ApiError:
        allowed = ", ".join(sorted(self._answering))
        message = f"Method Not Allowed: {call.method} {call.scope['path']} takes {allowed}"
        return MethodNotAllowed(message, headers={"allow": allowed})


def _log_unless_deleted(call: Call, error: StoreError) -> bool:
    """Log an error of the store, and return True, unless its cause is a batch that was deleted meanwhile."""
    if isinstance(error, Missing) and not call.services.registry.lacks(error):
        return False
    _log.error("%s %s: %s", call.method, call.scope["path"], error)
    return True


def _note(call: Call, op: str, status: int, body: bytes, size: int) -> None:
    """Add a call to the journal of its session, or to the server's if it has none."""
    session = call.session
    real = call.services.real()
    name = call.scope["path_params"].get("id") if op in OF_A_BATCH else call.made
    record = JournalEntry(
        session.clock.now(real) if session else real,
        real,
        op,
        call.method,
        call.scope["path"][:PATH],
        status,
        call.request_id,
        trimmed(call.headers),
        name and name[:PATH],
        ", ".join(call.matched_rules) or None,
        call.body_prefix,
        body[:BODY],
        call.unmet,
        (time.perf_counter_ns() - call.began) // 1_000,
        call.received,
        size,
    )
    (session or call.services).journal.add(record)
    if (entry := call.scope.get("request_log")) is not None:
        entry.end(record, session, call.services)
    if session and session.events:
        session.events.publish(record.at, "call", op=op, status=record.status, batch=record.batch)


async def _note_delivery(call: Call, delivery: ResultsSend) -> None:
    if call.session:
        name = call.path_value("id")
        try:
            await call.services.batches.note_delivery(call.session, name, delivery.rows, delivery.custom_ids)
        except NotFound:
            return  # deleted meanwhile, together with its deliveries
        except (ApiError, StoreError) as error:
            _log.error("the download of batch %s could not be recorded: %s", name, error)
