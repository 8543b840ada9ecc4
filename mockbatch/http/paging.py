"""Lists come in pages: how the caller says which.

Source: https://platform.claude.com/docs/en/api/overview
"""

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.http.calls import Call
from mockbatch.service.paging import Window

_LARGEST_PAGE = 1000
_PAGE = 20


def window_of(call: Call) -> Window:
    """Which part of a list is asked for by `limit`, `after_id` and `before_id`. Raises InvalidRequest."""
    query = call.query()
    after_id, before_id = query.get("after_id") or None, query.get("before_id") or None
    if after_id and before_id:
        raise InvalidRequest("after_id: Cannot be combined with before_id")
    limit = query.get("limit")
    return Window(_PAGE if limit is None else limit_of(limit), after_id, before_id)


def limit_of(text: str) -> int:
    """How many entries a page has at most, from 1 to 1000. Raises InvalidRequest."""
    try:
        limit = int(text)
    except ValueError:
        raise InvalidRequest("limit: Input should be a valid integer, unable to parse string as an integer") from None
    if limit < 1:
        raise InvalidRequest("limit: Input should be greater than or equal to 1")
    if limit > _LARGEST_PAGE:
        raise InvalidRequest(f"limit: Input should be less than or equal to {_LARGEST_PAGE}")
    return limit
