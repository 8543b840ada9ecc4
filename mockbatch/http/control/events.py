"""`/_mockbatch/events`: the events of a session, as server-sent events.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import AsyncGenerator
from contextlib import suppress

import msgspec
from starlette.routing import Route

from mockbatch.core.time.spans import SECOND, format_instant
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import entered
from mockbatch.http.operation import EVENTS, operation
from mockbatch.http.responses import Response, StreamResponse
from mockbatch.service.cooperative import in_turns
from mockbatch.service.services import Services
from mockbatch.service.sessions.event_bus import Closed, ServerEvent
from mockbatch.service.sessions.session import SessionState

# seconds between checks for effects of time
_TICK = 0.5
_encode = msgspec.json.Encoder().encode


@operation(None, kind=EVENTS, caller="own")
async def events(call: Call) -> Response:
    """Stream events from now on: `batch.*`, `clock`, `rule`, `options`, `call`, `ledger`, `reset`."""
    mock, session = await entered(call)
    return StreamResponse(_happenings(mock, session), EVENTS.encode())


async def _happenings(mock: Services, session: SessionState) -> AsyncGenerator[bytes]:
    seen = session.now()
    with session.events.subscribe() as listener, suppress(Closed):
        yield _event("hello", seen, session=session.name)
        looked = session.real()
        while True:
            news = await listener.next(_TICK)
            # a check costs more the more batches there are: not for each of a thousand calls
            if news is None or news.type == "clock" or session.real() - looked >= _TICK * SECOND:
                now = session.now() if news is None else news.at
                async for event in in_turns(await mock.clocks.between(session, seen, now)):
                    yield _event(event.type, event.at, batch=event.batch)
                seen, looked = max(seen, now), session.real()
            yield b": still here\n\n" if news is None else _encoded(news)


def _encoded(news: ServerEvent) -> bytes:
    return _event(news.type, news.at, **news.data)


def _event(kind: str, at: int, **data: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode({"type": kind, "at": format_instant(at), **data}))


routes = [Route("/_mockbatch/events", Endpoint(GET=events))]
