"""The errors of the API, each with its status and its `type` on the wire.

ApiError
 ├─ InvalidRequest    400 invalid_request_error
 │   ├─ UrlTooLong    414
 │   └─ HeadTooLarge  431
 ├─ Authentication    401 authentication_error
 ├─ Billing           402 billing_error
 ├─ PermissionDenied  403 permission_error
 ├─ NotFound          404 not_found_error
 │   └─ MethodNotAllowed 405
 ├─ Conflict          409 conflict_error
 ├─ RequestTooLarge   413 request_too_large
 ├─ Unverified        422 verification_error
 ├─ RateLimited       429 rate_limit_error
 ├─ Internal          500 api_error
 ├─ TimedOut          504 timeout_error
 └─ Overloaded        529 overloaded_error

Source: https://platform.claude.com/docs/en/api/errors
"""

from typing import Any, ClassVar, NoReturn


class ApiError(Exception):
    """An error response of the API; may be raised anywhere, rendered only by `http/errors.py`."""

    status: ClassVar[int]
    type: ClassVar[str]

    def __init__(
        self, message: str, *, details: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.headers = headers or {}


class InvalidRequest(ApiError):
    status = 400
    type = "invalid_request_error"


class UrlTooLong(InvalidRequest):
    status = 414


class HeadTooLarge(InvalidRequest):
    status = 431


class Authentication(ApiError):
    status = 401
    type = "authentication_error"


class Billing(ApiError):
    status = 402
    type = "billing_error"


class PermissionDenied(ApiError):
    status = 403
    type = "permission_error"


class NotFound(ApiError):
    status = 404
    type = "not_found_error"


class MethodNotAllowed(NotFound):
    status = 405


class Conflict(ApiError):
    status = 409
    type = "conflict_error"


class RequestTooLarge(ApiError):
    status = 413
    type = "request_too_large"


class Unverified(ApiError):
    """The response of the control plane if calls are not as expected; the API has no such error."""

    status = 422
    type = "verification_error"


class RateLimited(ApiError):
    status = 429
    type = "rate_limit_error"


class Internal(ApiError):
    status = 500
    type = "api_error"


class TimedOut(ApiError):
    status = 504
    type = "timeout_error"


class Overloaded(ApiError):
    status = 529
    type = "overloaded_error"


def refuse(message: str, kind: type[ApiError] = InvalidRequest) -> NoReturn:
    """Raise an error of the API about a request whose details may be shown to its sender."""
    raise kind(message, details={"error_visibility": "user_facing"})


class OtherError(ApiError):
    """An error with a status or a type that the classes above do not cover."""


def error_of(status: int, kind: str | None = None) -> ApiError:
    """Return the error for a status, with the given type if any."""
    found = next((known for known in ApiError.__subclasses__() if getattr(known, "status", None) == status), None)
    fallback = "api_error" if status >= 500 else "invalid_request_error"
    error = OtherError("")
    error.status = status  # type: ignore[misc]
    error.type = kind or (found.type if found else fallback)  # type: ignore[misc]
    return error
