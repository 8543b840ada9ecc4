"""The params of a request, in the order in which the API checks them."""

from typing import Any

from pydantic_core import CoreSchema
from pydantic_core import core_schema as core

from mockbatch.core.contract.shapes import options, tools
from mockbatch.core.contract.shapes.blocks import TEXT_BLOCK, content
from mockbatch.core.contract.shapes.parts import (
    CACHED,
    FLAG,
    HIDDEN,
    INT,
    TEXT,
    CallFacts,
    Fields,
    an_object,
    listed,
    narrowed,
    never,
    nullable,
    one_value,
    ordered,
    record,
    shaped,
    text,
    text_or,
)

_SPEAKERS = ("user", "assistant")
_CLEAR_AT, _OUTPUT_CONFIG = "messages[].clear_at", "messages[].output_config"
_SYSTEM = text_or(listed(shaped(TEXT_BLOCK["text"])), HIDDEN + "list")

# sent only with count_tokens requests
_COUNTED = (
    *("model", "tool_choice", "tools", "messages", "system", "thinking", "output_config", "cache_control", "speed"),
    *("context_management", "mcp_servers", "compaction", "billing_policy", "output_format"),
)


def request(call: CallFacts) -> CoreSchema:
    """Return the schema of the params of a call."""
    fields = _fields(call)
    if call.counting:
        fields = {name: schema for name, schema in fields.items() if name in _COUNTED}
    return ordered(fields, ("model", "messages", "max_tokens"))


def _fields(call: CallFacts) -> Fields:
    """Return the fields in the order in which a third party saw the API check them, untested ones last."""
    tool = tools.definition(call)
    temperature: Fields = {"temperature": options.SHARE} if call.sampling else {}
    top: Fields = {"top_k": core.int_schema(strict=True, ge=0), "top_p": options.SHARE} if call.sampling else {}
    return {
        "model": text(least=1),
        "tool_choice": tools.CHOICE,
        "tools": listed(tool),
        "messages": listed(_message(call, tool), least=1, most=100_000),
        "system": _SYSTEM,
        "thinking": options.thinking(call),
        "output_config": options.output_config(call),
        **CACHED,
        "max_tokens": _at_least(call.least_tokens),
        "metadata": options.METADATA,
        "stop_sequences": nullable(listed(TEXT)),
        **temperature,
        "service_tier": one_value("auto", "standard_only"),
        **top,
        "stream": FLAG,
        "container": options.CONTAINER,
        "inference_geo": options.GEO,
        "speed": options.SPEED,
        "diagnostics": options.DIAGNOSTICS,
        **_in_beta(call),
    }


def _in_beta(call: CallFacts) -> Fields:
    fields: Fields = {
        "context_management": options.context_management(call),
        "mcp_servers": options.MCP_SERVERS,
        "fallbacks": options.fallbacks(call),
        "fallback_credit_token": options.fallback_credit_token(call),
        "thread": options.THREAD,
        "compaction": options.COMPACTION,
        "billing_policy": options.BILLING_POLICY,
        "user_profile_id": TEXT,
        "output_format": nullable(options.FORMAT),
    }
    return {name: schema for name, schema in fields.items() if call.opens(name)}


def _at_least(least: int) -> CoreSchema:
    return narrowed(INT, core.int_schema(strict=True, ge=least), f"must be greater than or equal to {least}")


def _message(call: CallFacts, tool: CoreSchema) -> CoreSchema:
    common: Fields = {"content": content(call, tool)}
    misplaced = call.only(_CLEAR_AT, {"clear_at": never("clear_at is only permitted on role 'system' messages")})
    roles = {HIDDEN + role: record({"role": one_value(role), **common}, misplaced) for role in _SPEAKERS}
    roles[HIDDEN + "system"] = _system_message(call, common)
    return an_object(core.tagged_union_schema(roles, _role_of))


def _system_message(call: CallFacts, common: Fields) -> CoreSchema:
    fields: Fields = {
        "role": one_value("system"),
        **common,
        **call.only(_CLEAR_AT, {"clear_at": nullable(one_value("next_user_message", "never"))}),
        **call.only(_OUTPUT_CONFIG, {"output_config": nullable(record({}, options.EFFORT))}),
    }
    return ordered(fields, ("role",) if call.opens(_OUTPUT_CONFIG) else ("role", "content"))


def _role_of(message: dict[str, Any]) -> str | None:
    if "role" not in message:
        return None
    role = message["role"]
    return HIDDEN + role if role in (*_SPEAKERS, "system") else str(role)
