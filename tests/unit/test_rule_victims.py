"""Which rows a rule strikes: whatever their order, in however many parts, as a second way of choosing finds it too."""

from collections import Counter
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.rules.items import Cutoffs, ItemDecision, ItemRules
from mockbatch.core.rules.rules import Rule, parse_rule, parse_rules
from mockbatch.core.seeded_hash import derive_seed, to_unit_interval
from mockbatch.core.seeded_hash import hash64 as drawn

MODEL = "claude-haiku-4-5-20251001"
IDS = [f"row-{n}" for n in range(1000)]


def rules(*tables: dict[str, Any]) -> list[Rule]:
    return list(parse_rules(list(tables), str))


def compiled(*tables: dict[str, Any], seed: int = 7, batch: str = "msgbatch_a") -> ItemRules:
    return ItemRules(rules(*tables), seed=seed, batch_id=batch, created_at=0)


def params(text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **more}


def struck(found: ItemRules, ids: list[str], cutoffs: Cutoffs = (), attempt: int = 1) -> dict[str, str]:
    """custom_id to the name of the rule, of those that are struck."""
    decided = {name: found.decide(name, params(), MODEL, attempt, cutoffs) for name in ids}
    return {name: decision.rule for name, decision in decided.items() if decision}


def quotas(found: ItemRules, *parts: list[str]) -> Cutoffs:
    """What a first pass over the parts finds."""
    whole = found.quota()
    for part in parts:
        quota = found.quota()
        for name in part:
            quota.add(name, params(), MODEL)
        whole.merge(quota)
    return whole.cutoffs()


def test_a_rate_is_about_a_share() -> None:
    """Of any rows, and other ones for another seed or another name of the rule."""
    table = {"name": "a", "outcome": "expired", "rate": 0.2}
    chosen = struck(compiled(table), IDS)
    assert 150 < len(chosen) < 250
    assert struck(compiled(table, seed=8), IDS).keys() != chosen.keys()
    assert struck(compiled({**table, "name": "b"}), IDS).keys() != chosen.keys()
    assert struck(compiled(table, batch="msgbatch_b"), IDS) == chosen


def test_a_share_is_the_same_for_all_rules() -> None:
    """Two rules that mean the same share mean the same rows."""
    first, second = compiled({"outcome": "expired", "share": 0.2}), compiled({"errored": "api_error", "share": 0.2})
    assert struck(first, IDS).keys() == struck(second, IDS).keys()
    assert 150 < len(struck(first, IDS)) < 250


@pytest.mark.parametrize("size", [1, 5, 999, 1000, 5000])
def test_a_quota_is_exact(size: int) -> None:
    """So many rows, or all that there are."""
    found = compiled({"outcome": "expired", "exactly": size})
    assert found.needs_quota
    assert len(struck(found, IDS, quotas(found, IDS))) == min(size, 1000)


_TABLES = st.lists(
    st.fixed_dictionaries(
        {"outcome": st.sampled_from(["expired", "canceled", "errored"])},
        optional={"custom_id": st.sampled_from(["row-1*", "row-[0-4]", "*7", "row-3"])},
    ).flatmap(
        lambda table: st.sampled_from(
            [{**table, "rate": 0.3}, {**table, "exactly": 3}, {**table, "exactly": 20}, {**table, "share": 0.4}]
        )
    ),
    min_size=1,
    max_size=5,
)


@given(_TABLES, st.permutations(IDS[:60]), st.integers(1, 59), st.integers(0, 2**63 - 1))
def test_order_and_split_change_nothing(tables: list[dict[str, Any]], ids: list[str], cut: int, seed: int) -> None:
    """Of the first pass or the second. And so many rows are struck by each quota as there are for it."""
    found = compiled(*tables, seed=seed)
    cutoffs = quotas(found, sorted(ids))
    assert quotas(found, ids[:cut], ids[cut:]) == cutoffs
    decided = struck(found, ids, cutoffs)
    assert decided == struck(compiled(*tables, seed=seed), sorted(ids), cutoffs)
    assert decided == _naively(rules(*tables), ids, seed)


def _naively(tables: list[Rule], ids: list[str], seed: int) -> dict[str, str]:
    """Rule by rule over whole lists of rows: what a rule strikes is taken away from the rows of the next."""
    left, decided = list(ids), {}
    for rule in tables:
        match = rule.match
        meant = [
            name
            for name in left
            if (match.custom_id is None or fnmatchcase(name, match.custom_id))
            and (match.share is None or to_unit_interval(drawn(derive_seed(seed, "share"), name)) < match.share)
        ]
        own = derive_seed(seed, "rule", rule.name)
        if rule.rate is not None:
            meant = [name for name in meant if to_unit_interval(drawn(own, name)) < rule.rate]
        if rule.exactly is not None:
            meant = sorted(meant, key=lambda name: drawn(own, name))[: rule.exactly]
        decided.update(dict.fromkeys(meant, rule.name))
        left = [name for name in left if name not in decided]
    return decided


def test_attempts() -> None:
    """A transient failure is over when the row is sent again; a rule may be about a later attempt alone."""
    found = compiled({"errored": "api_error", "fail_attempts": 2}, {"outcome": "expired", "attempt": 4})
    assert found.needs_attempts
    assert [list(struck(found, ["a"], attempt=n).values()) for n in (1, 2, 3, 4, 5)] == [
        ["errored api_error"],
        ["errored api_error"],
        [],
        ["outcome expired"],
        [],
    ]


