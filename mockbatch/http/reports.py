"""`/v1/organizations/usage_report/messages` and `/v1/organizations/cost_report`, for admin keys.

Source: https://platform.claude.com/docs/en/manage-claude/usage-cost-api
"""

from starlette.routing import Route

from mockbatch.core.contract.report_wire import CostReport, UsageReport
from mockbatch.core.money.report_query import COST_GROUPS, FILTERS, USAGE_GROUPS, WIDTHS, cost_query, usage_query
from mockbatch.core.money.reports import cost_report, span_of, usage_report
from mockbatch.http.access import check_control
from mockbatch.http.authentication import administrator, asked_betas
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.operation import Parameter, operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.sessions.session import SessionState


def _texts(name: str, known: tuple[str, ...], help: str) -> Parameter:
    items = {"type": "string", "enum": list(known)} if known else {"type": "string"}
    return Parameter(f"{name}[]", {"type": "array", "items": items}, help)


def _span(widths: tuple[str, ...], most: int) -> tuple[Parameter, ...]:
    return (
        Parameter("starting_at", {"type": "string", "format": "date-time"}, "The first bucket contains this time."),
        Parameter("ending_at", {"type": "string", "format": "date-time"}, "Buckets end before this time."),
        Parameter("bucket_width", {"type": "string", "enum": list(widths), "default": "1d"}, "Width of a bucket."),
        Parameter("limit", {"type": "integer", "minimum": 1, "maximum": most}, "Buckets per page."),
        Parameter("page", {"type": "string"}, "Cursor of the page to return."),
    )


_USAGE_QUERY = (
    *_span(tuple(WIDTHS), 1440),
    _texts("group_by", USAGE_GROUPS, "A row for each value of these."),
    *(_texts(name, known, f"Only usage of these: {dimension}.") for name, (dimension, known) in FILTERS.items()),
)
_COST_QUERY = (*_span(("1d",), 31), _texts("group_by", COST_GROUPS, "A row for each value of these."))


@operation(UsageReport, query=_USAGE_QUERY, caller="admin")
async def usage(call: Call) -> Response:
    """Report usage, in time buckets."""
    key = administrator(call)
    query = usage_query(_values(call, _USAGE_QUERY), asked_betas(call))
    sessions, now = await _settled(call, key)
    return JsonResponse(
        usage_report(query, await call.services.ledger.usage_between(*span_of(query, now), sessions), now)
    )


@operation(CostReport, query=_COST_QUERY, caller="admin")
async def cost(call: Call) -> Response:
    """Report costs per day."""
    key = administrator(call)
    query = cost_query(_values(call, _COST_QUERY))
    sessions, now = await _settled(call, key)
    ledger = call.services.ledger
    used = await ledger.usage_between(*span_of(query, now), sessions)
    return JsonResponse(cost_report(query, used, now, ledger.prices))


def _values(call: Call, query: tuple[Parameter, ...]) -> dict[str, list[str]]:
    names = [parameter.name.removesuffix("[]") for parameter in query]
    return {name: values for name in names if (values := call.query_list(name))}


async def _settled(call: Call, key: str) -> tuple[list[SessionState], int]:
    """Return the sessions that an admin key reports on, with ended batches settled, and their latest time.

    These are all sessions, or only the one whose id the key ends with, for tests that share a server.
    """
    sessions = call.services.sessions.all()
    own = [session for session in sessions if key.endswith(f"-{session.name}")]
    if not own:
        check_control(call)
    for session in own or sessions:
        await call.services.usage.settle(session)
    return own or sessions, max((session.now() for session in own or sessions), default=call.services.now())


routes = [
    Route("/v1/organizations/usage_report/messages", Endpoint(GET=usage)),
    Route("/v1/organizations/cost_report", Endpoint(GET=cost)),
]
