"""`/_mockbatch/info`: what a server works under."""

from typing import Any

from msgspec import Struct
from starlette.routing import Route

from mockbatch import __version__
from mockbatch.config import OPTIONS, Config, readable
from mockbatch.http.answers import Answer, Json
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.described import described


class Info(Struct, frozen=True):
    """What the server works under: every option as it is written, and the models that it knows."""

    name: str
    version: str
    options: dict[str, Any]
    models: list[str]
    sessions: int


@described(Info, caller="all")
async def info(call: Call) -> Answer:
    """What the server works under."""
    mock = call.mock
    models = [model.id for model in mock.models.all()]
    return Json(Info("mockbatch", __version__, options_of(mock.config), models, len(mock.sessions.all())))


def options_of(config: Config) -> dict[str, Any]:
    """The options as people write them; of keys no more than is needed to know them again."""
    return {name: readable(name, getattr(config, name)) for name in OPTIONS}


routes = [Route("/_mockbatch/info", Endpoint(GET=info))]
