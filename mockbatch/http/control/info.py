"""`/_mockbatch/info`: the configuration of the server."""

from typing import Any

from msgspec import Struct
from starlette.routing import Route

from mockbatch import __version__
from mockbatch.config import OPTIONS, Config, readable
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.operation import operation
from mockbatch.http.responses import JsonResponse, Response


class Info(Struct, frozen=True):
    """The configuration of the server: every option as written, and the known models."""

    name: str
    version: str
    options: dict[str, Any]
    models: list[str]
    sessions: int


@operation(Info, caller="all")
async def info(call: Call) -> Response:
    """Retrieve the options and models of the server."""
    mock = call.services
    models = [model.id for model in mock.models.all()]
    return JsonResponse(Info("mockbatch", __version__, options_of(mock.config), models, len(mock.sessions.all())))


def options_of(config: Config) -> dict[str, Any]:
    """Return the options as written by people; keys only as far as needed to recognize them."""
    return {name: readable(name, getattr(config, name)) for name in OPTIONS}


routes = [Route("/_mockbatch/info", Endpoint(GET=info))]
