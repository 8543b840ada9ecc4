"""`/_mockbatch/synth`: synthetic batches."""

from msgspec import Struct
from starlette.routing import Route

from mockbatch.core.contract import wire
from mockbatch.http.authentication import VERSIONS
from mockbatch.http.base_url import base_url
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import content_of, entered
from mockbatch.http.operation import operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.admin.synthetic import SyntheticSpec


class Made(Struct, frozen=True):
    """The created batches, as the API shows them."""

    batches: list[wire.MessageBatch]


@operation(Made, takes=SyntheticSpec, caller="own")
async def synth(call: Call) -> Response:
    """Create synthetic batches, large or unusual ones, which have ended by default."""
    mock, session = await entered(call)
    wanted = await content_of(call, SyntheticSpec)
    terms = mock.terms(session, VERSIONS[-1], ())
    return JsonResponse(Made(await mock.synthetic.make(session, wanted, terms, base_url(call))))


routes = [Route("/_mockbatch/synth", Endpoint(POST=synth))]
