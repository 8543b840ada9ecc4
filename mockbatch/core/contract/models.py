"""The models as `/v1/models` shows them.

Source: https://platform.claude.com/docs/en/api/models/list and the types of the official SDK.
"""

import re

from mockbatch.core.contract import wire
from mockbatch.core.contract.catalog import Model, Models

_UNKNOWN_DATE = "1970-01-01T00:00:00Z"
_SNAPSHOT = re.compile(r"-(\d{4})(\d\d)(\d\d)$")
_YES = wire.Support(True)


def model_info(model: Model, models: Models, day: str) -> wire.ModelInfo:
    """A model as it is shown on that day. A date that nobody published is null, or the epoch where it must be one."""
    return wire.ModelInfo(
        id=model.id,
        display_name=display_name(model.id),
        created_at=_released(model.id),
        lifecycle=models.lifecycle(model, day),
        deprecated_at=None,
        retires_at=f"{model.retires}T00:00:00Z" if model.retires else None,
        line=model.line,
        max_input_tokens=model.context,
        max_tokens=model.max_output,
        capabilities=_capabilities(model),
    )


def display_name(model_id: str) -> str:
    """`claude-opus-4-5-20251101` is Claude Opus 4.5, `claude-3-7-sonnet-20250219` Claude Sonnet 3.7."""
    name, *parts = _SNAPSHOT.sub("", model_id).split("-")
    words = [part.capitalize() for part in parts if not part.isdigit()]
    version = ".".join(part for part in parts if part.isdigit())
    return " ".join(filter(None, [name.capitalize(), *words, version]))


def _released(model_id: str) -> str:
    found = _SNAPSHOT.search(model_id)
    return "{}-{}-{}T00:00:00Z".format(*found.groups()) if found else _UNKNOWN_DATE


def _capabilities(model: Model) -> wire.ModelCapabilities:
    def since(generation: float) -> wire.Support:
        return wire.Support(model.generation >= generation)

    effort = wire.Support(model.has_effort)
    thinks = model.generation >= 3.7
    return wire.ModelCapabilities(
        batch=_YES,
        citations=since(3.5),
        code_execution=since(4.5),
        context_management=wire.ContextManagement(since(4.0), since(4.0), since(4.6), model.generation >= 4.0),
        effort=wire.Effort(effort, effort, effort, since(4.7), since(4.6), model.has_effort),
        image_input=_YES,
        pdf_input=since(3.5),
        server_tools=wire.ServerTools(since(3.5), since(3.5), model.generation >= 3.5),
        structured_outputs=since(4.5),
        thinking=wire.Thinking(
            thinks,
            wire.ThinkingTypes(
                adaptive=wire.Support(model.thinks_adaptively),
                between_tools=wire.Support(model.generation >= 5.5 and not model.always_thinks),
                disabled=wire.Support(not model.always_thinks),
                enabled=wire.Support(thinks and model.takes_thinking_budget),
            ),
        ),
    )
