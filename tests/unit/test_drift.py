"""Our wire models against the types of the newest official SDK, field by field, all the way down."""

import types
from collections.abc import Iterator
from importlib import import_module
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from msgspec import Struct

from mockbatch.core.contract import wire

PAIRS = {
    wire.MessageBatch: "anthropic.types.messages:MessageBatch",
    wire.DeletedMessageBatch: "anthropic.types.messages:DeletedMessageBatch",
    wire.ResultLine: "anthropic.types.messages:MessageBatchIndividualResponse",
    wire.Message: "anthropic.types:Message",
    wire.StreamUsage: "anthropic.types:MessageDeltaUsage",
    wire.MessageTokensCount: "anthropic.types:MessageTokensCount",
    wire.ModelInfo: "anthropic.types:ModelInfo",
    wire.FileMetadata: "anthropic.types:FileMetadata",
    wire.DeletedFile: "anthropic.types:DeletedFile",
    wire.RateLimit: "anthropic.types.organization:OrganizationRateLimit",
}

# what the SDK may be sent and is not, or is sent and does not declare, with the reason
OMITTED = {
    "Message.usage.speed": "live rows have none",
    "Message.content.caller": "only tools that code calls need it",
}
UNDECLARED = {"ResultLine.result.error.error.details": "live rows have it, and the SDK's types do not"}


def kinds(annotation: Any) -> Iterator[Any]:
    """The types that an annotation allows: unions, lists and annotations taken apart."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from kinds(part)
    elif origin is list or str(origin).endswith("Annotated'>") or hasattr(annotation, "__metadata__"):
        yield from kinds(get_args(annotation)[0] if get_args(annotation) else annotation.__origin__)
    elif hasattr(annotation, "__value__"):
        yield from kinds(annotation.__value__)
    else:
        yield annotation


def literals(annotation: Any) -> set[Any]:
    return {value for kind in kinds(annotation) if get_origin(kind) is Literal for value in get_args(kind)}


def tag_of(kind: Any) -> Any:
    """What tells a member of a union from the others."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        tag = kind.__struct_config__.tag
        return tag if tag is not None else next(iter(literals(hints(kind).get("type"))), None)
    return next(iter(literals(kind.model_fields["type"].annotation)), None) if "type" in kind.model_fields else None


def hints(struct: type[Struct]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(struct)}


def compared(ours: type[Struct], theirs: Any, path: str) -> Iterator[str]:
    """What differs between a wire model and an SDK model."""
    path = "Message" if ours is wire.Message else path
    fields, declared = hints(ours), dict(theirs.model_fields)
    if ours.__struct_config__.tag is not None:
        fields["type"] = Literal[ours.__struct_config__.tag]
    for name in declared.keys() - fields.keys():
        if f"{path}.{name}" not in OMITTED:
            yield f"{path}.{name} is not sent"
    for name in fields.keys() - declared.keys():
        if f"{path}.{name}" not in UNDECLARED:
            yield f"{path}.{name} is not declared"
    for name in fields.keys() & declared.keys():
        yield from field_compared(fields[name], declared[name], f"{path}.{name}")


def field_compared(ours: Any, field: Any, path: str) -> Iterator[str]:
    mine, their = list(kinds(ours)), list(kinds(field.annotation))
    if types.NoneType in mine and types.NoneType not in their:
        yield f"{path} may be null, and is not declared so"
    if their_literals := literals(field.annotation):
        if extra := literals(ours) - their_literals:
            yield f"{path} has values that are not declared: {extra}"
        if str in mine and str not in their and "stop_reason" not in path:
            yield f"{path} is any text, and declared as {their_literals}"
    models = {tag_of(kind): kind for kind in their if hasattr(kind, "model_fields")}
    for kind in mine:
        if isinstance(kind, type) and issubclass(kind, Struct):
            if tag_of(kind) in models:
                yield from compared(kind, models[tag_of(kind)], path)
            else:
                yield from compared_with_all(kind, list(models.values()), path)


def compared_with_all(ours: type[Struct], members: list[Any], path: str) -> Iterator[str]:
    """What differs between a wire model and the members of a union that it stands for, all of the same shape."""
    if not members:
        yield f"{path} is an object, and not declared as one"
        return
    declared = [set(member.model_fields) for member in members]
    for name in set.intersection(*declared) - hints(ours).keys():
        yield f"{path}.{name} is not sent"
    for name in hints(ours).keys() - set.union(*declared):
        if f"{path}.{name}" not in UNDECLARED:
            yield f"{path}.{name} is not declared"


@pytest.mark.parametrize("ours", PAIRS, ids=lambda struct: struct.__name__)
def test_nothing_has_drifted(ours: type[Struct]) -> None:
    """Same fields, same values, null only where it is declared."""
    module, _, name = PAIRS[ours].partition(":")
    theirs = getattr(import_module(module), name)
    assert sorted(compared(ours, theirs, ours.__name__)) == []


def typed_dicts(union: Any) -> dict[str, set[str]]:
    """The keys of each member of a union of TypedDicts, by its `type`."""
    found: dict[str, set[str]] = {}
    for kind in kinds(union):
        # a TypedDict of the SDK configures pydantic with names that only type checkers import
        keys = get_type_hints(kind, localns={"ClassVar": ClassVar, "ConfigDict": Any})
        for tag in literals(keys["type"]):
            found[tag] = found.get(tag, set()) | {_alias(name) for name in keys if name != "model_config"}
    return found


def _alias(name: str) -> str:
    return {"from_": "from"}.get(name, name)


@pytest.mark.parametrize(
    ("union", "known"),
    [
        ("anthropic.types:ContentBlockParam", "BLOCKS"),
        ("anthropic.types.beta:BetaContentBlockParam", "BLOCKS"),
        ("anthropic.types:ToolUnionParam", "TOOLS"),
        ("anthropic.types.beta:BetaToolUnionParam", "TOOLS"),
    ],
)
def test_whatever_the_sdk_can_send_is_in_shape(union: str, known: str) -> None:
    """Every kind of block and tool, with every key."""
    from mockbatch.core.contract import shapes  # not before: pydantic

    module, _, name = union.partition(":")
    ours = {
        shape.__name__: {field.alias or key for key, field in shape.model_fields.items()}
        for shape in getattr(shapes, known)
    }
    for tag, keys in typed_dicts(getattr(import_module(module), name)).items():
        assert tag in ours
        assert keys - ours[tag] == set(), tag


def test_every_exception_is_still_one() -> None:
    """A field that is listed here and has come or gone is a drift too."""
    from anthropic.types import ToolUseBlock, Usage
    from anthropic.types.shared import InvalidRequestError

    models = {"Message.usage": Usage, "Message.content": ToolUseBlock}
    for path in OMITTED:
        parent, _, name = path.rpartition(".")
        theirs: Any = models[parent]
        assert name in theirs.model_fields
    error: Any = InvalidRequestError
    assert "details" not in error.model_fields
