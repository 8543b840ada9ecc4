"""Read the facts that rows need from the params of a request."""

from typing import Any

import msgspec

from mockbatch.core.contract.model import Model
from mockbatch.core.contract.params import Terms
from mockbatch.core.contract.request_slicer import RequestItem

decode_params = msgspec.json.Decoder(dict[str, Any]).decode


def params_of(item: RequestItem) -> dict[str, Any]:
    """Return the params of a request; empty if they are unusable."""
    try:
        return decode_params(item.params)
    except (msgspec.DecodeError, RecursionError):
        return {}


def model_name(params: dict[str, Any], terms: Terms) -> str:
    """Return the id of the requested model, or the given name if there is no such model."""
    name = params.get("model")
    if not isinstance(name, str):
        return ""
    model = terms.models.find(name, terms.day)
    return model.id if model else name


def may_have_breakpoints(params: dict[str, Any]) -> bool:
    """Return whether anything can carry a cache breakpoint; a bare text cannot."""
    if isinstance(params.get("system"), list) or params.get("tools"):
        return True
    messages = params.get("messages")
    return isinstance(messages, list) and any(
        isinstance(message, dict) and isinstance(message.get("content"), list) for message in messages
    )


def geo_of(params: dict[str, Any], model: Model) -> str:
    """Return the geo to report for a request."""
    asked = params.get("inference_geo")
    return asked if asked == "us" and model.inference_geo != "not_available" else model.inference_geo


def limit_of(params: dict[str, Any], model: Model) -> int:
    """Return the reply's token limit for unchecked params."""
    limit = params.get("max_tokens")
    return limit if type(limit) is int and limit > 0 else model.max_output
