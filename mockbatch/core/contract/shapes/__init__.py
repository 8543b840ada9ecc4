"""The shapes of nested parts of a request, and the API's messages for malformed ones.

The API words these as pydantic does, so pydantic's core words them here. It is imported only for requests that
`ordinary.py` does not recognize.

Source: https://platform.claude.com/docs/en/api/messages/create and the types of the official SDK; the order of the
checks, the accepted nulls and the wording for params as third parties measured them from 2026-07 to 2026-09.
"""

from functools import lru_cache
from typing import Any

from msgspec.structs import replace
from pydantic_core import SchemaValidator, ValidationError

from mockbatch.core.contract.beta_fields import OPENING
from mockbatch.core.contract.shapes.narrowing import names_in, narrowed
from mockbatch.core.contract.shapes.parts import CallFacts
from mockbatch.core.contract.shapes.request import request
from mockbatch.core.contract.shapes.words import sentence

__all__ = ["CallFacts", "missing_beta", "shape_problem"]

# each set of betas has its own shapes; callers use few sets
_KEPT = 32
# more problems than anyone makes by mistake
_MANY = 1_000


def shape_problem(params: dict[str, Any], call: CallFacts) -> str | None:
    """Return the message for the first malformed part of `params`, if any."""
    try:
        _validator(call).validate_python(params)
    except ValidationError as error:
        return sentence(error if error.error_count() <= _MANY else _of_fewer(error, params, call))
    except RecursionError:
        return "Input is nested too deeply"
    return None


def _of_fewer(error: ValidationError, params: dict[str, Any], call: CallFacts) -> ValidationError:
    """Return the same first problem in a smaller error, if possible."""
    try:
        _validator(call).validate_python(narrowed(params, names_in(request(call))))
    except ValidationError as fewer:
        return fewer
    return error


def missing_beta(params: dict[str, Any], call: CallFacts) -> str | None:
    """Return the path of a part that is rejected only for lack of a beta header."""
    problem = shape_problem(params, call)
    if problem is None or shape_problem(params, replace(call, betas=OPENING)) == problem:
        return None
    return problem.partition(": ")[0]


@lru_cache(_KEPT)
def _validator(call: CallFacts) -> SchemaValidator:
    return SchemaValidator(request(call))
