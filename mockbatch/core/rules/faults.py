"""All faults by name, and the random row failures. To add a fault, add an entry in the module for its subject.

Source: https://platform.claude.com/docs/en/api/errors; texts as seen in results of the live API.
"""

from msgspec import Struct

from mockbatch.core.draws import draw, fraction, subseed, threshold
from mockbatch.core.names import did_you_mean
from mockbatch.core.rules.account_faults import ACCOUNT_FAULTS
from mockbatch.core.rules.batch_faults import BATCH_FAULTS
from mockbatch.core.rules.call_faults import CALL_FAULTS
from mockbatch.core.rules.fault import Fault
from mockbatch.core.rules.item_faults import ITEM_FAULTS
from mockbatch.core.rules.message_faults import MESSAGE_FAULTS
from mockbatch.core.rules.stream_faults import STREAM_FAULTS, WEBHOOK_FAULTS
from mockbatch.core.rules.wire_faults import WIRE_FAULTS

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        *ITEM_FAULTS,
        *BATCH_FAULTS,
        *CALL_FAULTS,
        *ACCOUNT_FAULTS,
        *WIRE_FAULTS,
        *STREAM_FAULTS,
        *MESSAGE_FAULTS,
        *WEBHOOK_FAULTS,
    )
}
"""All faults by name."""


def meant_instead(name: str) -> str:
    """Return a hint about what an unknown fault name may have meant."""
    # not before: only mistakes need it
    from mockbatch.core.replies.kinds import REPLIES

    kind = name.rpartition(".")[2]
    if kind in REPLIES:
        return f" {kind} is a kind of reply; write it like on=item,reply={kind}"
    return f"{did_you_mean(name, FAULTS)} `mockbatch faults` lists them"


class RowFault(Struct, frozen=True):
    """An error of a row during execution; `weight` is its share of the random failures."""

    type: str
    message: str
    weight: int


ROW_FAULTS: dict[str, RowFault] = {
    "internal": RowFault("api_error", "Internal server error", 40),
    "overloaded": RowFault("overloaded_error", "Overloaded", 30),
    "timeout": RowFault("timeout_error", "Request timed out", 10),
    "broken_image": RowFault("invalid_request_error", "Could not process image", 10),
    "download_timeout": RowFault(
        "invalid_request_error",
        "The request timed out while trying to download the file. Please try again later.",
        10,
    ),
}
_TOTAL_WEIGHT = sum(fault.weight for fault in ROW_FAULTS.values())


def random_fault(seed: int, custom_id: str, rate: float) -> str | None:
    """Return the name of the fault that hits `custom_id` at failure rate `rate`, or None.

    It depends only on the seed and the id, so the same rows fail in any order, split or batch.
    """
    bits = draw(subseed(seed, "fail"), custom_id)
    if bits >= threshold(rate):
        return None
    return weighted(fraction(draw(subseed(seed, "fault"), custom_id)))


def weighted(u: float) -> str:
    """Return the name of the random failure that a number in (0, 1) maps to."""
    left = u * _TOTAL_WEIGHT
    for name, fault in ROW_FAULTS.items():
        left -= fault.weight
        if left < 0:
            return name
    raise AssertionError("a fraction is below 1")
