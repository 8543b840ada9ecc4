"""The models in the format of `/v1/models`.

Source: https://platform.claude.com/docs/en/api/models/list and the types of the official SDK.
"""

import re
from typing import get_args

from mockbatch.core.contract import wire
from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.model import EFFORTS, Model, ThinkingType

_UNKNOWN_DATE = "1970-01-01T00:00:00Z"
_SNAPSHOT = re.compile(r"-(\d{4})(\d\d)(\d\d)$")


def model_info(model: Model, models: Models, day: str) -> wire.ModelInfo:
    """Return the API's view of a model on that day. Unpublished dates are null, or the epoch if null is not allowed."""
    return wire.ModelInfo(
        id=model.id,
        display_name=display_name(model.id),
        created_at=_released(model.id),
        lifecycle=models.lifecycle(model, day),
        deprecated_at=_midnight(model.deprecated),
        retires_at=_midnight(model.retires),
        line=model.line,
        max_input_tokens=model.context,
        max_tokens=model.max_output,
        capabilities=_capabilities(model),
    )


def _midnight(day: str | None) -> str | None:
    return f"{day}T00:00:00Z" if day else None


def display_name(model_id: str) -> str:
    """Return the display name: `claude-opus-4-5-20251101` is Claude Opus 4.5, `claude-3-7-sonnet-20250219` Claude
    Sonnet 3.7.
    """
    name, *parts = _SNAPSHOT.sub("", model_id).split("-")
    words = [part.capitalize() for part in parts if not part.isdigit()]
    version = ".".join(part for part in parts if part.isdigit())
    return " ".join(filter(None, [name.capitalize(), *words, version]))


def _released(model_id: str) -> str:
    found = _SNAPSHOT.search(model_id)
    return "{}-{}-{}T00:00:00Z".format(*found.groups()) if found else _UNKNOWN_DATE


def _capabilities(model: Model) -> wire.ModelCapabilities:
    support = wire.Support
    edits = support(model.context_edits)
    compaction = support(model.compaction)
    return wire.ModelCapabilities(
        batch=support(True),
        citations=support(model.citations),
        code_execution=support(model.code_execution),
        context_management=wire.ContextManagement(edits, edits, compaction, model.context_edits or model.compaction),
        effort=wire.Effort(
            **{effort: support(effort in model.efforts) for effort in EFFORTS}, supported=bool(model.efforts)
        ),
        image_input=support(model.images),
        pdf_input=support(model.pdfs),
        server_tools=wire.ServerTools(support(model.server_tools), support(model.server_tools), model.server_tools),
        structured_outputs=support(model.structured_outputs),
        thinking=wire.Thinking(
            model.thinks != "never",
            wire.ThinkingTypes(**{kind: support(kind in model.thinking) for kind in get_args(ThinkingType)}),
        ),
    )
