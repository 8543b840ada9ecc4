"""`/` and `/_mockbatch/dashboard/*`: the dashboard for browsers, and the health check for all other clients."""

from starlette.routing import Route

from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.dashboard import KINDS, PAGE, Asset
from mockbatch.http.health import Health, health
from mockbatch.http.operation import operation
from mockbatch.http.responses import Response


@operation(Health, more={"text/html": None}, caller="anyone")
async def page(call: Call) -> Response:
    """Serve the dashboard to clients that accept HTML, and the health check to all others."""
    return Asset(PAGE) if "text/html" in (call.header(b"accept") or "") else await health(call)


@operation(None, kind="text/javascript", more=dict.fromkeys(KINDS.values()), caller="anyone")
async def asset(call: Call) -> Response:
    """Serve a file of the dashboard."""
    return Asset(call.path_value("id"))


routes = [
    Route("/", Endpoint(GET=page)),
    Route("/_mockbatch/dashboard/{id}", Endpoint(GET=asset)),
]
