"""`/health`: the liveness check."""

from typing import Literal

from msgspec import Struct
from starlette.routing import Route

from mockbatch import __version__
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.operation import operation
from mockbatch.http.responses import JsonResponse, Response


class Health(Struct, frozen=True):
    """The status, name and version of the server."""

    status: Literal["ready"]
    name: str
    version: str


@operation(Health, caller="anyone")
async def health(call: Call) -> Response:
    """Report that the server is ready."""
    return JsonResponse(Health("ready", "mockbatch", __version__))


routes = [Route("/health", Endpoint(GET=health))]
