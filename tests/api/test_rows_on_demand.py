"""Rows are checked once, and replies are made when somebody reads them: how often is counted here, not how fast."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from mockbatch.core.rows.builder import RowBuilder
from mockbatch.core.rows.checker import RowChecker
from tests.builders import BATCHES, Api, outcomes, params, requests, serving

ROWS = 10_000
SYSTEM = [{"type": "text", "text": "All that is known of it. " * 800, "cache_control": {"type": "ephemeral"}}]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """How often each row was checked, and built."""
    counted: Counter[tuple[str, str]] = Counter()
    for kind, name in ((RowChecker, "check"), (RowBuilder, "build")):
        _count(monkeypatch, kind, name, counted)
    return counted


def _count(monkeypatch: pytest.MonkeyPatch, kind: type, name: str, counted: Counter[tuple[str, str]]) -> None:
    real = getattr(kind, name)

    def counting(self: Any, item: Any, *rest: Any) -> Any:
        counted[name, item.custom_id] += 1
        return real(self, item, *rest)

    monkeypatch.setattr(kind, name, counting)


@pytest.fixture
def quick() -> Iterator[Api]:
    with serving(delay_preset="immediate") as api:
        yield api


@pytest.mark.parametrize("size", [3, ROWS])
def test_counts_need_no_reply(quick: Api, work: Counter[tuple[str, str]], size: int) -> None:
    batch = quick.create(*range(size))
    assert quick.get_batch(batch)["request_counts"]["succeeded"] == size
    assert {name for name, _ in work} == {"check"}


@pytest.mark.parametrize("size", [3, ROWS])
def test_no_row_is_checked_or_built_twice_in_a_life(quick: Api, work: Counter[tuple[str, str]], size: int) -> None:
    """Whatever is read of it, and however often."""
    batch = quick.create(*range(size))
    quick.get_batch(batch)
    assert len(quick.results(batch)) == len(quick.results(batch)) == size
    for view in ("ledger", "problems", "summary"):
        assert quick.get(f"/_mockbatch/{view}").status_code == 200
    quick.delete(f"{BATCHES}/{batch['id']}")
    assert set(work.values()) == {1}
    assert len(work) == 2 * size


def test_only_the_rows_of_a_slice_are_made_for_one_of_them(quick: Api, work: Counter[tuple[str, str]]) -> None:
    batch = quick.create(*range(ROWS))
    quick.get_batch(batch)
    assert quick.get(f"/_mockbatch/batches/{batch['id']}/items/{ROWS - 1}").status_code == 200
    built = sum(name == "build" for name, _ in work)
    assert 0 < built < ROWS


def test_results_are_the_same_whatever_was_read_before() -> None:
    """Whether anybody has polled, looked at the ledger, or read them already."""
    whole = [_results(looks) for looks in ((), ("poll",), ("ledger", "poll"), ("results", "poll"))]
    assert all(one == whole[0] for one in whole)
    used = [row["result"]["message"]["usage"] for row in whole[0] if row["result"]["type"] == "succeeded"]
    assert sum(one["cache_read_input_tokens"] > 0 for one in used) > sum(
        one["cache_creation_input_tokens"] > 0 for one in used
    )


def _results(looks: tuple[str, ...]) -> list[dict[str, Any]]:
    with serving(delay_preset="immediate", fail_rate="0.2", cache_hits="first_writes") as api:
        asked = [*requests(*range(20), system=SYSTEM), {"custom_id": "wrong", "params": {**params(), "max_tokens": 0}}]
        batch = api.ok(api.post(BATCHES, json={"requests": asked}))
        paths = {"poll": f"{BATCHES}/{batch['id']}", "ledger": "/_mockbatch/ledger"}
        for look in looks:
            assert api.get(paths.get(look, f"{BATCHES}/{batch['id']}/results")).status_code == 200
        return api.results(batch)


def test_a_batch_that_nobody_read_is_billed_when_it_is_deleted(quick: Api) -> None:
    read, unread = quick.create("a"), quick.create("a")
    quick.results(read)
    before = quick.ok(quick.get("/_mockbatch/ledger"))
    for batch in (read, unread):
        assert quick.delete(f"{BATCHES}/{batch['id']}").status_code == 200
    assert quick.ok(quick.get("/_mockbatch/ledger"))["total"] == before["total"]


def test_a_reply_that_fails_by_a_mistake_of_ours_is_a_text(quick: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the row succeeds was said before."""

    def broken(*_: object) -> object:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("mockbatch.core.rows.builder.reply_to", broken)
    batch = quick.create("a", tools=[{"name": "look", "input_schema": {"type": "object"}}])
    counts = quick.get_batch(batch)["request_counts"]
    (row,) = quick.results(batch)
    assert (counts["succeeded"], outcomes([row])) == (1, {"a": "succeeded"})
    assert [block["type"] for block in row["result"]["message"]["content"]] == ["text"]


def test_a_create_may_wait_for_rows_that_wait_for_creates(work: Counter[tuple[str, str]]) -> None:
    """A limit of spending is checked while a body arrives, which other work on rows lets pass first."""
    with serving(delay_preset="immediate", tier="start") as api:
        api.create(*range(ROWS))
        api.create("next")
    assert work["build", "0"] == 1


def test_what_rows_found_in_the_cache_is_not_forgotten(quick: Api) -> None:
    """By those who still have the facts of a batch as they were before."""
    asked = requests(*range(8), system=SYSTEM)
    batch = quick.ok(quick.post(BATCHES, json={"requests": asked}))
    quick.get_batch(batch)
    for view in ("summary", "problems", "ledger", f"batches/{batch['id']}/items"):
        assert quick.get(f"/_mockbatch/{view}").status_code == 200
    usages = [row["result"]["message"]["usage"] for row in quick.results(batch)]
    assert any(usage["cache_read_input_tokens"] for usage in usages)


def test_problems_need_no_reply_but_those_that_a_schema_shapes(quick: Api, work: Counter[tuple[str, str]]) -> None:
    schema = {"type": "object", "properties": {"word": {"type": "string"}}, "additionalProperties": False}
    shaped = {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    quick.create("plain", "refused", "other")
    quick.create("shaped", **shaped)
    quick.ok(quick.get("/_mockbatch/problems"))
    assert {custom_id for name, custom_id in work if name == "build"} == {"shaped"}
