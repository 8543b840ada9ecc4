"""Parse the queries of the usage and cost reports: time buckets, filters, groups.

Source: https://platform.claude.com/docs/en/manage-claude/usage-cost-api
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import NoReturn

from msgspec import Struct

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.paging import limit_of
from mockbatch.core.time.spans import DAY, HOUR, MINUTE, SECOND, format_instant, parse_instant

Values = Mapping[str, Sequence[str]]
"""The query: all values of each parameter, keyed by its name without `[]`."""

WIDTHS = {"1d": (DAY, 7, 31), "1h": (HOUR, 24, 168), "1m": (MINUTE, 60, 1440)}
"""By name: width in microseconds, default and maximum number of buckets per page."""

USAGE_GROUPS = (
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "speed",
    "workspace_id",
)
COST_GROUPS = ("description", "workspace_id")
FAST_MODE = "fast-mode-2026-02-01"

# by parameter: the dimension it restricts, and its allowed values if these are known
FILTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "account_ids": ("account_id", ()),
    "api_key_ids": ("api_key_id", ()),
    "workspace_ids": ("workspace_id", ()),
    "service_account_ids": ("service_account_id", ()),
    "models": ("model", ()),
    "service_tiers": (
        "service_tier",
        ("batch", "flex", "flex_discount", "priority", "priority_on_demand", "standard"),
    ),
    "context_window": ("context_window", ("0-200k", "200k-1M")),
    "inference_geos": ("inference_geo", ("global", "us", "not_available")),
    "speeds": ("speed", ("fast", "standard")),
}


class Query(Struct, frozen=True):
    """A report query. Instants and widths are microseconds; `ending_at` is None if the report ends now.

    `filters` maps dimensions to their allowed values.
    """

    starting_at: int
    ending_at: int | None
    width: int
    limit: int
    group_by: tuple[str, ...]
    filters: dict[str, frozenset[str]]

    def buckets(self, now: int) -> tuple[list[int], bool]:
        """Return the start times of the buckets on this page, and whether more follow.

        Buckets end before `ending_at`; without one, the last bucket is that of `now`.
        """
        end = now // self.width * self.width + self.width if self.ending_at is None else self.ending_at
        count = max(end // self.width - self.starting_at // self.width, 0)
        starts = [self.starting_at + index * self.width for index in range(min(count, self.limit))]
        return starts, count > self.limit

    def next_page(self) -> str:
        """Return the cursor of the next page."""
        return _cursor(self.starting_at + self.limit * self.width)


def usage_query(values: Values, betas: Sequence[str] = ()) -> Query:
    """Parse a query of the usage report. Raises InvalidRequest with the API's message."""
    query = _query(values, USAGE_GROUPS, tuple(WIDTHS))
    filters = {}
    for name, (dimension, known) in FILTERS.items():
        if name in values:
            filters[dimension] = frozenset(_each(values, name, known))
    if FAST_MODE not in betas and ("speed" in query.group_by or "speed" in filters):
        raise InvalidRequest(f"speed: requires the `{FAST_MODE}` beta header")
    return Query(query.starting_at, query.ending_at, query.width, query.limit, query.group_by, filters)


def cost_query(values: Values) -> Query:
    """Parse a query of the cost report. Raises InvalidRequest with the API's message."""
    return _query(values, COST_GROUPS, ("1d",))


def _query(values: Values, groups: tuple[str, ...], widths: tuple[str, ...]) -> Query:
    width_name = _one(values, "bucket_width") or "1d"
    if width_name not in widths:
        _not_one_of("bucket_width", widths)
    width, usual, most = WIDTHS[width_name]
    start = _instant(values, "starting_at")
    if start is None:
        raise InvalidRequest("starting_at: Field required")
    end = _instant(values, "ending_at")
    if end is not None and end <= start:
        raise InvalidRequest("ending_at: must be after starting_at")
    page, limit = _one(values, "page"), _one(values, "limit")
    first = start // width * width
    return Query(
        first if page is None else _resumed(page, first, width),
        end,
        width,
        usual if limit is None else limit_of(limit, most),
        tuple(dict.fromkeys(_each(values, "group_by", groups))),
        {},
    )


def _one(values: Values, name: str) -> str | None:
    given = values.get(name)
    return given[-1] if given else None


def _each(values: Values, name: str, known: tuple[str, ...]) -> Sequence[str]:
    given = values.get(name, ())
    for index, value in enumerate(given):
        if known and value not in known:
            _not_one_of(f"{name}.{index}", known)
    return given


def _not_one_of(where: str, known: Sequence[str]) -> NoReturn:
    quoted = [f"'{name}'" for name in known]
    choice = f"{', '.join(quoted[:-1])} or {quoted[-1]}" if len(quoted) > 1 else quoted[0]
    raise InvalidRequest(f"{where}: Input should be {choice}")


def _instant(values: Values, name: str) -> int | None:
    text = _one(values, name)
    if text is None:
        return None
    try:
        # an unescaped plus sign arrives as a space
        return parse_instant(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise InvalidRequest(f"{name}: Input should be a valid datetime") from None


def _cursor(start: int) -> str:
    return f"page_{urlsafe_b64encode(bucket_time(start).encode()).decode()}"


def _resumed(page: str, first: int, width: int) -> int:
    """Return the start time in a cursor."""
    try:
        start = parse_instant(urlsafe_b64decode(page.removeprefix("page_").encode()).decode())
    except ValueError:
        raise InvalidRequest("page: Invalid page token") from None
    if start < first or start % width:
        raise InvalidRequest("page: Invalid page token")
    return start


def bucket_time(instant: int) -> str:
    """Format an instant as buckets do: whole seconds, with a Z."""
    return f"{format_instant(instant // SECOND * SECOND)[:19]}Z"
