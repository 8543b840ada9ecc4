"""The types of an SDK as a grammar: which values they allow, and values that use each part of them once."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.e2e.sdks.reflect import reflected

Type = dict[str, Any]
Sample = tuple[str, Any]

_PLAIN: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}
# large enough for budgets of tokens
_PLAIN_SAMPLES = {"str": "x", "int": 50_000, "float": 0.5, "bool": True, "null": None}


class Grammar:
    """What `reflect.py` found out about an SDK."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.version: str = document["version"]
        self.roots: dict[str, Type] = document["roots"]
        self.objects: dict[str, dict[str, Any]] = document["objects"]
        self.deprecated: dict[str, str] = document["deprecated"]

    def keys(self, root: str) -> dict[str, Any]:
        """Return the keys of a root that is an object."""
        keys: dict[str, Any] = self.objects[self.roots[root]["object"]]
        return keys

    def values(self, kind: Type) -> set[Any]:
        """Return the values that a type names one by one."""
        named = {value for part in kind.get("union", ()) for value in self.values(part)}
        return named | set(kind.get("values", ()))

    def smallest(self, kind: Type) -> Any:
        """Return the value with the fewest parts."""
        if "plain" in kind:
            return _PLAIN_SAMPLES[kind["plain"]]
        if "values" in kind:
            return kind["values"][0]
        if "union" in kind:
            return self.smallest(kind["union"][0])
        if "object" in kind:
            keys = self.objects[kind["object"]]
            return {name: self.smallest(key["type"]) for name, key in keys.items() if key["required"]}
        return [] if "list" in kind else {}

    def samples(self, kind: Type, place: str, seen: set[str]) -> Iterator[Sample]:
        """Yield values that together use each key, member and value of a type, and where each of them does."""
        if "values" in kind:
            yield from ((f"{place}={value}", value) for value in kind["values"])
        elif "union" in kind:
            for part in kind["union"]:
                yield from self.samples(part, place, seen)
        elif "object" in kind:
            yield from self._samples_of_object(kind, place, seen)
        else:
            yield place, self.smallest(kind)
            if "list" in kind:
                yield from ((where, [value]) for where, value in self.samples(kind["list"], f"{place}[]", seen))
            if "map" in kind:
                yield from ((where, {"x": value}) for where, value in self.samples(kind["map"], f"{place}{{}}", seen))

    def _samples_of_object(self, kind: Type, place: str, seen: set[str]) -> Iterator[Sample]:
        name = kind["object"]
        site = f"{place.rpartition(':')[2]}:{_short(name)}"
        is_new = site not in seen
        seen.add(site)
        for smallest in self._smallest_of_each_tag(kind):
            yield f"{place}:{_short(name)}", smallest
            for key, field in self.objects[name].items() if is_new else ():
                for where, value in self.samples(field["type"], f"{place}:{_short(name)}.{key}", seen):
                    yield where, {**smallest, key: value}

    def _smallest_of_each_tag(self, kind: Type) -> Iterator[dict[str, Any]]:
        """Yield the smallest values of an object, one for each `type` that it may have."""
        smallest, key = self.smallest(kind), self.objects[kind["object"]].get("type", {"type": {}})
        tags = key["type"].get("values") or [None]
        yield from ({**smallest, "type": tag} if tag in tags[1:] else smallest for tag in tags)

    def fits(self, value: Any, kind: Type) -> bool:
        """Return whether a type allows a value."""
        if "any" in kind:
            return True
        if "plain" in kind:
            allowed = _PLAIN[kind["plain"]]
            return isinstance(value, allowed) and (bool in allowed or not isinstance(value, bool))
        if "values" in kind:
            return value in kind["values"]
        if "union" in kind:
            return any(self.fits(value, part) for part in kind["union"])
        if "list" in kind:
            return isinstance(value, list) and all(self.fits(item, kind["list"]) for item in value)
        if "map" in kind:
            return isinstance(value, dict) and all(self.fits(item, kind["map"]) for item in value.values())
        return isinstance(value, dict) and self._fits_object(value, self.objects[kind["object"]])

    def _fits_object(self, value: dict[str, Any], keys: dict[str, Any]) -> bool:
        if any(key["required"] and name not in value for name, key in keys.items()):
            return False
        return all(name in keys and self.fits(item, keys[name]["type"]) for name, item in value.items())


def _short(name: str) -> str:
    return name.rpartition(":")[2].removeprefix("Beta")


@cache
def newest() -> Grammar:
    """Return the grammar of the SDK that is installed, the newest one that is supported."""
    return Grammar(reflected())
