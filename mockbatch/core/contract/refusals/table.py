"""The whole table, in the order of the API's checks, and the functions that apply it."""

from functools import lru_cache
from typing import Any

from mockbatch.core.contract.errors import refuse
from mockbatch.core.contract.model import Model
from mockbatch.core.contract.refusals import (
    batches,
    caching,
    calls,
    containers,
    create,
    limits,
    media,
    options,
    results,
    schemas,
    shape,
    system,
    texts,
    thinking,
    tools,
    turns,
)
from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.refusals.refusal import Refusal
from mockbatch.core.contract.refusals.triggers import triggers_of

_OF_REQUESTS: tuple[Refusal, ...] = (
    *tools.REFUSALS,
    *system.REFUSALS,
    *thinking.REFUSALS,
    *schemas.REFUSALS,
    *caching.REFUSALS,
    *limits.REFUSALS,
    *options.REFUSALS,
    *turns.REFUSALS,
    *texts.REFUSALS,
    *results.REFUSALS,
    *media.REFUSALS,
    *containers.REFUSALS,
)
TABLE: tuple[Refusal, ...] = (
    *calls.REFUSALS,
    *create.REFUSALS,
    *batches.REFUSALS,
    *shape.REFUSALS,
    *_OF_REQUESTS,
)
_ANY = Model(id="")
_OF_BATCHES = frozenset(one.on for one in batches.REFUSALS)


def check_batch(params: dict[str, Any], profile: str = "") -> None:
    """Raise InvalidRequest for features that batches do not support. `params` may have any shape."""
    if _OF_BATCHES.isdisjoint(params):
        return
    asked = ParsedRequest(params, _ANY, "", profile=profile)
    for refusal in batches.REFUSALS:
        if refusal.on in params and refusal.finds is not None and refusal.finds(asked):
            refuse(refusal.says)


def check_request(asked: ParsedRequest) -> None:
    """Raise the ApiError of the first entry that matches a request of valid shape."""
    for refusal in _concerning(triggers_of(asked.params)):
        assert refusal.finds is not None
        if found := refusal.finds(asked):
            raise refusal.error(refusal.text(found), details=refusal.details(found))


@lru_cache(maxsize=1_024)
def _concerning(triggers: frozenset[str]) -> tuple[Refusal, ...]:
    """Return the entries that may match requests with these triggers."""
    return tuple(one for one in _OF_REQUESTS if one.on in triggers and one.finds is not None)
