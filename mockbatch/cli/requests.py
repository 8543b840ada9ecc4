"""Requests in a file: JSON Lines of requests or of params, or the body of a batch."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read_requests(path: Path) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Each request as its `custom_id` and its params; where there are none, what is wrong and None.

    A request without a `custom_id` is called by its line.
    """
    text = path.read_text(encoding="utf-8-sig")
    if (body := _body(text)) is not None:
        for index, request in enumerate(body):
            yield _request(request, f"requests.{index}")
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _line(line, f"line {number}")


def _body(text: str) -> list[Any] | None:
    """The requests, where the text is the body of a batch."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    requests = content.get("requests") if isinstance(content, dict) else content
    return requests if isinstance(requests, list) else None


def _line(line: str, where: str) -> tuple[str, dict[str, Any] | None]:
    try:
        return _request(json.loads(line), where)
    except ValueError:
        return f"{where} is no JSON", None


def _request(request: Any, where: str) -> tuple[str, dict[str, Any] | None]:
    if not isinstance(request, dict):
        return f"{where} is no object", None
    params = request.get("params", request)
    if not isinstance(params, dict) or not isinstance(params.get("model"), str):
        return f"{where} has no params with a model", None
    return str(request.get("custom_id", where)), params
