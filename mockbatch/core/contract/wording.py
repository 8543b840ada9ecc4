"""The API's messages for malformed input. It words them as pydantic does, so pydantic words them here.

Imported only after an error, so that valid requests do not pay for it.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    custom_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    params: dict[str, Any]


def first_sentence(error: ValidationError, *where: str | int) -> str:
    """Return `dotted.path.index: message` for the first problem."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ".".join(map(str, (*where, *first["loc"])))
    return f"{path}: {first['msg']}" if path else str(first["msg"])


def item_problem(item: Any, index: int) -> str | None:
    """Return what is wrong with the request at `index` of a batch, if anything."""
    if not isinstance(item, dict):
        return f"requests.{index}: Input should be a valid dictionary"
    try:
        _Item.model_validate(item, strict=True)
    except ValidationError as error:
        return first_sentence(error, "requests", index)
    return None
