"""The schemas that a reply must follow: structured outputs and strict tools.

Source: https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from collections.abc import Callable
from typing import Any

from mockbatch.core.contract.meta_schema import is_schema
from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.refusals.refusal import Found, Refusal, request, said, text
from mockbatch.core.contract.schema_limits import Kind
from mockbatch.core.contract.schemas import subschemas

_PAGE, _SEEN = "build-with-claude/structured-outputs", "2026-10-10"
_STRICT_TOOLS, _OPTIONAL_PARAMETERS, _UNIONS = 20, 24, 16
_WORD = {"type": "string"}
_STRICT_TOOL = {"name": "look_up", "strict": True, "input_schema": {"type": "object", "additionalProperties": False}}
_DEFINITIONS = {"$defs": {"b": _WORD}}


def _closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _format(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}, **more}


def _limit(kind: Kind) -> Callable[[ParsedRequest], Found]:
    def finds(asked: ParsedRequest) -> Found:
        limit = asked.limit
        return limit.values if limit and limit.kind == kind else None

    return finds


def _keyword(
    kind: Kind, says: str, refused: dict[str, Any], taken: dict[str, Any], source: str = _PAGE, **more: Any
) -> Refusal:
    """Return an entry for an unsupported schema feature; the example has it in a property."""
    return Refusal(
        name=f"structured outputs: {kind}",
        says=f"{{where}}: {says}",
        on="<schema>",
        finds=_limit(kind),
        refused=request(**_format(_closed(a=refused) | _DEFINITIONS)),
        taken=request(**_format(_closed(a=taken) | _DEFINITIONS)),
        source=source,
        **{"seen": _SEEN, **more},
    )


def _strict(asked: ParsedRequest) -> int:
    return len(asked.roots) - bool(asked.format)


def _is_complex(asked: ParsedRequest) -> bool:
    optional = unions = 0
    for node in (node for _, root in asked.roots for _, node in subschemas(root)):
        properties, required, types = node.get("properties"), node.get("required"), node.get("type")
        optional += len(set(properties or ()).difference(required or ())) if isinstance(properties, dict) else 0
        unions += "anyOf" in node or isinstance(types, list)
    return _strict(asked) > _STRICT_TOOLS or optional > _OPTIONAL_PARAMETERS or unions > _UNIONS


def _cites(asked: ParsedRequest) -> bool:
    found = (placed.block.get("citations") for kind in ("document", "search_result") for placed in asked.of(kind))
    return bool(asked.format) and any(isinstance(one, dict) and one.get("enabled") for one in found)


_DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Hello"}}

REFUSALS = (
    Refusal(
        name="structured outputs on models without them",
        says="'{model}' does not support output format.",
        on="<schema>",
        finds=lambda asked: asked.format and not asked.model.structured_outputs and {"model": asked.model.id},
        refused=request(model="claude-sonnet-4-20250514", **_format(_closed(a=_WORD))),
        taken=request(**_format(_closed(a=_WORD))),
        source=_PAGE,
        seen=_SEEN,
        guess=True,
    ),
    Refusal(
        name="strict tools on models without them",
        says="'{model}' does not support strict tools.",
        on="<schema>",
        finds=lambda asked: _strict(asked) > 0 and not asked.model.structured_outputs and {"model": asked.model.id},
        refused=request(model="claude-sonnet-4-20250514", tools=[_STRICT_TOOL]),
        taken=request(tools=[_STRICT_TOOL]),
        source=_PAGE,
        seen=_SEEN,
        guess=True,
    ),
    Refusal(
        name="structured outputs: an invalid schema",
        says="{where}: JSON schema is invalid. It must match JSON Schema draft 2020-12 "
        "(https://json-schema.org/draft/2020-12).",
        on="<schema>",
        finds=lambda asked: next(({"where": where} for where, root in asked.roots if not is_schema(root)), None),
        refused=request(**_format(_closed(a={"type": "text"}))),
        taken=request(**_format(_closed(a={"type": "string"}))),
        source=_PAGE,
        seen=_SEEN,
        guess=True,
    ),
    _keyword(
        "objects must be closed",
        "For 'object' type, 'additionalProperties' must be explicitly set to false",
        {"type": "object"},
        {"type": "object", "additionalProperties": False},
        source="https://github.com/veryfront/veryfront-code/issues/3918",
    ),
    _keyword(
        "objects may not be open",
        "For 'object' type, 'additionalProperties: {value}' is not supported. Please set 'additionalProperties' to "
        "false",
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": False},
    ),
    _keyword(
        "few items",
        "For 'array' type, 'minItems' values other than 0 or 1 are not supported",
        {"type": "array", "items": _WORD, "minItems": 2},
        {"type": "array", "items": _WORD, "minItems": 1},
        source="https://github.com/RooCodeInc/Roo-Code/pull/10551",
    ),
    _keyword(
        "keyword",
        "For '{type}' type, property '{keyword}' is not supported",
        {"type": "integer", "minimum": 1},
        {**_closed(minimum={"type": "integer"})},
        source="https://github.com/laravel/ai/issues/715",
    ),
    _keyword(
        "external reference",
        "External references are not supported: {reference}",
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#/$defs/b"},
        guess=True,
    ),
    _keyword(
        "reference in allOf",
        "allOf with $ref is not supported",
        {"allOf": [{"$ref": "#/$defs/b"}]},
        {"allOf": [_WORD]},
        guess=True,
    ),
    _keyword(
        "object in enum",
        "Enum values must be strings, numbers, booleans or null",
        {"enum": [{"a": 1}]},
        {"enum": ["a", 1, None, True]},
        guess=True,
    ),
    _keyword(
        "pattern",
        "Pattern is not supported: {pattern}",
        {"type": "string", "pattern": r"^(?=a)\w+$"},
        {"type": "string", "pattern": r"^[a-z]+$"},
        guess=True,
    ),
    _keyword(
        "string format",
        "String format '{format}' is not supported",
        {"type": "string", "format": "iri"},
        {"type": "string", "format": "date-time"},
        guess=True,
    ),
    _keyword(
        "circular reference",
        "Circular reference detected in schema definitions: {cycle}. Self-referencing or mutually-referencing "
        "definitions are not supported.",
        {"$ref": "#"},
        {"$ref": "#/$defs/b"},
        source="https://github.com/egonSchiele/agency-lang/issues/487",
        seen="2026-07-10",
    ),
    Refusal(
        name="schemas that are too complex",
        says="Schema is too complex for compilation.",
        on="<schema>",
        finds=_is_complex,
        refused=request(**_format(_closed(**{f"p{n}": _WORD for n in range(25)}))),
        taken=request(**_format(_closed(**{f"p{n}": _WORD for n in range(24)}))),
        source=_PAGE,
        seen=_SEEN,
    ),
    Refusal(
        name="structured outputs beside citations",
        says="Citations are not supported together with `output_config.format`.",
        on="<schema>",
        finds=_cites,
        refused=request(
            messages=[said({**_DOCUMENT, "citations": {"enabled": True}}, text("Why?"))], **_format(_closed(a=_WORD))
        ),
        taken=request(
            messages=[said({**_DOCUMENT, "citations": {"enabled": False}}, text("Why?"))], **_format(_closed(a=_WORD))
        ),
        source=_PAGE,
        seen=_SEEN,
        guess=True,
    ),
    Refusal(
        name="structured outputs beside a prefill",
        says="Prefilling the assistant's reply is not supported together with `output_config.format`.",
        on="<schema>",
        finds=lambda asked: bool(asked.format and asked.prefill),
        refused=request(messages=[said(text("Hello")), said(text("{"), role="assistant")], **_format(_closed(a=_WORD))),
        taken=request(messages=[said(text("Hello")), said(text("{"), role="assistant")]),
        source=_PAGE,
        seen=_SEEN,
        guess=True,
    ),
)
