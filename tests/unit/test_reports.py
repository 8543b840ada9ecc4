"""The reports of an organization: buckets, filters, groups, amounts; against sums made another way."""

import base64
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.money.ledger import Account, Sum, TokenCounts, net
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.report_query import cost_query, usage_query
from mockbatch.core.money.reports import cost_report, span_of, usage_report
from mockbatch.core.money.spending import Dated
from mockbatch.core.time.spans import DAY, HOUR, MINUTE, parse_instant

START = parse_instant("2026-11-01T00:00:00Z")
NOW = START + 3 * DAY + 5 * HOUR
PRICES = Prices()
OPUS = Account("claude-opus-5", 0, "0-200k", "global", "batch")


def used(at: int = 0, account: Account = OPUS, workspace: str | None = None, **counts: int) -> Dated:
    return Dated(START + at, "2026-11-01", account, 1, TokenCounts(**counts), workspace=workspace, api_key="apikey_1")


def usage(dated: Iterable[Dated], **values: str | list[str]) -> dict[str, Any]:
    query = usage_query(listed(values), ("fast-mode-2026-02-01",))
    return as_json(usage_report(query, dated, NOW))


def costs(dated: Iterable[Dated], **values: str | list[str]) -> dict[str, Any]:
    return as_json(cost_report(cost_query(listed(values)), dated, NOW, PRICES))


def listed(values: dict[str, Any]) -> dict[str, list[str]]:
    given = {"starting_at": "2026-11-01T00:00:00Z", **values}
    return {name: [value] if isinstance(value, str) else value for name, value in given.items()}


def as_json(report: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(report))
    return found


def test_a_usage_row_has_every_key() -> None:
    """In the API's order; what is not grouped by is null, and `speed` is not there."""
    counts = TokenCounts(1, 2, 3, 4, 5, 6)
    report = usage([Dated(START, "2026-11-01", OPUS, 1, counts)], ending_at="2026-11-02T00:00:00Z")
    assert report == {
        "data": [
            {
                "starting_at": "2026-11-01T00:00:00Z",
                "ending_at": "2026-11-02T00:00:00Z",
                "results": [
                    {
                        "account_id": None,
                        "api_key_id": None,
                        "cache_creation": {"ephemeral_1h_input_tokens": 3, "ephemeral_5m_input_tokens": 2},
                        "cache_read_input_tokens": 4,
                        "context_window": None,
                        "inference_geo": None,
                        "model": None,
                        "output_tokens": 5,
                        "server_tool_use": {"web_search_requests": 6},
                        "service_account_id": None,
                        "service_tier": None,
                        "uncached_input_tokens": 1,
                        "workspace_id": None,
                    }
                ],
            }
        ],
        "has_more": False,
        "next_page": None,
    }


def test_buckets_are_snapped_and_empty_ones_are_there() -> None:
    """Oldest first, up to that of now."""
    report = usage([used(DAY, output=1)], starting_at="2026-10-31T17:00:00Z")
    assert [(bucket["starting_at"], len(bucket["results"])) for bucket in report["data"]] == [
        ("2026-10-31T00:00:00Z", 0),
        ("2026-11-01T00:00:00Z", 0),
        ("2026-11-02T00:00:00Z", 1),
        ("2026-11-03T00:00:00Z", 0),
        ("2026-11-04T00:00:00Z", 0),
    ]


def test_a_bucket_must_end_before_the_end() -> None:
    """One that goes on after it is left out; one that ends right then is in."""
    ends = ("2026-11-02T00:00:00Z", "2026-11-02T23:59:59Z", "2026-11-03T00:00:00Z")
    assert [len(usage([], ending_at=end)["data"]) for end in ends] == [1, 1, 2]


@pytest.mark.parametrize(
    ("width", "usual", "most", "last"),
    [("1d", 7, 31, "2026-11-07"), ("1h", 24, 168, "2026-11-01T23"), ("1m", 60, 1440, "2026-11-01T00:59")],
)
def test_a_page_has_as_many_buckets_as_its_width_allows(width: str, usual: int, most: int, last: str) -> None:
    """By default and at most."""
    far = {"bucket_width": width, "ending_at": "2027-01-01T00:00:00Z"}
    report = usage([], **far)
    assert (len(report["data"]), report["has_more"]) == (usual, True)
    assert report["data"][-1]["starting_at"].startswith(last)
    assert len(usage([], **far, limit=str(most))["data"]) == most
    with pytest.raises(InvalidRequest, match=f"limit: Input should be less than or equal to {most}"):
        usage([], **far, limit=str(most + 1))


