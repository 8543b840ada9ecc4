"""Paging of lists by query parameters.

Source: https://platform.claude.com/docs/en/api/overview
"""

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.paging import limit_of
from mockbatch.http.calls import Call
from mockbatch.service.sessions.paging import Window

_PAGE = 20


def window_of(call: Call) -> Window:
    """Return the window requested by `limit`, `after_id` and `before_id`. Raises InvalidRequest."""
    query = call.query()
    after_id, before_id = query.get("after_id") or None, query.get("before_id") or None
    if after_id and before_id:
        raise InvalidRequest("after_id: Cannot be combined with before_id")
    limit = query.get("limit")
    return Window(_PAGE if limit is None else limit_of(limit), after_id, before_id)
