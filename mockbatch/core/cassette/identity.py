"""Identify requests by their significant fields."""

from typing import Any

from mockbatch.core.cassette.interaction import Interaction, Kind
from mockbatch.core.cassette.matching import counted
from mockbatch.core.cassette.values import canonical
from mockbatch.core.seeded_hash import derive_seed, draw_of


def identity(kind: Kind, request: dict[str, Any], match_on: tuple[str, ...], custom_id: str = "") -> int:
    """Return 64 bits that identify the significant fields of a request, and its kind."""
    if kind == "file":
        return draw_of(derive_seed(0, "recorded", kind), canonical(request))
    content = counted(request, match_on)
    if "custom_id" in match_on:
        content["custom_id"] = custom_id
    return draw_of(derive_seed(0, "recorded", kind), canonical(content))


def key_of(interaction: Interaction) -> str:
    """Return the key of an interaction in a fixture: 16 digits that hash everything sent."""
    sent = [interaction.kind, interaction.call, interaction.custom_id, interaction.request]
    return f"{draw_of(derive_seed(0, 'key'), canonical(sent)):016x}"


_OF_THE_RUN = frozenset({"id", "request_id", "created_at", "expires_at", "signature", "tool_use_id"})


def substance(interaction: Interaction) -> int:
    """Return a 64-bit hash of everything that a repeated run would reproduce: without ids, instants and spans."""
    received = [interaction.outcome, interaction.status, interaction.message, interaction.error, interaction.answer]
    content = [key_of(interaction), interaction.batch, interaction.streamed, *map(_lasting, received)]
    return draw_of(derive_seed(0, "substance"), canonical(content))


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(part) for key, part in value.items() if key not in _OF_THE_RUN}
    return [_lasting(part) for part in value] if isinstance(value, list) else value
