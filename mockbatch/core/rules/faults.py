"""All faults by name, and the random row failures.

Source: https://platform.claude.com/docs/en/api/errors; texts as seen in results of the live API.
"""

from typing import Any

from msgspec import Struct

from mockbatch.core.rules import (
    account_faults,
    batch_faults,
    call_faults,
    item_faults,
    message_faults,
    stream_faults,
    webhook_faults,
    wire_faults,
)
from mockbatch.core.rules.fault import Fault
from mockbatch.core.seeded_hash import derive_seed, hash64, threshold, to_unit_interval
from mockbatch.core.suggestions import did_you_mean

_SUBJECTS = (
    item_faults,
    batch_faults,
    call_faults,
    account_faults,
    wire_faults,
    stream_faults,
    message_faults,
    webhook_faults,
)
FAULTS: dict[str, type[Fault]] = {
    fault.name: fault
    for subject in _SUBJECTS
    for fault in vars(subject).values()
    if isinstance(fault, type) and issubclass(fault, Fault) and fault.__module__ == subject.__name__ and fault.name
}
"""All faults by name: the named classes of the modules above."""
KEYED = {fault.key: fault for fault in FAULTS.values() if fault.key}
"""The faults that a key of a rule stands for."""


class OptionView(Struct, frozen=True):
    """An option of a fault."""

    kind: str
    help: str
    default: Any
    choices: list[str]


class FaultView(Struct, frozen=True):
    """A kind of fault: where it applies, its effect, how the official SDK reacts, and the test that shows it."""

    name: str
    on: list[str]
    effect: str
    sdk: str
    modes: list[int]
    test: str
    options: dict[str, OptionView]


def fault_view(fault: type[Fault]) -> FaultView:
    """Return the public description of a fault."""
    options = {
        name: OptionView(option.kind, option.help, option.default, list(option.choices))
        for name, option in fault.options.items()
    }
    return FaultView(fault.name, list(fault.on), fault.effect, fault.sdk, list(fault.modes), fault.test, options)


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
    bits = hash64(derive_seed(seed, "fail"), custom_id)
    if bits >= threshold(rate):
        return None
    return weighted(to_unit_interval(hash64(derive_seed(seed, "fault"), custom_id)))


def weighted(u: float) -> str:
    """Return the name of the random failure that a number in (0, 1) maps to."""
    left = u * _TOTAL_WEIGHT
    for name, fault in ROW_FAULTS.items():
        left -= fault.weight
        if left < 0:
            return name
    raise AssertionError("a fraction is below 1")
