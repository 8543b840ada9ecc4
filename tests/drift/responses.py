"""What we send against what an SDK declares, field by field, all the way down."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct, UnsetType

from mockbatch.core.contract import wire
from tests.drift.grammar import Grammar, Type

PAIRS: dict[type[Struct], str] = {
    wire.MessageBatch: "MessageBatch",
    wire.DeletedMessageBatch: "DeletedMessageBatch",
    wire.ResultLine: "MessageBatchIndividualResponse",
    wire.Message: "Message",
    wire.StreamUsage: "MessageDeltaUsage",
    wire.MessageTokensCount: "MessageTokensCount",
    wire.ModelInfo: "ModelInfo",
    wire.FileMetadata: "FileMetadata",
    wire.DeletedFile: "DeletedFile",
    wire.RateLimit: "OrganizationRateLimit",
}

Field = tuple[type[Struct], str]


class Ours:
    """Our wire models, of which one field can be taken out."""

    def __init__(self, without: Field | None = None) -> None:
        self._without = without

    def fields(self, struct: type[Struct]) -> dict[str, Any]:
        fields = {field.name: field.type for field in msgspec.structs.fields(struct)}
        if struct.__struct_config__.tag is not None:
            fields = {"type": Literal[struct.__struct_config__.tag], **fields}
        return {name: kind for name, kind in fields.items() if (struct, name) != self._without}


def kinds(annotation: Any) -> Iterator[Any]:
    """Yield the types that an annotation allows: unions, lists and annotations taken apart."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from kinds(part)
    elif origin is list or hasattr(annotation, "__metadata__"):
        yield from kinds(get_args(annotation)[0])
    elif annotation is not UnsetType:
        yield annotation


def structs(annotation: Any) -> list[type[Struct]]:
    return [kind for kind in kinds(annotation) if isinstance(kind, type) and issubclass(kind, Struct)]


def fields_below(struct: type[Struct], seen: set[type[Struct]] | None = None) -> Iterator[Field]:
    """Yield each field of a wire model and of all that it is made of, once."""
    seen = set() if seen is None else seen
    if struct in seen:
        return
    seen.add(struct)
    for name, kind in Ours().fields(struct).items():
        yield struct, name
        for inner in structs(kind):
            yield from fields_below(inner, seen)


class Comparison:
    """What differs between our wire models and the types of an SDK."""

    def __init__(self, grammar: Grammar, ours: Ours) -> None:
        self._grammar, self._ours = grammar, ours

    def of(self, struct: type[Struct]) -> list[str]:
        return sorted(set(self._objects(struct, self._grammar.roots[PAIRS[struct]]["object"], PAIRS[struct])))

    def _objects(self, struct: type[Struct], name: str, path: str) -> Iterator[str]:
        path = "Message" if struct is wire.Message else path
        ours, theirs = self._ours.fields(struct), self._grammar.objects[name]
        yield from (f"{path}.{key} is not sent" for key in theirs.keys() - ours.keys())
        yield from (f"{path}.{key} is not declared" for key in ours.keys() - theirs.keys())
        for key in ours.keys() & theirs.keys():
            yield from self._fields(ours[key], theirs[key]["type"], f"{path}.{key}")

    def _fields(self, ours: Any, theirs: Type, path: str) -> Iterator[str]:
        mine, their = list(kinds(ours)), list(_parts(theirs))
        if NoneType in mine and {"plain": "null"} not in their and their != [{"any": True}]:
            yield f"{path} may be null, and is not declared so"
        values = {value for part in their for value in part.get("values", ())}
        named = {value for kind in mine if get_origin(kind) is Literal for value in get_args(kind)}
        yield from (f"{path}={value} is not declared" for value in named - values if values)
        members = {tag: part["object"] for part in their if "object" in part for tag in self._tags(part["object"])}
        sent = structs(ours)
        for struct in sent:
            yield from self._member(struct, members, path)
        tags: set[Any] = {tag for struct in sent for tag in _tags(struct)}
        if sent and None not in tags:
            yield from (f"{path}:{tag} is not sent" for tag in members.keys() - tags)

    def _member(self, struct: type[Struct], members: dict[Any, str], path: str) -> Iterator[str]:
        named = {members[tag] for tag in _tags(struct) if tag in members}
        if len(members) == 1:
            named = set(members.values())
        if named:
            for name in sorted(named):
                yield from self._objects(struct, name, path)
        elif members:
            yield from self._shared(struct, list(members.values()), path)
        else:
            yield f"{path} is an object, and is not declared as one"

    def _shared(self, struct: type[Struct], names: list[str], path: str) -> Iterator[str]:
        """Yield what differs between a wire model and the members of a union that it stands for."""
        declared = [set(self._grammar.objects[name]) for name in names]
        ours = self._ours.fields(struct).keys()
        yield from (f"{path}.{key} is not sent" for key in set.intersection(*declared) - ours)
        yield from (f"{path}.{key} is not declared" for key in ours - set.union(*declared))

    def _tags(self, name: str) -> set[Any]:
        key = self._grammar.objects[name].get("type")
        return (set(self._grammar.values(key["type"])) if key else set()) or {None}


def _tags(struct: type[Struct]) -> set[Any]:
    """Return the types that a wire model stands for, whether or not the field was taken out."""
    kind = Ours().fields(struct).get("type")
    named = {value for part in kinds(kind) if get_origin(part) is Literal for value in get_args(part)}
    return named or {None}


def _parts(kind: Type) -> Iterator[Type]:
    if "union" in kind:
        for part in kind["union"]:
            yield from _parts(part)
    elif "list" in kind:
        yield from _parts(kind["list"])
    else:
        yield kind
