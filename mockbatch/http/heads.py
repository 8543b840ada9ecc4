"""Request heads: limited in size and time, and rejected with the API's error envelope if they are not valid HTTP.

The parser, llhttp, has no limits of its own. Here endless heads are cut off early, so memory and time stay bounded.
"""

import asyncio
import re
import secrets
import sys
from enum import Enum, auto
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from mockbatch.core.contract.errors import ApiError, HeadTooLarge, Internal, InvalidRequest, UrlTooLong
from mockbatch.core.time.spans import format_instant
from mockbatch.http.errors import refused
from mockbatch.http.responses import Headers

LARGEST_HEAD = 64 << 10
MOST_HEADERS = 200
LONGEST_URL = 16 << 10
HEAD_SECONDS = 60.0
"""How long a head may take, in seconds of real time."""
IDLE_SECONDS = 75
"""How long idle connections stay open: longer than clients keep them, so that none sends a call to a closed one."""
_LINGER_SECONDS = 2.0
_CLOSE = (b"connection", b"close")

_NO_NAME = re.compile(rb"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]+")

_ADMITS_BLANKS = [int(part) for part in re.findall(r"\d+", httptools.__version__)] < [0, 6, 3]
"""Whether the parser accepts blanks in the names of headers. It also joins folded headers, which HTTP allows."""


class _Stage(Enum):
    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    WHOLE = auto()


def sendable(headers: Any) -> Headers:
    """Remove anything that would break the response: control characters, invalid names and lengths."""
    kept: Headers = []
    lengths = 0
    for name, value in headers:
        if not name or _NO_NAME.search(name):
            continue
        if name.lower() == b"content-length":
            lengths += 1
            if lengths > 1 or not value.isdigit():
                continue
        kept.append((name, _NO_VALUE.sub(b" ", value)))
    return kept


class Cycle(RequestResponseCycle):
    """uvicorn's request/response cycle, with the API's envelope for failures and sanitized headers."""

    connection: "Heads"

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = sendable(message["headers"])
            if not self.keep_alive and _CLOSE not in headers:  # uvicorn before 0.35 closes without saying so
                headers.append(_CLOSE)
            message = {**message, "headers": headers}
        await super().send(message)

    async def send_500_response(self) -> None:
        if isinstance(sys.exc_info()[1], asyncio.CancelledError):
            # the server stops: whether the call took effect is unknown, as if the connection were lost
            self.transport.close()
            return
        headers, body = self.connection.refusal(Internal("Internal server error"))
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


