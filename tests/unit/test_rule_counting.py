"""Which calls a rule strikes, as a second way of counting finds it too; and what is made of the life of a batch."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.rules.actions import Plan
from mockbatch.core.rules.call_faults import ResultsFlap
from mockbatch.core.rules.calls import CallFacts, CallRules, plan_of
from mockbatch.core.rules.rules import parse_rules
from mockbatch.core.rules.stream_faults import ResultsUrl


def armed(*tables: dict[str, Any]) -> CallRules:
    return CallRules(parse_rules(list(tables), str), seed=7, started_at=0)


def struck(rules: CallRules, calls: int, scope: Any = "retrieve", facts: CallFacts = CallFacts()) -> list[int]:  # noqa: B008
    """The numbers of the calls that are struck, from 1."""
    return [n for n in range(1, calls + 1) if rules.decide(scope, facts, n)]


@given(
    st.fixed_dictionaries(
        {}, optional={"skip": st.integers(0, 5), "every": st.integers(1, 4), "times": st.integers(1, 5)}
    ),
    st.integers(0, 30),
)
def test_skip_every_and_times(table: dict[str, Any], calls: int) -> None:
    """So many pass, then one in so many is struck, until it was so many times."""
    rules = armed({"on": "retrieve", "http": 500, **table})
    expected = list(range(1, calls + 1))[table.get("skip", 0) :][table.get("every", 1) - 1 :: table.get("every", 1)]
    assert struck(rules, calls) == expected[: table.get("times", calls)]
    (record,) = rules.records
    assert record.hits == len(expected[: table.get("times", calls)])
    assert record.remaining == (table["times"] - record.hits if "times" in table else None)


def test_nth_and_what_is_left_of_it() -> None:
    """Once, and then never more."""
    rules = armed({"on": "retrieve", "http": 500, "nth": 3})
    (record,) = rules.records
    assert record.remaining == 1
    assert struck(rules, 9) == [3]
    assert (record.remaining, record.last_hit) == (0, 3)


def test_luck_depends_on_the_number_of_the_call() -> None:
    """So the same calls are struck again next time."""
    table = {"on": "retrieve", "http": 500, "probability": 0.3}
    first = struck(armed(table), 1000)
    assert first == struck(armed(table), 1000)
    assert 240 < len(first) < 360
    assert first != struck(armed({**table, "name": "other"}), 1000)


def test_every_rule_counts_every_call_that_it_means() -> None:
    """Whichever strikes; so the third download is the third, even if the second was struck by another rule."""
    rules = armed({"on": "results", "http": 500, "nth": 2}, {"fault": "results.cut", "nth": 3})
    decided = [[hit.rule.name for hit in rules.decide("results", CallFacts(), 0)] for _ in range(3)]
    assert decided == [[], ["http.error"], ["results.cut"]]


@pytest.mark.parametrize(
    ("match", "facts", "hit"),
    [
        ({"header": {"x-run": "night*"}}, CallFacts({b"x-run": b"nightly"}), True),
        ({"header": "x-run: night*"}, CallFacts({b"x-run": b"nightly"}), True),
        ({"header": {"x-run": "night*"}}, CallFacts({b"x-run": b"daily"}), False),
        ({"header": {"x-run": "*"}}, CallFacts(), False),
        ({"batch": "msgbatch_*"}, CallFacts(batch="msgbatch_1"), True),
        ({"batch": "msgbatch_2"}, CallFacts(batch="msgbatch_1"), False),
    ],
)
def test_which_calls_are_meant(match: dict[str, Any], facts: CallFacts, hit: bool) -> None:
    """By headers, and by the batch."""
    assert bool(armed({"on": "retrieve", "http": 500, "match": match}).decide("retrieve", facts, 0)) == hit


def test_which_messages_are_meant() -> None:
    """By what they ask, of which model."""
    rules = armed({"on": "messages", "http": 500, "prompt": "fail", "model": "claude-haiku-*"})
    asked = {"messages": [{"role": "user", "content": "please fail"}]}
    assert rules.decide("messages", CallFacts(params=asked, model="claude-haiku-4-5"), 0)
    assert not rules.decide("messages", CallFacts(params=asked, model="claude-opus-4-6"), 0)
    assert not rules.decide("messages", CallFacts(params={}, model="claude-haiku-4-5"), 0)


def test_the_scopes() -> None:
    """`http` and `connection` are any call; others are their own only."""
    rules = armed({"on": "list", "http": 500, "times": 9}, {"fault": "connection.reset"})
    assert [hit.rule.name for hit in rules.decide("list", CallFacts(), 0)] == ["http.error"]
    assert [hit.rule.name for hit in rules.decide("cancel", CallFacts(), 0)] == ["connection.reset"]


def test_armed_says_whether_calls_need_to_ask() -> None:
    """Not for rows, nor for what is switched off."""
    assert not armed().armed
    assert not armed({"outcome": "expired"}, {"on": "list", "http": 500, "enabled": False}).armed
    assert armed({"fault": "batch.stuck"}).armed


def test_a_flap_is_counted_for_each_batch() -> None:
    """Or for a time; and only what is struck is a hit."""
    rules = armed({"fault": "retrieve.not_found_flap", "first_n": 2})
    assert struck(rules, 4, facts=CallFacts(batch="a")) == [1, 2]
    assert struck(rules, 4, facts=CallFacts(batch="b")) == [1, 2]
    assert rules.records[0].hits == 4
    timed = armed({"fault": "retrieve.not_found_flap", "lasts": "2s"})
    assert struck(timed, 1, facts=CallFacts(batch="a", age=1_999_999)) == [1]
    assert struck(timed, 1, facts=CallFacts(batch="a", age=2_000_000)) == []


@pytest.mark.parametrize(
    ("more", "hits"),
    [({}, [1, 3, 5]), ({"times": 2}, [1, 2]), ({"every": 3}, [3]), ({"nth": 2}, [2]), ({"skip": 4}, [5])],
)
def test_a_flap_that_says_nothing_strikes_every_other_call(more: dict[str, int], hits: list[int]) -> None:
    """So that polling finds the batch; a rule that counts says itself which calls are struck."""
    rules = armed({"fault": "results.not_found_flap", **more}, {"on": "results", "http": 500, "times": 1})
    found = [rules.decide("results", CallFacts(batch="a"), 0) for _ in range(5)]
    assert [at for at, those in enumerate(found, 1) if any(isinstance(hit.fault, ResultsFlap) for hit in those)] == hits


def test_what_a_new_batch_keeps() -> None:
    """The rules of its rows that are in force for this call and now, and the plans that strike; none of the others."""
    rules = armed(
        {"name": "rows", "outcome": "expired", "header": {"x-run": "1"}},
        {"name": "later", "outcome": "expired", "during": "+1h..+2h"},
        {"name": "slow", "fault": "batch.slow", "nth": 2},
        {"name": "stuck", "fault": "batch.stuck"},
    )
    kept = [[rule.name for rule in rules.for_new_batch(headers, "b", 0)] for headers in ({b"x-run": b"1"}, {}, {})]
    assert kept == [["rows"], ["slow"], []]
    (later,) = rules.for_new_batch({}, "b", 3600 * 10**6)
    assert (later.name, later.during) == ("later", None)


def test_a_plan() -> None:
    """Of the last rule that makes one; exactly the fraction that was told is ever done."""
    plan = plan_of(parse_rules([{"fault": "batch.slow", "factor": 3, "finish_fraction": 0.6}], str))
    assert plan == Plan(3, 0.6)
    draws = [n * 7919 % 1009 for n in range(100)]
    assert sum(draw < plan.finishing(draws) for draw in draws) == 60
    assert sum(draw < Plan().finishing(draws) for draw in draws) == 100


def test_results_elsewhere() -> None:
    """Each of the places, from a URL of ours."""
    url = "http://127.0.0.1:8787/v1/messages/batches/b/results"
    path = "/v1/messages/batches/b/results"
    assert ResultsUrl({"to": "relative"}).url(url) == path
    assert ResultsUrl({"to": "null"}).url(url) is None
    assert ResultsUrl({"to": "doubled_path"}).url(url) == f"http://127.0.0.1:8787{path}{path}"
    assert ResultsUrl({"to": "nxdomain"}).url(url) == f"http://results.invalid{path}"
