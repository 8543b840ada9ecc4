"""`/v1/models`. Source: https://platform.claude.com/docs/en/api/models/list"""

from typing import get_args

from starlette.routing import Route

from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.model import Lifecycle
from mockbatch.http.authentication import authenticate
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.operation import PAGE, Parameter, operation
from mockbatch.http.paging import window_of
from mockbatch.http.responses import JsonResponse, Response

_STAGES: tuple[str, ...] = get_args(Lifecycle)
_LIFECYCLE = Parameter(
    "lifecycle",
    {"type": "array", "items": {"type": "string", "enum": list(_STAGES)}},
    "Lifecycle stages; default: active and deprecated.",
)


@operation(wire.ModelPage, query=(*PAGE, _LIFECYCLE), op="models", caller="key")
async def page(call: Call) -> Response:
    """List models."""
    session = await authenticate(call)
    stages = call.query_list("lifecycle") or ["active", "deprecated"]
    for stage in stages:
        if stage not in _STAGES:
            raise InvalidRequest("lifecycle.0: Input should be 'active', 'deprecated' or 'retired'")
    return JsonResponse(call.services.catalogue.page(session, window_of(call), stages))


@operation(wire.ModelInfo, op="models", caller="key")
async def retrieve(call: Call) -> Response:
    """Retrieve a model by its id or alias."""
    session = await authenticate(call)
    return JsonResponse(call.services.catalogue.retrieve(session, call.path_value("id")))


routes = [
    Route("/v1/models/{id}", Endpoint(GET=retrieve)),
    Route("/v1/models", Endpoint(GET=page)),
]
