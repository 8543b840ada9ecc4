"""Building blocks for request shapes: pydantic-core schemas, which are plain dictionaries.

An object with an unknown key is rejected. Null is a distinct value: only a `nullable` schema accepts it.
"""

from collections.abc import Container, Iterable
from typing import Any

from msgspec import Struct
from pydantic_core import CoreSchema, SchemaValidator
from pydantic_core import core_schema as core

from mockbatch.core.contract.beta_fields import OPENED_BY

# distinguishes members of a union here, but is not part of the path on the wire
HIDDEN = "~"

Fields = dict[str, CoreSchema]

ANY = core.any_schema()
TEXT = core.str_schema(strict=True)
FLAG = core.bool_schema(strict=True)
INT = core.int_schema(strict=True)
COUNT = core.int_schema(strict=True, gt=0)
OBJECT = core.dict_schema(strict=True)
ID = core.str_schema(strict=True, pattern=r"^[a-zA-Z0-9_-]+$")
# finding a tag only looks at `type`, regardless of the other keys
_IS_OBJECT = core.is_instance_schema(dict)
# before pydantic 2.8 there is no fail-fast validation
_FIRST_ONLY: Any = {"fail_fast": True} if "fail_fast" in (core.list_schema.__kwdefaults__ or {}) else {}


class CallFacts(Struct, frozen=True):
    """The facts about a call that determine the shapes of its request."""

    counting: bool = False
    sampling: bool = False
    """Whether the version still has `temperature` and the other sampling parameters."""
    least_tokens: int = 0
    betas: frozenset[str] = frozenset()

    def opens(self, path: str) -> bool:
        """Return whether the call enables a part of a request that requires a beta header."""
        return not OPENED_BY[path].isdisjoint(self.betas)

    def only(self, path: str, fields: Fields) -> Fields:
        """Return the fields if the part at `path` is enabled, else none."""
        return fields if self.opens(path) else {}


def record(required: Fields, optional: Fields | None = None, *, open_ended: bool = False) -> CoreSchema:
    """Return the schema of an object with exactly these keys, or more if it is open-ended."""
    return ordered({**required, **(optional or {})}, required.keys(), open_ended=open_ended)


def ordered(fields: Fields, required: Container[str], *, open_ended: bool = False) -> CoreSchema:
    """Return the schema of an object whose keys are checked in this order, unknown ones last."""
    known = {name: core.typed_dict_field(schema, required=name in required) for name, schema in fields.items()}
    return core.typed_dict_schema(known, extra_behavior="ignore" if open_ended else "forbid", strict=True)


def tagged(tag: str, required: Fields | None = None, optional: Fields | None = None) -> Fields:
    """Return a member of a union, identified by its `type`."""
    return {tag: record({"type": one_value(tag), **(required or {})}, optional)}


def union(members: Fields) -> CoreSchema:
    """Return the schema of a union whose members are identified by `type`."""
    return core.tagged_union_schema(members, "type", strict=True)


def one_value(*values: str) -> CoreSchema:
    return core.literal_schema(list(values))


def text(least: int = 0, most: int | None = None, pattern: str | None = None) -> CoreSchema:
    return core.str_schema(strict=True, min_length=least or None, max_length=most, pattern=pattern)


def nullable(schema: CoreSchema) -> CoreSchema:
    return core.nullable_schema(schema)


def listed(items: CoreSchema, least: int = 0, most: int | None = None) -> CoreSchema:
    """Return the schema of a list. Validation stops at the first problem, as the list may have a million items."""
    return core.list_schema(items, strict=True, min_length=least or None, max_length=most, **_FIRST_ONLY)


def mapped(values: CoreSchema) -> CoreSchema:
    return core.dict_schema(TEXT, values, strict=True)


def text_or(schema: CoreSchema, tag: str = HIDDEN, text: CoreSchema = TEXT) -> CoreSchema:
    """Return the schema of a text or something else; errors are reported for the latter."""
    return core.tagged_union_schema(
        {HIDDEN + "text": text, tag: schema}, lambda value: HIDDEN + "text" if isinstance(value, str) else tag
    )


def list_or(items: CoreSchema, other: CoreSchema) -> CoreSchema:
    """Return the schema of a list or something else."""
    many, one = HIDDEN + "list", HIDDEN
    return core.tagged_union_schema(
        {many: listed(items), one: other}, lambda value: many if isinstance(value, list) else one
    )


def worded(schema: CoreSchema, words: str) -> CoreSchema:
    """Return the schema with a custom error message."""
    return core.custom_error_schema(schema, custom_error_type="worded", custom_error_message=words)


def narrowed(schema: CoreSchema, narrower: CoreSchema, words: str) -> CoreSchema:
    """Return a schema that requires both, with a custom error message for the second."""
    return core.chain_schema([schema, worded(narrower, words)])


def shaped(schema: CoreSchema) -> CoreSchema:
    """Return the schema of an object with its own message for values that are not objects."""
    return core.chain_schema([worded(_IS_OBJECT, "Input does not match the expected shape."), schema])


def an_object(schema: CoreSchema) -> CoreSchema:
    return core.chain_schema([worded(_IS_OBJECT, "Input should be an object"), schema])


def never(words: str) -> CoreSchema:
    """Return a schema that always fails with this message."""
    return worded(core.literal_schema([HIDDEN]), words)


def merged(members: Iterable[Fields]) -> Fields:
    return {tag: schema for member in members for tag, schema in member.items()}


def compiled(schema: CoreSchema) -> Any:
    return SchemaValidator(schema)


CACHE = nullable(union(tagged("ephemeral", optional={"ttl": one_value("5m", "1h")})))
CACHED: Fields = {"cache_control": CACHE}
