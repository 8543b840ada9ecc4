"""Conversion of errors to HTTP, in one place."""

from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import ApiError
from mockbatch.http.responses import JsonResponse

# the SDK does not retry these anyway, and the API says so
_FINAL = {401, 404}


def refused(error: ApiError, request_id: str) -> JsonResponse:
    """Return the API's error envelope as a response."""
    envelope = wire.ErrorResponse(
        error=wire.ErrorDetail(details=error.details, type=error.type, message=error.message),
        request_id=request_id,
    )
    headers = dict(error.headers)
    if error.status in _FINAL:
        headers["x-should-retry"] = "false"
    return JsonResponse(envelope, headers, error.status)
