"""Read requests, or bare params, from files of any supported form."""

from collections.abc import Iterator
from typing import Any

from mockbatch.core.cassette.values import decode
from mockbatch.files.documents import Line
from mockbatch.files.kinds import ASKED
from mockbatch.files.source import opened


def read_requests(path: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Yield the `custom_id` and params of each request, or an error message and None.

    The line number replaces a missing `custom_id`. Raises Unreadable.
    """
    with opened(path, wanted=ASKED) as source:
        for line in source.lines():
            yield _request(line)


def _request(line: Line) -> tuple[str, dict[str, Any] | None]:
    where = f"line {line.number}"
    try:
        request = decode(line.raw)
    except ValueError as error:
        return f"{where} is not JSON: {error}", None
    if not isinstance(request, dict):
        return f"{where} is not an object", None
    params = request.get("params", request)
    if not isinstance(params, dict) or not isinstance(params.get("model"), str):
        return f"{where} has no params with a model", None
    return str(request.get("custom_id", where)), params
