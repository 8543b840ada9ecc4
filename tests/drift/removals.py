"""Parts taken out of the shapes of requests, to see whether anyone notices."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from msgspec import Struct
from pydantic_core import SchemaValidator, ValidationError

from mockbatch.core.contract.beta_fields import OPENING
from mockbatch.core.contract.shapes.request import request
from tests.drift.grammar import Sample
from tests.drift.requests import call

_PARTS = {"typed-dict": "fields", "tagged-union": "choices"}
# between two steps of a path
_PLUMBING = ("schema", *_PARTS.values(), "steps", "items_schema", "values_schema", "keys_schema")


class Removal(Struct, frozen=True):
    """One key, member or value of a schema."""

    path: str
    node: dict[str, Any]
    part: Any

    @contextmanager
    def done(self) -> Iterator[None]:
        """Take it out, and put it back."""
        name = _PARTS.get(self.node["type"], "expected")
        before = self.node[name]
        rest = [part for part in before if part != self.part]
        self.node[name] = {part: before[part] for part in rest} if isinstance(before, dict) else rest
        yield
        self.node[name] = before


def schema_of_everything() -> dict[str, Any]:
    """Return the schema of requests under all beta headers."""
    return cast(dict[str, Any], request(call("create", OPENING)))


def removals(schema: dict[str, Any]) -> list[Removal]:
    """Return each key, member and value of a schema, shared ones once."""
    found, seen = [], set[int]()
    waiting: list[tuple[str, Any]] = [("", schema)]
    while waiting:
        path, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, list):
            waiting += [(path, item) for item in node]
        elif isinstance(node, dict):
            found += [Removal(_clean(f"{path}{step}"), node, part) for step, part in _parts(node)]
            waiting += [(path if name in _PLUMBING else f"{path}.{name}", inner) for name, inner in node.items()]
    return found


def _parts(node: dict[str, Any]) -> list[tuple[str, Any]]:
    kind = node.get("type")
    if not isinstance(kind, str):
        return []  # keys, one of which is named like that
    if kind in _PARTS:
        return [(f".{name}", name) for name in node[_PARTS[kind]]]
    if kind == "literal" and len(node["expected"]) > 1:
        return [(f"={value}", value) for value in node["expected"]]
    return []


def _clean(path: str) -> str:
    """Return a path as the API writes it, without the names of members that are not on the wire."""
    steps = path.strip(".").split(".")
    return ".".join(step.removeprefix("~") for step in steps if step not in ("~", "~list", "~text"))


def is_noticed(schema: dict[str, Any], sent: list[Sample]) -> bool:
    """Return whether any of these requests does not fit a schema."""
    validator = SchemaValidator(cast(Any, schema))
    for _, sample in sent:
        try:
            validator.validate_python(sample)
        except ValidationError:
            return True
    return False
