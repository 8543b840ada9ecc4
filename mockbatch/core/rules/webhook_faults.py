"""Faults of webhooks. The official API sends none for batches."""

from msgspec.structs import replace

from mockbatch.core.rules.actions import Delivery
from mockbatch.core.rules.fault import Fault
from mockbatch.core.rules.options import option
from mockbatch.core.time.delays import Delay
from mockbatch.core.time.spans import MINUTE
from mockbatch.core.time.timeline import NEVER

_OVERTAKEN = 5 * MINUTE


class _OfWebhooks(Fault):
    on = ("webhook",)
    sdk = "it has no webhooks for batches"
    modes = (52,)
    test = "tests/e2e/test_webhooks.py::test_faults_of_webhooks_are_rules"


class Lost(_OfWebhooks):
    """The webhook is not sent."""

    name = "webhook.lost"

    def delivery(self, delivery: Delivery, next_due: int, luck: float) -> Delivery:
        return replace(delivery, due=NEVER)


class Twice(_OfWebhooks):
    """The webhook is sent twice."""

    name = "webhook.twice"

    def delivery(self, delivery: Delivery, next_due: int, luck: float) -> Delivery:
        return replace(delivery, copies=2)


class LateWebhook(_OfWebhooks):
    """The webhook is sent late."""

    name = "webhook.late"
    delay: Delay = option("delay", "The delay, in virtual time.", "10m")

    def delivery(self, delivery: Delivery, next_due: int, luck: float) -> Delivery:
        return replace(delivery, due=delivery.due + self.delay(luck))


class OutOfOrder(_OfWebhooks):
    """The webhook is sent after the next one of the session."""

    name = "webhook.out_of_order"

    def delivery(self, delivery: Delivery, next_due: int, luck: float) -> Delivery:
        return replace(delivery, due=min(next_due + 1, delivery.due + _OVERTAKEN))


class BadSignature(_OfWebhooks):
    """The webhook is signed with a wrong secret."""

    name = "webhook.bad_signature"
    sdk = "`webhooks.unwrap` raises"

    def delivery(self, delivery: Delivery, next_due: int, luck: float) -> Delivery:
        return replace(delivery, signed=False)
