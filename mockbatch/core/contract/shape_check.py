"""Shape validation of a request: the fast path for nearly all, the thorough one for the rest."""

from collections.abc import Collection
from typing import Any, Literal

from mockbatch.core.contract.beta_fields import OPENING
from mockbatch.core.contract.errors import refuse
from mockbatch.core.contract.ordinary import is_ordinary

Surface = Literal["batch", "messages", "count_tokens"]

_WITHOUT_SAMPLING = "2026-10-21"


def check_shape(params: dict[str, Any], version: str, betas: Collection[str], surface: Surface) -> None:
    """Raise InvalidRequest for the first missing, unknown or malformed part."""
    counting, sampling = surface == "count_tokens", version < _WITHOUT_SAMPLING
    if is_ordinary(params, counting=counting, sampling=sampling):
        return
    # not before: it costs the import of pydantic
    from mockbatch.core.contract.shapes import CallFacts, shape_problem

    least = 1 if surface == "batch" else 0
    call = CallFacts(counting=counting, sampling=sampling, least_tokens=least, betas=OPENING.intersection(betas))
    if problem := shape_problem(params, call):
        refuse(problem)