def test_pages_go_on_where_the_last_one_ended() -> None:
    """The cursor is the start of the next bucket, as the API writes it."""
    dated = [used(hour * HOUR, output=hour + 1) for hour in range(10)]
    asked = {"bucket_width": "1h", "ending_at": "2026-11-01T10:00:00Z", "limit": "4"}
    first = usage(dated, **asked)
    assert base64.b64decode(first["next_page"].removeprefix("page_")) == b"2026-11-01T04:00:00Z"
    pages, page = [first], first
    while page["has_more"]:
        page = usage(dated, **asked, page=page["next_page"])
        pages.append(page)
    outputs = [row["output_tokens"] for page in pages for bucket in page["data"] for row in bucket["results"]]
    assert ([len(page["data"]) for page in pages], outputs) == ([4, 4, 2], list(range(1, 11)))
    assert pages[-1]["next_page"] is None


def test_only_what_a_page_shows_is_asked_for() -> None:
    query = usage_query(listed({"bucket_width": "1m", "limit": "2", "starting_at": "2026-11-01T00:07:30Z"}))
    assert span_of(query, NOW) == (START + 7 * MINUTE, START + 9 * MINUTE)


OTHERS = [
    used(account=OPUS._replace(service_tier="standard"), workspace="wrkspc_1", input=1),
    used(account=OPUS._replace(context_window="200k-1M"), input=2),
    used(account=OPUS._replace(inference_geo="us"), input=4),
    used(account=OPUS._replace(model="claude-haiku-4-5-20251001"), input=8),
]


@pytest.mark.parametrize(
    ("filters", "total"),
    [
        ({}, 15),
        ({"service_tiers": "standard"}, 1),
        ({"service_tiers": ["standard", "batch"]}, 15),
        ({"context_window": "200k-1M"}, 2),
        ({"inference_geos": "us"}, 4),
        ({"models": "claude-haiku-4-5-20251001"}, 8),
        ({"workspace_ids": "wrkspc_1"}, 1),
        ({"api_key_ids": "apikey_1"}, 15),
        ({"api_key_ids": "apikey_2"}, 0),
        ({"account_ids": "user_1"}, 0),
        ({"service_account_ids": "svac_1"}, 0),
        ({"speeds": "standard"}, 15),
        ({"speeds": "fast"}, 0),
        ({"models": "claude-opus-5", "inference_geos": "global"}, 3),
    ],
)
def test_filters_restrict_what_is_counted(filters: dict[str, Any], total: int) -> None:
    """Each one, and all of them at once."""
    rows = usage(OTHERS, ending_at="2026-11-02T00:00:00Z", **filters)["data"][0]["results"]
    assert sum(row["uncached_input_tokens"] for row in rows) == total
    assert len(rows) == (1 if total else 0)


def test_groups_are_never_merged() -> None:
    """Rows that differ only by tier or window stay apart; the dimensions that are grouped by are told."""
    rows = usage(OTHERS, group_by=["service_tier", "context_window", "speed"])["data"][0]["results"]
    assert {(row["service_tier"], row["context_window"], row["uncached_input_tokens"]) for row in rows} == {
        ("standard", "0-200k", 1),
        ("batch", "200k-1M", 2),
        ("batch", "0-200k", 12),
    }
    assert {row["speed"] for row in rows} == {"standard"}
    assert {row["model"] for row in rows} == {None}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"starting_at": []}, "starting_at: Field required"),
        ({"starting_at": "yesterday"}, "starting_at: Input should be a valid datetime"),
        ({"ending_at": "2026-11-01T00:00:00Z"}, "ending_at: must be after starting_at"),
        ({"bucket_width": "1w"}, "bucket_width: Input should be '1d', '1h' or '1m'"),
        ({"limit": "0"}, "limit: Input should be greater than or equal to 1"),
        ({"limit": "x"}, "limit: Input should be a valid integer, unable to parse string as an integer"),
        ({"group_by": ["model", "day"]}, "group_by.1: Input should be 'account_id', "),
        ({"service_tiers": "cheap"}, "service_tiers.0: Input should be 'batch', "),
        ({"page": "page_x"}, "page: Invalid page token"),
        ({"page": "page_MjAyNi0xMS0wMVQwMTowMDowMFo="}, "page: Invalid page token"),
    ],
)
def test_a_wrong_question_is_refused(values: dict[str, Any], message: str) -> None:
    """In the words of the API."""
    with pytest.raises(InvalidRequest) as caught:
        usage([], **values)
    assert caught.value.message.startswith(message)


def test_speed_needs_its_beta() -> None:
    """To be grouped by or filtered by."""
    for values in ({"group_by": "speed"}, {"speeds": "fast"}):
        with pytest.raises(InvalidRequest, match="fast-mode-2026-02-01"):
            usage_query(listed(values))


def test_an_offset_whose_plus_was_not_escaped_is_understood() -> None:
    """It arrives as a blank."""
    query = usage_query(listed({"starting_at": "2026-11-01T02:00:00 02:00"}))
    assert query.starting_at == START


def test_the_cost_report_is_in_cents() -> None:
    """As decimal strings that nothing has rounded; one row a day where nothing is grouped by."""
    dated = [used(input=1, output=1), used(HOUR, cache_read=3), used(DAY, web_search=2)]
    report = costs(dated, ending_at="2026-11-03T00:00:00Z")
    assert [[row["amount"] for row in bucket["results"]] for bucket in report["data"]] == [["0.001575"], ["2"]]
    assert report["data"][0]["results"][0] == {
        "amount": "0.001575",
        "context_window": None,
        "cost_type": None,
        "currency": "USD",
        "description": None,
        "inference_geo": None,
        "model": None,
        "service_tier": None,
        "token_type": None,
        "workspace_id": None,
    }