class Heads(HttpToolsProtocol):
    """uvicorn's protocol with limits on everything outside the body: heads, and the data between chunks.

    `_fresh` is set if the data being parsed completed something; `_waiting` counts the bytes that completed nothing.
    `cycle_now` is the call being answered; uvicorn's `cycle` is the last one received. `_last_words` is the refusal
    that ends the connection, `_said` whether it was sent.
    """

    cycle_now: RequestResponseCycle = None  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.url = b""
        self.headers = []
        self._stage = _Stage.NOTHING
        self._fresh = False
        self._size = self._waiting = 0
        self._refused = self._said = False
        self._last_words = b""
        self._timer: asyncio.TimerHandle | None = self.loop.call_later(HEAD_SECONDS, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._no_timer()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._size, self._fresh = len(data), False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # ignore the upgrade; the data that follows may be another protocol
            self._end_after(self.cycle)
            return
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, ApiError) else _unreadable(error))
            return
        if self._stage is _Stage.WHOLE:
            self._stage, self._waiting = _Stage.NOTHING, 0
        else:
            self._wait()

    def _wait(self) -> None:
        """Count and time the incomplete data."""
        self._waiting = 0 if self._fresh else self._waiting + self._size
        if self._waiting > LARGEST_HEAD:
            self._refuse(_too_large() if self.headers or len(self.url) <= LONGEST_URL else _too_long())
        elif self._stage is not _Stage.BODY and self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._late)

    def _late(self) -> None:
        self._timer = None
        if self.cycle is not None and not self.cycle.response_complete:
            # nothing is read while pipelined calls wait
            self._timer = self.loop.call_later(HEAD_SECONDS, self._late)
        elif not self.transport.is_closing():
            self.transport.close()

    def _no_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._stage, self._fresh = _Stage.HEAD, True

    def on_headers_complete(self) -> None:
        if len(self.url) > LONGEST_URL:
            raise _too_long()
        if len(self.headers) > MOST_HEADERS or self._waiting + self._size > LARGEST_HEAD:
            self._check_headers()
        if _ADMITS_BLANKS and any(b" " in name for name, _ in self.headers):
            raise InvalidRequest("The request is not valid HTTP: Invalid header token")
        if self._timer is not None:
            self._no_timer()
        last = self.cycle
        super().on_headers_complete()
        if self.cycle is not last:
            self._take_over(self.cycle)
        self._stage, self._fresh = _Stage.BODY, True
        # what follows a body is not a header
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self._fresh = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.headers:
            self._check_headers()
        self._stage = _Stage.WHOLE
        super().on_message_complete()

    def _check_headers(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.headers) > MOST_HEADERS or size > LARGEST_HEAD:
            raise _too_large()

    def _take_over(self, cycle: RequestResponseCycle) -> None:
        # uvicorn creates it and has no hook for the class; its task has not run yet
        cycle.__class__ = Cycle
        cycle.connection = self  # type: ignore[attr-defined]
        if not self.parser.should_keep_alive():  # older versions of uvicorn look at this when they send
            cycle.keep_alive = False
        if not self.pipeline:
            self.cycle_now = cycle

    def on_response_complete(self) -> None:
        waiting = [cycle for cycle, _ in self.pipeline]
        super().on_response_complete()
        if len(self.pipeline) < len(waiting):
            self.cycle_now = waiting[-1]
        if self._refused:
            self._say()

    def shutdown(self) -> None:
        if self._said:
            self.transport.close()
        else:
            super().shutdown()

    def refusal(self, error: ApiError) -> tuple[Headers, bytes]:
        """Return headers and body of an error response outside any call, with its own request id."""
        mock = self.app_state.get("mock")  # None for a recorder
        request_id = mock.next_request_id() if mock else f"req_{secrets.token_hex(12)}"
        headers = [(b"request-id", request_id.encode())]
        if mock:
            headers += [(b"x-mockbatch-now", format_instant(mock.now()).encode()), *mock.headers]
        answer = refused(error, request_id)
        return [*answer.head(headers), _CLOSE], answer.body

    def _refuse(self, error: ApiError) -> None:
        """Reject unreadable input, after answering the calls before it; nothing more is read."""
        headers, body = self.refusal(error)
        if self._stage is _Stage.HEAD and self.url and self.parser.get_method() == b"HEAD":
            body = b""
        lines = [b"%b: %b\r\n" % header for header in sendable(self.server_state.default_headers + headers)]
        self._last_words = b"%b%b\r\n%b" % (STATUS_LINE[error.status], b"".join(lines), body)
        self._refused = True
        self._no_timer()
        if self._stage is _Stage.BODY:
            self._give_up(self.cycle)
        self._say()

    def _give_up(self, cycle: RequestResponseCycle) -> None:
        """Tell a call that the rest of its body will not arrive."""
        if cycle is not self.cycle_now:
            self.pipeline.popleft()
            self.cycle = self.pipeline[0][0] if self.pipeline else self.cycle_now
        elif cycle.response_started:
            # its response is the last one
            self._last_words = b""
        else:
            cycle.disconnected = True
            cycle.message_event.set()

    def _say(self) -> None:
        """Send the refusal once all earlier calls are answered."""
        now = self.cycle_now
        busy = now is not None and not (now.response_complete or now.disconnected)
        if busy or self.pipeline or self._said or self.transport.is_closing():
            return
        self._said = True
        self._unset_keepalive_if_required()
        self.transport.write(self._last_words)
        # closing while data arrives would reset the connection and lose the response
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.flow.resume_reading()
            self._timer = self.loop.call_later(_LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()

    def _end_after(self, cycle: RequestResponseCycle) -> None:
        """Close the connection once this call is answered."""
        self._refused = True
        self._no_timer()
        if cycle.response_complete:
            self.transport.close()
        else:
            cycle.keep_alive = False


def _unreadable(error: httptools.HttpParserError) -> InvalidRequest:
    inner = isinstance(error, httptools.HttpParserCallbackError)
    return InvalidRequest(f"The request is not valid HTTP: {'its URL cannot be read' if inner else error}")


def _too_long() -> UrlTooLong:
    return UrlTooLong(f"The URL is too long: at most {LONGEST_URL:,} bytes are supported")


def _too_large() -> HeadTooLarge:
    limits = f"at most {MOST_HEADERS} of them and {LARGEST_HEAD:,} bytes are supported"
    return HeadTooLarge(f"The headers of the request are too large: {limits}")
