"""Requests of public reports: what the API was seen to refuse, and what it was seen to take."""

from typing import Any

import pytest

from mockbatch.core.contract.refusals import Example
from tests.refused import answer

CLOSED = {"type": "object", "additionalProperties": False}
USE = {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "fine"}
PNG = {"type": "base64", "media_type": "image/jpeg", "data": "iVBORw0KGgoAAAANSUhEUgAA"}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
OLD = "2023-06-01"


def form(**properties: Any) -> dict[str, Any]:
    schema = {**CLOSED, "properties": properties}
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def tools(*schemas: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tools": [{"name": f"tool_{n}", "input_schema": schema, **more} for n, schema in enumerate(schemas)]}


def said(*contents: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": content} for n, content in enumerate(contents)]}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "laravel/ai#715, a minimum": (
        form(age={"type": "integer", "minimum": 1}),
        "output_config.format.schema: For 'integer' type, property 'minimum' is not supported",
    ),
    "laravel/ai#715, items": (
        form(tags={"type": "array", "items": {"type": "string"}, "minItems": 3}),
        "output_config.format.schema: For 'array' type, 'minItems' values other than 0 or 1 are not supported",
    ),
    "veryfront/veryfront-code#3918": (
        form(address={"type": "object", "properties": {}}),
        "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
    ),
    "RooCodeInc/Roo-Code#10551": (
        tools({**CLOSED, "properties": {"a": {"type": "array", "minItems": 2}}}, strict=True),
        "tools.0.custom: For 'array' type, 'minItems' values other than 0 or 1 are not supported",
    ),
    "langchain-ai/langchain#39271": (
        tools({"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}),
        "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level",
    ),
    "anthropics/claude-code#86665": (
        tools({"type": "object"}, {"type": "object", "properties": {"a": {"type": "datetime"}}}),
        "tools.1.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12 "
        "(https://json-schema.org/draft/2020-12). Learn more about tool use at "
        "https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview.",
    ),
    "SalesforceAIResearch/MCP-Universe#49": (
        {"model": "claude-opus-4-6", "temperature": 0.2, "top_p": 0.9},
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
    ),
    "EleutherAI/lm-evaluation-harness#3822": (
        {"stop_sequences": ["\n"]},
        "stop_sequences: each stop sequence must contain non-whitespace",
    ),
    "crewAIInc/crewAI#4429": (
        said("Hello", [], "Go on"),
        "messages.1: all messages must have non-empty content except for the optional final assistant message",
    ),
    "BerriAI/litellm#23510": (
        said("Hello", [USE, USE], [RESULT]),
        "messages.1.content.1: `tool_use` ids must be unique",
    ),
    "vybestack/llxprt-code#2130": (
        said([{"type": "image", "source": PNG}]),
        "messages.0.content.0.image.source.base64: The image was specified using the image/jpeg media type, but the "
        "image appears to be a image/png image",
    ),
    "dust-tt/dust#26545": (
        said("Hello", [USE], [{**RESULT, "content": [{"type": "image", "source": PNG}]}]),
        "messages.2.content.0.content.0.image.source.base64: The image was specified using the image/jpeg media type, "
        "but the image appears to be a image/png image",
    ),
    "dust-tt/dust#22800": (
        {"model": "claude-sonnet-5-5", **tools(CLOSED), "tool_choice": {"type": "any"}},
        'tool_choice: type "tool" and "any" are not supported for this model.',
    ),
    "egonSchiele/agency-lang#487": (
        {
            "output_config": {
                "format": {
                    "type": "json_schema",
                    "schema": {
                        "$ref": "#/$defs/__schema0",
                        "$defs": {
                            "__schema0": {
                                **CLOSED,
                                "properties": {"nested": {"type": "array", "items": {"$ref": "#/$defs/__schema0"}}},
                            }
                        },
                    },
                }
            }
        },
        "output_config.format.schema: Circular reference detected in schema definitions: __schema0 -> __schema0. "
        "Self-referencing or mutually-referencing definitions are not supported.",
    ),
}

TAKEN: dict[str, dict[str, Any]] = {
    "tombii/better-ccflare#357": tools({"type": "object", "properties": {"a": {"pattern": "^(?!x)[a-z]+$"}}}),
    "router-for-me/CLIProxyAPI#5644": tools(
        {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "multipleOf": 5}}, "maxProperties": 3}
    ),
    "enricoros/big-AGI#1010": {"model": "claude-opus-5", **said("Hello", [SEARCH])},
    "WordPress/ai-provider-for-anthropic#29": {
        "model": "claude-sonnet-5-5",
        **said("Hello", [{"type": "text", "text": "Looking."}, SEARCH]),
    },
    "properties that are named like keywords": form(
        minItems={"type": "string"}, **{"$ref": {"type": "string"}, "enum": {"type": "string"}}
    ),
    "no properties": tools({"type": "object", "properties": None, "required": None}),
    "recursion in a tool": tools({"type": "object", "properties": {"next": {"$ref": "#"}}}),
}


@pytest.mark.parametrize("report", REFUSED)
def test_what_the_api_refused_is_refused(report: str) -> None:
    """In its words, under the older version, which takes the most."""
    change, words = REFUSED[report]
    error = answer(Example(change, OLD))
    assert error is not None
    assert error.message == words


@pytest.mark.parametrize("report", TAKEN)
def test_what_the_api_took_is_taken(report: str) -> None:
    error = answer(Example(TAKEN[report]))
    assert error is None, error.message
