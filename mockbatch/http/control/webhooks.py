"""`/_mockbatch/webhooks`: webhook deliveries, and resending them."""

from msgspec import Struct
from starlette.routing import Route

from mockbatch.core.cassette.display import shown_text
from mockbatch.core.time.spans import format_instant
from mockbatch.core.time.timeline import NEVER
from mockbatch.core.webhook_delivery import WebhookDelivery
from mockbatch.http.access import may_control
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import entered
from mockbatch.http.operation import operation
from mockbatch.http.responses import JsonResponse, Response


class AttemptView(Struct, frozen=True):
    """One delivery attempt: its virtual time, and the status or the error."""

    at: str
    status: int | None
    error: str


class WebhookView(Struct, frozen=True):
    """A webhook event: its batch, its delivery state, and the next attempt. `fault` is the fault applied to it."""

    id: str
    type: str
    batch: str
    url: str
    state: str
    created_at: str
    due_at: str | None
    attempts: list[AttemptView]
    fault: str


class WebhookList(Struct, frozen=True):
    """The webhook events of a session, latest first, and their signing secret. A configured secret is shown only to
    callers that may reach beyond their own session.
    """

    secret: str
    webhooks: list[WebhookView]


@operation(WebhookList, caller="own")
async def webhooks(call: Call) -> Response:
    """List the webhook deliveries of a session."""
    mock, session = await entered(call)
    shown = mock.config.webhook_secret is None or may_control(call)
    secret = mock.webhooks.secret if shown else "<redacted>"
    return JsonResponse(WebhookList(secret, [_view(notice) for notice in mock.webhooks.listed(session)]))


@operation(WebhookView, caller="own")
async def resend(call: Call) -> Response:
    """Resend a webhook now."""
    mock, session = await entered(call)
    return JsonResponse(_view(await mock.webhooks.resend(session, call.path_value("id"))))


def _view(notice: WebhookDelivery) -> WebhookView:
    return WebhookView(
        notice.id,
        notice.type,
        notice.batch,
        shown_text(notice.url),
        notice.state,
        format_instant(notice.at),
        None if notice.due == NEVER else format_instant(notice.due),
        [AttemptView(format_instant(attempt.at), attempt.status, attempt.error) for attempt in notice.attempts],
        notice.fault,
    )


routes = [
    Route("/_mockbatch/webhooks", Endpoint(GET=webhooks)),
    Route("/_mockbatch/webhooks/{id}/resend", Endpoint(POST=resend)),
]
