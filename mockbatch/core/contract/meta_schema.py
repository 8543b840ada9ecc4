"""Whether a value is a JSON Schema.

Source: https://json-schema.org/draft/2020-12/schema
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec.json import decode

from mockbatch.core.bounded_cache import BoundedCache
from mockbatch.core.contract.schemas import encoded

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator


def is_schema(value: Any) -> bool:
    """Return whether a value is a schema of draft 2020-12, regardless of `$schema`; unchecked schemas pass."""
    source = encoded(value)
    return source is None or _known(source)


def _is_valid(source: bytes) -> bool:
    return _meta_schema().is_valid(decode(source))


# the requests of a batch share their schemas
_known: BoundedCache[bytes, bool] = BoundedCache(_is_valid, 256, 4 << 20)


@cache
def _meta_schema() -> "Draft202012Validator":
    # not before: most requests have no schema
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"})
