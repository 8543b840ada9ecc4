"""`/v1/organizations/*`, for admin keys. Source: https://platform.claude.com/docs/en/manage-claude/rate-limits-api"""

from starlette.routing import Route

from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.limits import organization_rate_limits
from mockbatch.core.contract.paging import limit_of
from mockbatch.core.numbers import natural
from mockbatch.core.suggestions import did_you_mean
from mockbatch.http.authentication import administrator
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.operation import Parameter, operation
from mockbatch.http.responses import JsonResponse, Response

_GROUPS = ("batch", "files", "model_group", "skills", "token_count", "web_search")
_QUERY = (
    Parameter("group_type", {"type": "string", "enum": list(_GROUPS)}, "Only limits of this group."),
    Parameter("model", {"type": "string"}, "Only limits of this model."),
    Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000}, "Entries per page; default: all."),
    Parameter("page", {"type": "string"}, "Cursor of the page to return."),
)


@operation(wire.RateLimitPage, query=_QUERY, caller="admin", op="organization")
async def rate_limits(call: Call) -> Response:
    """List the rate limits of the organization."""
    administrator(call)
    query = call.query()
    group_type, model = query.get("group_type"), query.get("model")
    if group_type is not None and group_type not in _GROUPS:
        raise InvalidRequest(f"group_type: {group_type!r} is not a group type.{did_you_mean(group_type, _GROUPS)}")
    limits = [
        limit
        for limit in organization_rate_limits(call.services.seed, call.services.tier, call.services.models)
        if group_type in (None, limit.group.type) and (model is None or model in (limit.models or ()))
    ]
    start = _start(query.get("page"))
    end = start + limit_of(query["limit"]) if "limit" in query else len(limits)
    return JsonResponse(wire.RateLimitPage(limits[start:end], f"page_{end}" if end < len(limits) else None))


def _start(page: str | None) -> int:
    if page is None:
        return 0
    number = natural(page.removeprefix("page_"))
    if number is None:
        raise InvalidRequest("page: Invalid cursor")
    return number


routes = [Route("/v1/organizations/rate_limits", Endpoint(GET=rate_limits))]
