"""The options of a request besides messages and tools."""

from pydantic_core import CoreSchema
from pydantic_core import core_schema as core

from mockbatch.core.contract.shapes.parts import (
    FLAG,
    INT,
    OBJECT,
    TEXT,
    CallFacts,
    Fields,
    list_or,
    listed,
    merged,
    narrowed,
    nullable,
    one_value,
    record,
    shaped,
    tagged,
    text,
    text_or,
    union,
)

EFFORT: Fields = {"effort": nullable(one_value("low", "medium", "high", "xhigh", "max"))}
FORMAT = record({"type": one_value("json_schema"), "schema": OBJECT})
_BUDGET = union(tagged("tokens", {"total": INT}, {"remaining": nullable(INT)}))

SHARE = narrowed(core.float_schema(strict=True), core.float_schema(strict=True, ge=0, le=1), "range: 0..1")
SPEED = nullable(one_value("standard", "fast"))
METADATA = nullable(shaped(record({}, {"user_id": nullable(text(most=512))})))
GEO = nullable(narrowed(TEXT, one_value("global", "us"), "must be one of ['global', 'us']"))
DIAGNOSTICS = nullable(record({}, {"previous_message_id": nullable(TEXT)}))

_SKILL = record({"skill_id": TEXT, "type": one_value("anthropic", "custom")}, {"version": TEXT})
_CONTAINER = record({}, {"id": nullable(TEXT), "skills": nullable(listed(_SKILL))})
CONTAINER = nullable(text_or(shaped(_CONTAINER), "ContainerParams"))


def thinking(call: CallFacts) -> CoreSchema:
    """Return the schema of `thinking`."""
    updates = ["updates"] if call.opens("thinking.display=updates") else []
    binding = record({}, {"prefix_mismatch_behavior": nullable(one_value("error", "drop_block"))})
    shown: Fields = {
        "display": nullable(one_value("summarized", "omitted", *updates)),
        **call.only("thinking.block_binding", {"block_binding": nullable(binding)}),
    }
    modes = [
        tagged("adaptive", optional=shown),
        tagged("between_tools"),
        tagged("disabled"),
        tagged("enabled", {"budget_tokens": core.int_schema(strict=True, ge=1024)}, shown),
    ]
    return union(merged(modes))


def output_config(call: CallFacts) -> CoreSchema:
    """Return the schema of `output_config`: effort and format."""
    budget = call.only("output_config.task_budget", {"task_budget": nullable(_BUDGET)})
    return shaped(record({}, {**EFFORT, "format": nullable(FORMAT), **budget}))


def _amount(*kinds: str) -> CoreSchema:
    return union(merged(tagged(kind, {"value": INT}) for kind in kinds))


_CLEAR_TOOL_USES: Fields = {
    "clear_at_least": nullable(_amount("input_tokens")),
    "clear_tool_inputs": nullable(list_or(TEXT, FLAG)),
    "exclude_tools": nullable(listed(TEXT)),
    "keep": _amount("tool_uses"),
    "trigger": _amount("input_tokens", "tool_uses"),
}
_TURNS = union({**tagged("thinking_turns", {"value": INT}), **tagged("all")})
_COMPACT: Fields = {
    "instructions": nullable(TEXT),
    "pause_after_compaction": FLAG,
    "trigger": nullable(_amount("input_tokens")),
}


def context_management(call: CallFacts) -> CoreSchema:
    """Return the schema of `context_management`: what is cleared from a long conversation."""
    compact = tagged("compact_20260112", optional=_COMPACT)
    edits = {
        **tagged("clear_tool_uses_20250919", optional=_CLEAR_TOOL_USES),
        **tagged("clear_thinking_20251015", optional={"keep": text_or(_TURNS, text=one_value("all"))}),
        **call.only("context_management.edits[]:compact_20260112", compact),
    }
    return nullable(record({}, {"edits": listed(union(edits))}))


_MCP_TOOLS = record({}, {"allowed_tools": nullable(listed(TEXT)), "enabled": nullable(FLAG)})
MCP_SERVERS = listed(
    record(
        {"name": TEXT, "type": one_value("url"), "url": TEXT},
        {"authorization_token": nullable(TEXT), "tool_configuration": nullable(_MCP_TOOLS)},
    ),
    most=20,
)
THREAD = nullable(union({**tagged("create"), **tagged("continue", {"previous_message_id": TEXT})}))
BILLING_POLICY = nullable(union(tagged("billing_policy", optional={"bill_to": one_value("self", "user_profile")})))
COMPACTION = nullable(union(tagged("summarize", optional={"instructions": nullable(TEXT)})))


def fallbacks(call: CallFacts) -> CoreSchema:
    """Return the schema of the fallback models for a refusal."""
    own: Fields = {
        "max_tokens": nullable(INT),
        "output_config": nullable(output_config(call)),
        "speed": SPEED,
        "thinking": nullable(thinking(call)),
    }
    chain = listed(record({"model": TEXT}, own))
    by_name = call.opens("fallbacks=default")
    return nullable(text_or(chain, text=one_value("default")) if by_name else chain)


def fallback_credit_token(call: CallFacts) -> CoreSchema:
    """Return the schema of the credit token that compensates for a refusal."""
    detailed = record({"token": TEXT}, {"mode": one_value("strict", "best_effort")})
    return nullable(text_or(detailed) if call.opens("fallback_credit_token:object") else TEXT)