def test_a_described_cost_says_what_it_is() -> None:
    """Each type of tokens by itself, both kinds of writes, searches."""
    dated = [used(workspace="wrkspc_1", input=10**6, cache_write_5m=10**6, cache_write_1h=10**6, cache_read=10**6)]
    dated += [used(output=10**6, web_search=1, web_fetch=1)]
    rows = costs(dated, group_by=["description", "workspace_id"])["data"][0]["results"]
    name = "Claude Opus 5 Usage - "
    assert {(row["description"], row["token_type"], row["amount"], row["workspace_id"]) for row in rows} == {
        (f"{name}Input Tokens", "uncached_input_tokens", "250", "wrkspc_1"),
        (f"{name}Input Tokens, Cache Write", "cache_creation.ephemeral_5m_input_tokens", "312.5", "wrkspc_1"),
        (f"{name}Input Tokens, Cache Write", "cache_creation.ephemeral_1h_input_tokens", "500", "wrkspc_1"),
        (f"{name}Input Tokens, Cache Hit", "cache_read_input_tokens", "25", "wrkspc_1"),
        (f"{name}Output Tokens", "output_tokens", "1250", None),
        ("Web Search Usage", None, "1", None),
    }
    assert {(row["cost_type"], row["model"], row["service_tier"]) for row in rows} == {
        ("tokens", "claude-opus-5", "batch"),
        ("web_search", None, None),
    }


def test_what_is_in_no_cost_report() -> None:
    """The priority tier, and what has no price."""
    dated = [used(account=OPUS._replace(service_tier="priority"), input=1)]
    dated += [used(account=OPUS._replace(model="my-model"), input=1)]
    assert costs(dated)["data"][0]["results"] == []


def test_a_real_amount() -> None:
    """41,280 cents are $412.80: 82.56 million tokens of Opus 5 at standard."""
    dated = [used(account=OPUS._replace(service_tier="standard"), input=82_560_000)]
    assert costs(dated)["data"][0]["results"][0]["amount"] == "41280"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bucket_width": "1h"}, "bucket_width: Input should be '1d'"),
        ({"limit": "32"}, "limit: Input should be less than or equal to 31"),
        ({"group_by": "model"}, "group_by.0: Input should be 'description' or 'workspace_id'"),
    ],
)
def test_costs_are_told_by_day_only(values: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        costs([], **values)


ACCOUNTS = st.builds(
    Account,
    st.sampled_from(["claude-opus-5", "claude-haiku-4-5-20251001"]),
    st.just(0),
    st.sampled_from(["0-200k", "200k-1M"]),
    st.sampled_from(["global", "us"]),
    st.sampled_from(["standard", "batch"]),
)
NUMBERS = st.integers(0, 10**7)
USED = st.builds(
    lambda at, account, workspace, counts: Dated(START + at, "2026-11-01", account, 1, counts, workspace=workspace),
    st.integers(0, 3 * DAY - 1),
    ACCOUNTS,
    st.sampled_from([None, "wrkspc_1"]),
    st.builds(
        TokenCounts, input=NUMBERS, cache_write_5m=NUMBERS, cache_write_1h=NUMBERS, cache_read=NUMBERS, output=NUMBERS
    ),
)
GROUPS = st.sets(st.sampled_from(["model", "service_tier", "context_window", "workspace_id", "inference_geo"]))


@given(st.lists(USED, max_size=10), GROUPS, st.sampled_from(["1d", "1h"]))
def test_every_report_adds_up_to_the_ledger(dated: list[Dated], groups: set[str], width: str) -> None:
    """Tokens and cents, however they are grouped."""
    report = usage(dated, group_by=sorted(groups), bucket_width=width, limit="31" if width == "1d" else "168")
    told: Counter[str] = Counter()
    for bucket in report["data"]:
        for row in bucket["results"]:
            told["input"] += row["uncached_input_tokens"]
            told["cache_read"] += row["cache_read_input_tokens"]
            told["cache_write_1h"] += row["cache_creation"]["ephemeral_1h_input_tokens"]
            told["output"] += row["output_tokens"]
    expected: Counter[str] = Counter()
    for one in dated:
        for kind in ("input", "cache_read", "cache_write_1h", "output"):
            expected[kind] += getattr(one.counts, kind)
    assert +told == +expected
    ledger = net([Sum(one.account, 1, one.counts) for one in dated], "2026-11-01", PRICES).net
    for group_by in ([], ["description"], ["workspace_id", "description"]):
        rows = [row for bucket in costs(dated, group_by=group_by)["data"] for row in bucket["results"]]
        assert sum(Decimal(row["amount"]) for row in rows) == ledger * 100
