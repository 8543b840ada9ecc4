"""Page sizes.

Source: https://platform.claude.com/docs/en/api/overview
"""

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.numbers import integer

_LARGEST_PAGE = 1000


def limit_of(text: str, most: int = _LARGEST_PAGE) -> int:
    """Parse a page limit from 1 to `most`. Raises InvalidRequest."""
    limit = integer(text)
    if limit is None:
        raise InvalidRequest("limit: Input should be a valid integer, unable to parse string as an integer")
    if limit < 1:
        raise InvalidRequest("limit: Input should be greater than or equal to 1")
    if limit > most:
        raise InvalidRequest(f"limit: Input should be less than or equal to {most}")
    return limit
