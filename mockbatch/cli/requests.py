"""Requests in a file, or their params alone, in any of the forms that files have."""

from collections.abc import Iterator
from typing import Any

from mockbatch.core.cassette.values import decode
from mockbatch.files.documents import Line
from mockbatch.files.kinds import ASKED
from mockbatch.files.source import opened


def read_requests(path: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Yield each request as its `custom_id` and its params; where there are none, what is wrong and None.

    A request without a `custom_id` is called by its line. Raises Unreadable.
    """
    with opened(path, wanted=ASKED) as source:
        for line in source.lines():
            yield _request(line)


def _request(line: Line) -> tuple[str, dict[str, Any] | None]:
    where = f"line {line.number}"
    try:
        request = decode(line.raw)
    except ValueError as error:
        return f"{where} is no JSON: {error}", None
    if not isinstance(request, dict):
        return f"{where} is no object", None
    params = request.get("params", request)
    if not isinstance(params, dict) or not isinstance(params.get("model"), str):
        return f"{where} has no params with a model", None
    return str(request.get("custom_id", where)), params
