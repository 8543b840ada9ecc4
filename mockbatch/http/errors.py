"""The one place where errors become HTTP."""

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import ApiError, Internal, MethodNotAllowed, NotFound
from mockbatch.http.calls import request_id_of
from mockbatch.store import StoreError

# the SDK would not repeat these calls anyway, and the API says so
_FINAL = {401, 404}


def rendered(error: ApiError, request_id: str) -> Response:
    """The API's envelope around an error."""
    envelope = wire.ErrorResponse(
        error=wire.ErrorDetail(details=error.details, type=error.type, message=error.message),
        request_id=request_id,
    )
    headers = dict(error.headers)
    if error.status in _FINAL:
        headers["x-should-retry"] = "false"
    return Response(msgspec.json.encode(envelope), error.status, headers, media_type="application/json")


async def on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return rendered(error, request_id_of(request.scope))


async def on_store_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)
    return rendered(Internal(str(error)), request_id_of(request.scope))


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What the router found no endpoint for."""
    assert isinstance(error, HTTPException)
    known = ", ".join(request.app.state.known_routes)
    if error.status_code == 405:
        allowed = ", ".join(_methods(request))
        refused: ApiError = MethodNotAllowed(
            f"Method Not Allowed: {request.method} {request.url.path} takes {allowed}", headers={"Allow": allowed}
        )
    else:
        refused = NotFound(f"The requested resource could not be found. mockbatch knows: {known}")
    return rendered(refused, request_id_of(request.scope))


def _methods(request: Request) -> list[str]:
    """What the path of the call takes."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in routes for method in route.methods})
