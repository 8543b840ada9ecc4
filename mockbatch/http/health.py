"""`/health`: the liveness check."""

from typing import Literal

from msgspec import Struct
from starlette.routing import Route

from mockbatch import __version__
from mockbatch.http.answers import Answer, Json
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.described import described


class Health(Struct, frozen=True):
    """The status, name and version of the server."""

    status: Literal["ready"]
    name: str
    version: str


@described(Health, caller="anyone")
async def health(call: Call) -> Answer:
    """Report that the server is ready."""
    return Json(Health("ready", "mockbatch", __version__))


routes = [Route("/health", Endpoint(GET=health))]
