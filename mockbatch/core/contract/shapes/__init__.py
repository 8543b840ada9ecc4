"""The shapes of what is nested in a request, and the API's sentences for what is not in shape.

The API words these as pydantic does, so pydantic's core words them here. It is only imported for requests that
`ordinary.py` does not recognise.

Source: https://platform.claude.com/docs/en/api/messages/create and the types of the official SDK; the order of the
checks, the nulls that are taken and the words of params as third parties measured them from 2026-07 to 2026-09.
"""

from functools import lru_cache
from typing import Any

from msgspec.structs import replace
from pydantic_core import SchemaValidator, ValidationError

from mockbatch.core.contract.beta_fields import OPENING
from mockbatch.core.contract.shapes.parts import Call
from mockbatch.core.contract.shapes.request import request
from mockbatch.core.contract.shapes.words import sentence

__all__ = ["Call", "missing_beta", "shape_problem"]

# each set of betas has shapes of its own; callers have few of them
_KEPT = 32


def shape_problem(params: dict[str, Any], call: Call) -> str | None:
    """Return the sentence for the first thing in `params` that is not in shape, if anything is."""
    try:
        _validator(call).validate_python(params)
    except ValidationError as error:
        return sentence(error)
    except RecursionError:
        return "Input is nested too deeply"
    return None


def missing_beta(params: dict[str, Any], call: Call) -> str | None:
    """Return the path of what is refused only because the call has no beta header for it."""
    problem = shape_problem(params, call)
    if problem is None or shape_problem(params, replace(call, betas=OPENING)) == problem:
        return None
    return problem.partition(": ")[0]


@lru_cache(_KEPT)
def _validator(call: Call) -> SchemaValidator:
    return SchemaValidator(request(call))
