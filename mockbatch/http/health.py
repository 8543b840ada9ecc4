"""`/health`: whether a server is there."""

from typing import Literal

from msgspec import Struct
from starlette.routing import Route

from mockbatch import __version__
from mockbatch.http.answers import Answer, Json
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.described import described


class Health(Struct, frozen=True):
    """That the server is there, and which it is."""

    status: Literal["ready"]
    name: str
    version: str


@described(Health, caller="anyone")
async def health(call: Call) -> Answer:
    """Whether the server is there."""
    return Json(Health("ready", "mockbatch", __version__))


routes = [Route("/health", Endpoint(GET=health))]