@pytest.mark.parametrize(
    ("match", "request_params", "hit"),
    [
        ({"prompt": "lang=fr"}, params("in lang=fr please"), True),
        ({"prompt": "lang=fr"}, params("in lang=de please"), False),
        ({"prompt": "re:lang=(fr|it)$"}, params("lang=it"), True),
        ({"prompt": "deep"}, {"messages": [{"role": "user", "content": [{"type": "text", "text": "deep in"}]}]}, True),
        ({"prompt": "x"}, {"messages": "no messages"}, False),
        ({"system": "careful"}, params(system="be careful"), True),
        ({"system": "careful"}, params(system=[{"type": "text", "text": "be careful"}]), True),
        ({"system": "careful"}, params("careful"), False),
        ({"tool": "get_*"}, params(tools=[{"name": "set_x"}, {"name": "get_weather"}]), True),
        ({"tool": "get_*"}, params(), False),
        ({"model": "claude-haiku-*"}, params(), True),
        ({"model": "claude-opus-*"}, params(), False),
        ({"custom_id": "gold-*"}, params(), True),
        ({"custom_id": "re:^gold-[0-9]+$"}, params(), True),
        ({"custom_id": "gold"}, params(), False),
        ({"batch": "msgbatch_a"}, params(), True),
        ({"batch": "msgbatch_b"}, params(), False),
        (
            {"prompt": "hello", "system": "be", "tool": "t", "custom_id": "gold-7"},
            params(system="be", tools=[{"name": "t"}]),
            True,
        ),
    ],
)
def test_what_matches(match: dict[str, Any], request_params: dict[str, Any], hit: bool) -> None:
    """All that is asked for."""
    found = compiled({"outcome": "expired", "match": match})
    assert (found.decide("gold-7", request_params, MODEL) is not None) == hit


def test_the_first_rule_wins() -> None:
    """And one that says `succeeded` protects rows from those behind it."""
    found = compiled(
        {"outcome": "succeeded", "custom_id": "gold-*"},
        {"errored": {"type": "api_error", "message": "no", "details": {"a": 1}}, "custom_id": "*-1"},
        {"reply": {"static": "hi"}},
    )
    assert found.decide("gold-1", params(), MODEL) == ItemDecision("outcome succeeded", "succeeded")
    errored = found.decide("row-1", params(), MODEL)
    assert errored is not None
    assert errored.error is not None
    assert (errored.outcome, errored.error.message, errored.error.details) == ("errored", "no", {"a": 1})
    assert found.decide("row-2", params(), MODEL) == ItemDecision("reply", "succeeded", reply={"static": "hi"})


LIKE = st.builds("".join, st.tuples(st.sampled_from(["doc 1", "doc ", "doc"]), st.text("1ß语", max_size=2)))


@given(st.lists(LIKE, min_size=3, max_size=12), st.lists(st.one_of(LIKE, st.text("doc ", max_size=4)), max_size=3))
def test_texts_that_begin_alike_are_told_apart(texts: list[str], prompt: list[str]) -> None:
    """Also where they are all of the prompt, or the same text twice."""
    found = compiled(*({"name": f"r{at}", "outcome": "expired", "prompt": text} for at, text in enumerate(texts)))
    decision = found.decide("a", params("".join(prompt)), "m")
    first = next((f"r{at}" for at, text in enumerate(texts) if text in "".join(prompt)), None)
    assert (decision and decision.rule) == first


def test_a_mix_and_unnamed_failures() -> None:
    """In the proportions that were told, with the errors of random failures."""
    found = compiled({"fault": "item.mix", "mix": "50/20/20/10"})
    decided = [found.decide(name, params(), MODEL) for name in IDS]
    counts = Counter(decision.outcome if decision else "succeeded" for decision in decided)
    assert abs(counts["succeeded"] - 500) < 60
    assert abs(counts["expired"] - 200) < 50
    assert abs(counts["canceled"] - 100) < 40
    assert {decision.error.type for decision in decided if decision and decision.error} >= {
        "api_error",
        "overloaded_error",
    }


def test_rules_out_of_their_time_or_switched_off_do_nothing() -> None:
    """They do not even ask for a look at the params."""
    late = parse_rule({"outcome": "expired", "during": "+1h..+2h", "prompt": "x"}, "")
    off = parse_rule({"outcome": "expired", "enabled": False}, "")
    found = ItemRules([late, off], seed=0, batch_id="b", created_at=0, started_at=0)
    assert not found
    assert not found.needs_params
    hour = 3600 * 10**6
    assert ItemRules([late, off], seed=0, batch_id="b", created_at=hour, started_at=0).names == [late.name]


def test_what_a_mix_lets_succeed_is_left_to_the_rules_behind_it() -> None:
    """So replies can be told as well, and quotas are exact among them."""
    found = compiled({"fault": "item.mix", "mix": "1/1/0/0"}, {"outcome": "canceled", "exactly": 7}, {"reply": "hi"})
    counts = Counter(struck(found, IDS, quotas(found, IDS)).values())
    assert counts["outcome canceled"] == 7
    assert counts["item.mix"] + counts["reply"] == 993
    assert counts["item.mix"] > 400
