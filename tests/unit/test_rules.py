"""Rules as they are written: what is understood, what is refused and how, and that writing is the inverse."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.rules.actions import ItemError
from mockbatch.core.rules.during import During, Moment
from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.rules.item_faults import parse_mix
from mockbatch.core.rules.items import read_reply
from mockbatch.core.rules.match import Match, Prompt, params_test
from mockbatch.core.rules.options import RuleError
from mockbatch.core.rules.presets import PRESETS
from mockbatch.core.rules.rules import Rule, parse_rule, parse_rules
from mockbatch.core.rules.written import as_pytest, as_toml, dump_rule, parse_flag
from mockbatch.core.time.spans import DAY, HOUR, MINUTE

MODELS = ("claude-haiku-4-5", "claude-opus-4-6")


@pytest.mark.parametrize(
    ("flag", "rule"),
    [
        (
            "results.cut,after_items=73,how=reset,times=1",
            Rule("results.cut", "results", times=1, fault="results.cut", options={"after_items": 73, "how": "reset"}),
        ),
        (
            "item.errored,type=overloaded_error,custom_id=busy-*,fail_attempts=1,name=busy",
            Rule(
                "busy",
                "item",
                Match(custom_id="busy-*"),
                fail_attempts=1,
                errored=ItemError("overloaded_error", "Overloaded"),
            ),
        ),
        ("item.expired,rate=.05", Rule("outcome expired", "item", rate=0.05, outcome="expired")),
        ("outcome=canceled", Rule("outcome canceled", "item", outcome="canceled")),
        (
            "on=retrieve,http=502,nth=3",
            Rule("http.error", "retrieve", Match(nth=3), fault="http.error", options={"status": 502}),
        ),
        (
            "http.latency,delay=lognormal:p50=1s,p99=3s,every=2",
            Rule("http.latency", "http", every=2, fault="http.latency", options={"delay": "lognormal:p50=1s,p99=3s"}),
        ),
        (
            "http.error,on=*,during=+24h..+24h10m,message=Over, loaded",
            Rule(
                "http.error",
                "http",
                during=During(Moment(DAY, True), Moment(DAY + 10 * MINUTE, True)),
                fault="http.error",
                options={"message": "Over, loaded"},
            ),
        ),
        (
            "results.omit,custom_id=row-7",
            Rule("results.omit", "results", fault="results.omit", options={"custom_id": "row-7"}),
        ),
    ],
)
def test_what_a_flag_says(flag: str, rule: Rule) -> None:
    """A fault, then keys of the rule, of its match and of its options, in any order."""
    assert parse_flag(flag) == rule


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, "does nothing; give it one of reply, errored, outcome, fault, http"),
        ({"fault": "results.ctu"}, "there is no 'results.ctu'. Did you mean 'results.cut'?"),
        ({"fault": "results.cut", "after_itmes": 3}, "after_itmes: unknown key. Did you mean 'after_items'?"),
        (
            {"fault": "results.cut", "with": {"hwo": "reset"}},
            "with.hwo: results.cut has no such option. Did you mean 'how'?",
        ),
        ({"fault": "results.cut", "how": "rest"}, "with.how: 'rest' is not one of them. Did you mean 'reset'?"),
        ({"fault": "results.cut", "after_items": -1}, "with.after_items: -1 is not an integer"),
        ({"fault": "item.output_bytes", "size": "1GB"}, "size: a text has at most 50,000,000 bytes, not 1,000,000,000"),
        ({"fault": "results.cut", "after_items": 1, "after_bytes": 1}, "after_items and after_bytes contradict"),
        ({"fault": "results.cut", "on": "retrieve"}, "results.cut does not happen to 'retrieve', only to results"),
        ({"fault": "results.cut", "custom_id": "a"}, "match.custom_id: a results call has none"),
        ({"fault": "results.cut", "outcome": "expired"}, "outcome and fault exclude each other"),
        ({"errored": "api_error", "http": 500}, "errored and http exclude each other"),
        ({"on": "itme", "errored": "api_error"}, "on: there is no scope 'itme'. Did you mean 'item'?"),
        ({"on": "create", "outcome": "expired"}, "rows have an outcome, 'create' has none"),
        ({"on": "create", "errored": "api_error"}, "item.errored does not happen to 'create', only to item"),
        ({"outcome": "expierd"}, "outcome: there is no 'expierd'. Did you mean 'expired'?"),
        ({"errored": "overload_error"}, "the API has no 'overload_error'. Did you mean 'overloaded_error'?"),
        ({"errored": {"type": "api_error", "mesage": "x"}}, "errored.mesage: item.errored has no such option"),
        ({"outcome": "expired", "rate": 0}, "rate: 0 is not a share above 0"),
        ({"outcome": "expired", "rate": 5}, "rate: 5 is not a share above 0"),
        ({"outcome": "expired", "rate": 0.1, "exactly": 5}, "rate and exactly contradict each other"),
        ({"outcome": "expired", "exactly": 0}, "exactly: 0 never applies"),
        ({"outcome": "expired", "times": 3}, "times: counts calls, and rows have no order; write exactly"),
        ({"outcome": "expired", "nth": 3}, "match.nth: counts calls, so it never matches on = 'item'"),
        ({"outcome": "expired", "fail_attempts": 1, "attempt": 2}, "fail_attempts: never applies at attempt 2"),
        ({"outcome": "expired", "attempt": 0}, "match.attempt: 0 never occurs"),
        ({"outcome": "expired", "custom_id": "a.b"}, "'a.b' can never match, a custom_id cannot contain '.'"),
        ({"outcome": "expired", "custom_id": "x" * 65}, "more than 64 characters can never match"),
        ({"outcome": "expired", "custom_id": "re:("}, "'re:(' is not a usable regular expression"),
        ({"outcome": "expired", "model": "claude-hauki-4-5"}, "Did you mean 'claude-haiku-4-5'?"),
        ({"outcome": "expired", "model": "gpt-*"}, "no model is called 'gpt-*'"),
        ({"outcome": "expired", "share": 0}, "match.share: 0 is not a share"),
        ({"outcome": "expired", "prompt": ""}, "match.prompt: an empty pattern"),
        ({"outcome": "expired", "match": {"promt": "x"}}, "match.promt: unknown key. Did you mean"),
        ({"outcome": "expired", "during": "+2h..+1h"}, "during: ends before it begins"),
        ({"outcome": "expired", "during": {"form": "+1h"}}, "during.form: unknown key. Did you mean 'from'?"),
        ({"outcome": "expired", "during": {"from": "tomorrow"}}, "during.from: 'tomorrow' is not a time"),
        ({"http": 429, "rate": 0.5}, "rate: selects rows, so it needs on = 'item'; for calls write probability"),
        ({"http": 429, "probability": 0}, "probability: 0 is not a share"),
        ({"http": 429, "every": 0}, "every: 0 never applies"),
        ({"http": 429, "skip": -1}, "skip: -1 is below 0"),
        ({"http": 429, "nth": 3, "skip": 1}, "match.nth: there is only one nth call"),
        ({"http": 429, "nth": 3, "times": 2}, "match.nth: there is only one nth call"),
        ({"http": 700}, "http.status: 700 is not an integer from 200 to 599"),
        ({"http": 200}, "status: 200 is not an error"),
        ({"http": {"retry_after": 1, "retry_after_ms": 1}}, "retry_after and retry_after_ms contradict"),
        ({"http": 429, "times": "often"}, "times: Expected `int"),
        ({"outcome": "expired", "with": {"x": 1}}, "with: needs a fault"),
        ({"fault": "item.mix", "mix": "90/5"}, "'90/5' is not a mix"),
        ({"http": 500, "name": " "}, "name: a rule needs a name"),
        ({"reply": "no"}, "reply: is not yes"),
        (["fault"], "is not a rule; a rule is a table"),
    ],
    ids=str,
)
def test_what_is_refused(table: Any, told: str) -> None:
    """With the place, the reason, and the right name where one is near."""

    def read_reply(written: Any) -> Any:
        raise ValueError("is not yes")

    with pytest.raises(RuleError) as raised:
        parse_rule(table, "mock.toml:7", read_reply=read_reply, known_models=MODELS)
    assert str(raised.value).startswith("mock.toml:7: ")
    assert told in str(raised.value)


@pytest.mark.parametrize("flag", ["results.cut,reset", "results.cut,times=1,times=2", "", "=3"])
def test_flags_that_are_no_rules(flag: str) -> None:
    """Told like any other."""
    with pytest.raises(RuleError):
        parse_flag(flag, "--fault")


def test_a_rule_behind_one_that_takes_everything_is_refused() -> None:
    """It could never match. One that lets others have their turn hides nobody."""
    everything, more = {"name": "all", "outcome": "expired"}, {"errored": "api_error", "custom_id": "a"}
    with pytest.raises(RuleError, match=r"rule 1: can never match because 'all' before it matches everything"):
        parse_rules([everything, more], "rule {}".format)
    parse_rules([more, everything], "rule {}".format)
    parse_rules([{**everything, "rate": 0.5}, more], "rule {}".format)
    parse_rules([{"fault": "http.latency"}, {"http": 500}], "rule {}".format)
    with pytest.raises(RuleError):
        parse_rules([{"http": 500}, {"http": 502}], "rule {}".format)


def test_rules_of_the_same_name_are_told_apart() -> None:
    """Their luck depends on the name, so each gets one of its own."""
    rules = parse_rules([{"outcome": "expired", "rate": 0.1}] * 3, str)
    assert [rule.name for rule in rules] == ["outcome expired", "outcome expired 2", "outcome expired 3"]


def test_fields_that_clash_would_be_ambiguous() -> None:
    """An option of a fault that is called like a key of a rule, or like what can be matched there, has no place."""
    from mockbatch.core.rules.match import MATCHES
    from mockbatch.core.rules.rules import KEYS

    for fault in FAULTS.values():
        matched = {name for scope in fault.on for name in MATCHES[scope]}
        assert not set(fault.options) & ({*KEYS} | matched), fault.name
        assert all(name.isidentifier() for name in fault.options)


def test_every_fault_can_be_armed_with_its_defaults() -> None:
    """In each scope that it says."""
    for fault in FAULTS.values():
        for scope in fault.on:
            rule = parse_rule({"fault": fault.name, "on": scope, "with": fault.defaults()}, "")
            assert rule.on == scope


def test_every_preset_has_sound_rules() -> None:
    """They are parsed when they are asked for."""
    for preset in PRESETS.values():
        preset.rules()


def test_the_during_of_a_session() -> None:
    """From the first moment until before the last; offsets count from the start of the session."""
    during = During(Moment(HOUR, True), Moment(2 * HOUR, True))
    assert [during.covers(at, 0) for at in (HOUR - 1, HOUR, 2 * HOUR - 1, 2 * HOUR)] == [False, True, True, False]
    assert not during.covers(HOUR, HOUR)
    assert During(None, Moment(5)).covers(4, 99)


def test_mixes_are_shares() -> None:
    """Of numbers that need not add up to a hundred."""
    assert parse_mix("90/5/3/2") == (0.9, 0.05, 0.03, 0.02)
    assert parse_mix("1/1/1/1") == (0.25,) * 4


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12).filter(str.strip)
_PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12).filter(str.strip)
_GLOBS = st.text("abc-_*?", min_size=1, max_size=12)
_SHARES = st.floats(0.001, 1)
_MOMENTS = st.integers(1, 10**6).map(lambda seconds: f"+{seconds}s")


@st.composite
def _choosing_rows(draw: st.DrawFn) -> dict[str, Any]:
    table: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "name": _PRINTABLE,
                "fail_attempts": st.integers(1, 9),
                "enabled": st.booleans(),
                "match": st.fixed_dictionaries(
                    {},
                    optional={
                        "custom_id": _GLOBS,
                        "prompt": _TEXTS.filter(lambda text: not text.startswith("re:")),
                        "share": _SHARES,
                        "header": st.dictionaries(st.from_regex(r"\Ax-[a-z]{1,4}\Z"), _GLOBS, min_size=1, max_size=2),
                        "model": _GLOBS,
                    },
                ),
                "during": st.fixed_dictionaries({"from": _MOMENTS}),
            },
        )
    )
    chooser: dict[str, Any] = draw(
        st.sampled_from([{}, {"rate": draw(_SHARES)}, {"exactly": draw(st.integers(1, 99))}])
    )
    action: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"outcome": draw(st.sampled_from(["succeeded", "errored", "expired", "canceled"]))},
                {"errored": {"type": "api_error", "message": draw(_TEXTS), "details": {draw(_TEXTS): [1, None, 0.5]}}},
                {"fault": "item.mix", "with": {"mix": "1/2/3/4"}},
                {"reply": {"static": draw(_TEXTS)}},
            ]
        )
    )
    return {**table, **chooser, **action}


@st.composite
def _choosing_calls(draw: st.DrawFn) -> dict[str, Any]:
    table: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {"on": st.sampled_from(["http", "retrieve", "list"])},
            optional={
                "skip": st.integers(0, 9),
                "times": st.integers(1, 9),
                "every": st.integers(1, 9),
                "probability": _SHARES,
                "during": st.fixed_dictionaries({"to": _MOMENTS}),
            },
        )
    )
    action: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"http": {"status": 429, "headers": {"x-a": draw(_PRINTABLE)}, "retry_after": 3}},
                {"fault": "http.latency", "with": {"delay": "uniform:1s,2s"}},
                {"fault": "connection.hang", "with": {"lasts": "1m"}},
            ]
        )
    )
    return {**table, **action}


@pytest.mark.parametrize(
    "table",
    [
        {"name": "a\r\nb", "outcome": "expired"},
        {"name": "a\ud800", "outcome": "expired"},
        {"name": "a" * 501, "outcome": "expired"},
        {"http": {"status": 429, "headers": {"x-a": "b\r\nc: d"}}},
        {"http": {"status": 429, "headers": {"x-a": "\u20ac"}}},
        {"http": {"status": 429, "headers": {"x a": "b"}}},
        {"http": {"status": 429, "headers": {"Content-Length": "3"}}},
        {"http": {"status": 429, "headers": {"transfer-encoding": "chunked"}}},
        {"http": {"status": 429, "retry_after_date": "9999999d"}},
        {"http": {"status": 429, "retry_after": "9" * 5000}},
        {"http": {"status": 429, "body": "\ud800"}},
        {"http": {"status": 429, "details": {"a": float("nan")}}},
        {"fault": "item.output_bytes", "size": "1" + "0" * 400},
        {"fault": "http.latency", "delay": "1" + "0" * 400},
        {"outcome": "expired", "during": "1" + "0" * 400},
        {"reply": {"static": [{"type": "text", "text": 5}]}},
        {"reply": {"static": [{"type": "tool_use", "input": 5}]}},
        {"reply": {"static": {"content": "a", "container": 5}}},
        {"reply": {"static": {"content": "a", "stop_sequence": 5}}},
        {"reply": {"static": {"content": "a", "usage": {"output_tokens": "x"}}}},
        {"reply": {"static": "a", "usage": {"output_tokens": "x"}}},
        {"reply": {"static": "a", "usage": {"nope": 1}}},
        {"reply": {"static": "a", "usage": {"server_tool_use": {"web_search_requests": -1}}}},
        {"errored": {"type": "api_error", "message": "\ud800"}},
        {"reply": {"static": "\ud800"}},
        {"reply": {"fixture": "a"}},
        {"reply": {"static": "a", "usage": {"output_tokens": -1}}},
        {"reply": {"static": "a", "usage": {"output_tokens": True}}},
        {"reply": {"static": "a", "usage": {"output_tokens": 1.5}}},
        {"reply": {"static": "a", "usage": {"output_tokens": 1 << 70}}},
        {"reply": {"template": '{{ "a" * 9 }}' * 9000}},
    ],
)
def test_what_could_not_be_sent_is_refused(table: dict[str, Any]) -> None:
    """When the rule is made, not when it strikes."""
    with pytest.raises(RuleError):
        parse_rule(table, "", read_reply=read_reply)


@given(_choosing_rows() | _choosing_calls())
def test_what_is_written_is_read_back(table: dict[str, Any]) -> None:
    """As a table, and as TOML where that has a word for all of it; and as Python it is at least Python."""
    rule = parse_rule(table, "")
    assert parse_rule(dump_rule(rule), "") == rule
    (read,) = tomllib.loads(as_toml(rule))["rules"]
    written = dump_rule(rule)
    assert parse_rule(read, "") == parse_rule(_without_nothing(written), "")
    compile(as_pytest(rule), "test", "eval")


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nothing(one) for key, one in value.items() if one is not None and key != "id"}
    return [_without_nothing(one) for one in value if one is not None] if isinstance(value, list) else value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda nested: (
        st.lists(nested, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "text", "name", "type"]), nested, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["messages", "system", "tools"]), JSON))
def test_conditions_can_be_tried_on_params_of_any_shape(params: dict[str, Any]) -> None:
    test = params_test(Match(prompt="re:b+", system="re:b+", tool="find*"))
    assert test is not None
    assert test(Prompt(params)) in (True, False, None)


@pytest.mark.parametrize("messages", [1e-308, True, "Hello", {"role": "user"}, [1], None])
def test_a_condition_on_the_prompt_never_holds_where_there_is_none(messages: Any) -> None:
    test = params_test(Match(prompt="o"))
    assert test is not None
    assert not test(Prompt({"messages": messages}))
