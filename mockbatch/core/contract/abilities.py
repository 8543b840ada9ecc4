"""What a model can do with tools, effort and structured outputs. All shapes are checked before.

Source: https://platform.claude.com/docs/en/api/errors, .../build-with-claude/structured-outputs and the models' pages.
"""

from collections.abc import Iterator
from typing import Any

from mockbatch.core.contract.errors import refuse
from mockbatch.core.contract.model import Model

_STRICT_TOOLS, _OPTIONAL_PARAMETERS, _UNIONS = 20, 24, 16


def check_abilities(params: dict[str, Any], model: Model) -> None:
    """Raises InvalidRequest for what the model does not take."""
    tools, config = params.get("tools") or [], params.get("output_config") or {}
    thinking = (params.get("thinking") or {}).get("type")
    _check_tools(tools, params.get("tool_choice") or {}, model, thinking)
    if params.get("inference_geo") is not None and not model.knows_geo:
        refuse("`inference_geo` is not supported for this model.")
    effort = config.get("effort")
    if effort is not None and not model.efforts:
        refuse("This model does not support the effort parameter.")
    if thinking == "disabled" and effort is not None and effort not in model.efforts_unthinking:
        refuse(f"`thinking.type.disabled` is not supported at effort `{effort}` for this model.")
    _check_schemas(params, tools, config.get("format"))


def _check_tools(tools: list[dict[str, Any]], choice: dict[str, Any], model: Model, thinking: str | None) -> None:
    names = [tool["name"] for tool in tools if "name" in tool]
    if len(set(names)) < len(names):
        refuse("tools: Tool names must be unique.")
    if choice and not tools:
        refuse("tool_choice may only be specified while providing tools.")
    forced = choice.get("type") in ("any", "tool")
    if forced and not model.forced_tools:
        refuse('`tool_choice.type` "any" and "tool" are not supported for this model. Use "auto" instead.')
    if choice.get("type") == "tool" and choice["name"] not in names:
        refuse(f"tool_choice.tool.name: Tool '{choice['name']}' not found in provided tools")
    if forced and thinking == "enabled":
        refuse("Thinking may not be enabled when tool_choice forces tool use.")


def _check_schemas(params: dict[str, Any], tools: list[dict[str, Any]], form: dict[str, Any] | None) -> None:
    strict = [tool["input_schema"] for tool in tools if tool.get("strict") and "input_schema" in tool]
    schemas = [*strict, *([form["schema"]] if form else [])]
    objects = [node for schema in schemas for node in nodes(schema)]
    optional = sum(len(set(_properties(node)) - set(_required(node))) for node in objects)
    unions = sum("anyOf" in node or isinstance(node.get("type"), list) for node in objects)
    if len(strict) > _STRICT_TOOLS or optional > _OPTIONAL_PARAMETERS or unions > _UNIONS:
        refuse("Schema is too complex for compilation.")
    if form and _cites(params):
        refuse("Citations are not supported together with `output_config.format`.")


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _properties(node: dict[str, Any]) -> dict[str, Any]:
    found = node.get("properties")
    return found if isinstance(found, dict) else {}


def _required(node: dict[str, Any]) -> list[str]:
    found = node.get("required")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def _cites(params: dict[str, Any]) -> bool:
    contents = [message["content"] for message in params["messages"] if isinstance(message["content"], list)]
    citing = [block.get("citations") for blocks in contents for block in blocks if block["type"] == "document"]
    return any(isinstance(citations, dict) and citations.get("enabled") for citations in citing)
