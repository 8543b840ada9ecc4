"""`/_mockbatch/synth`: synthetic batches."""

from msgspec import Struct
from starlette.routing import Route

from mockbatch.core.contract import wire
from mockbatch.http.answers import Answer, Json
from mockbatch.http.caller import VERSIONS
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import content_of, entered
from mockbatch.http.described import described
from mockbatch.http.origins import origin_of
from mockbatch.service.synthesis import Wanted


class Made(Struct, frozen=True):
    """The created batches, as the API shows them."""

    batches: list[wire.MessageBatch]


@described(Made, takes=Wanted, caller="own")
async def synth(call: Call) -> Answer:
    """Create synthetic batches, large or unusual ones, which have ended by default."""
    mock, session = await entered(call)
    wanted = await content_of(call, Wanted)
    terms = mock.terms(session, VERSIONS[-1], ())
    return Json(Made(await mock.synthesis.make(session, wanted, terms, origin_of(call))))


routes = [Route("/_mockbatch/synth", Endpoint(POST=synth))]
