"""What models do when the request does not say: whether they think, show it, and speak before they call tools.

Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking, .../adaptive-thinking, .../effort
"""

from typing import Literal

from mockbatch.core.contract.catalog import Model

Effort = Literal["low", "medium", "high", "xhigh", "max"]


def can_think(model: Model) -> bool:
    """Whether a model thinks at all."""
    return model.generation >= 3.7


def thinks_unasked(model: Model) -> bool:
    """Whether a model thinks when the request does not speak of it."""
    return model.always_thinks or model.generation >= 5.0


def shows_thinking(model: Model) -> bool:
    """Whether a summary of the thinking is sent when the request does not say."""
    return model.generation < 4.7


def usual_effort(model: Model) -> Effort:
    """The effort of a model when the request names none."""
    return "medium" if model.generation >= 5.5 and model.line in ("opus", "haiku") else "high"


def speaks_before_calls(model: Model) -> bool:
    """Whether a model says that it calls a tool; the newest think it instead."""
    return not (model.generation >= 5.5 and model.line in ("opus", "sonnet"))
