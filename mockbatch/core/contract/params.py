"""The API's validation of each request of a batch, after the batch was accepted.

A request that fails here becomes an `errored` row. Source: https://platform.claude.com/docs/en/api/messages/create,
.../api/errors and .../api/migration-2026-10-21
"""

import sys
from functools import cache
from types import ModuleType
from typing import Any, Literal, NoReturn

from msgspec import Struct

from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.errors import InvalidRequest, NotFound, refuse
from mockbatch.core.contract.model import Model
from mockbatch.core.contract.shape_check import Surface, check_shape

NEWEST_VERSION = "2026-10-21"

Validation = Literal["api", "early", "off"]


class Terms(Struct, frozen=True, omit_defaults=True):
    """The terms of a call: its API version and betas, the available models, and the virtual day as `YYYY-MM-DD`. A
    batch keeps those of its create.
    """

    version: str = NEWEST_VERSION
    betas: tuple[str, ...] = ()
    models: Models = Models()
    day: str = ""
    validation: Validation = "api"
    profile: str = ""
    """The user profile in the header of the call."""

    @property
    def validated(self) -> bool:
        return self.validation != "off"


def checked(params: dict[str, Any], terms: Terms, surface: Surface = "batch") -> Model:
    """Return the model of `params`. Raises the ApiError that the API responds with, or that the row ends with."""
    refusals = _refusals()
    if surface == "batch":
        refusals.check_batch(params, terms.profile)
    elif params.get("thread") is not None:
        _refuse_thread()
    check_shape(params, terms.version, terms.betas, surface)
    model = _model(params["model"], terms)
    refusals.check_request(refusals.ParsedRequest(params, model, terms.version, terms.betas, surface))
    return model


@cache
def _refusals() -> ModuleType:
    # not before: startup checks nothing, and the table is long
    from mockbatch.core.contract import refusals

    return refusals


def check_length(tokens: int, model: Model) -> None:
    """Raise InvalidRequest for a prompt that exceeds the context window of the model."""
    if tokens > model.context:
        refuse(f"prompt is too long: {tokens} tokens > {model.context} maximum")


def _refuse_thread() -> NoReturn:
    """Reject a message thread: nothing is kept between messages, and the SDK then falls back to whole conversations."""
    message = "`thread` is not supported for this request. Send the full conversation without `thread`."
    raise InvalidRequest(message, details={"error_code": "thread_unsupported_request", "unsupported": []})


def is_warm() -> bool:
    """Return whether the modules that checks import lazily are loaded."""
    return all(f"mockbatch.core.contract.{name}" in sys.modules for name in ("shapes", "refusals.table"))


def unchecked(params: dict[str, Any], terms: Terms) -> Model:
    """Return the model of `params` without checking anything else."""
    name = params.get("model")
    return _model(name if isinstance(name, str) else "", terms)


def _model(name: Any, terms: Terms) -> Model:
    return terms.models.find(name, terms.day) or refuse(f"model: {name}", NotFound)
