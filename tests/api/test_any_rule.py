"""Any rule at all is refused with a sentence, or harms nothing but what it is made to harm."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockbatch.core.replies import edge_cases as odd
from mockbatch.core.replies.kinds import REPLIES
from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.rules.options import FaultParam
from tests.builders import BATCHES, Api, params, requests, serving

RULES = "/_mockbatch/rules"
VIEWS = [
    RULES,
    *(f"/_mockbatch/{name}" for name in ("summary", "problems", "ledger", "batches", "requests", "metrics")),
]
BREAKING = {"results.omit", "results.duplicate", "results.bytes", "results.cut"}
"""Faults whose purpose is that rows are missing, come twice or cannot be parsed."""
ERRING = {"http.error", "cancel.error_after_commit", "create.accept_then_drop", "refused.cmek_key_unreachable"}
"""Faults that answer with a server error."""
WAITING = {
    name
    for name in FAULTS
    if name.rpartition(".")[2] in ("latency", "hang", "slow_headers", "stall", "slow_start", "slicer", "bandwidth")
}
"""Faults that wait in real time: their spans are short here, and their slices large."""

ODD_TEXTS = [
    "",
    " ",
    "a\r\nb: c",
    "\ud800",
    "\x00",
    "\x7f",
    "é",
    "日本",
    "\U0001f4a9",
    '"',
    "\\",
    "re:(",
    "re:a+",
    "[",
    "*",
]
ODD_NUMBERS = [0, 1, 2, -1, 1 << 31, 1 << 53, (1 << 53) + 1, 1 << 63, 1 << 64, 1 << 70, 10**400, 0.5, 1e308, 2.0]
texts = st.sampled_from([*ODD_TEXTS, "hello", "req", "x" * 600]) | st.text(max_size=5)
numbers = st.sampled_from(ODD_NUMBERS) | st.integers(0, 5)
odd_values: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), numbers, texts, st.just([]), st.just({}), st.just(float("nan")), st.just(float("inf"))
)
nested = st.recursive(
    odd_values, lambda one: st.lists(one, max_size=2) | st.dictionaries(texts, one, max_size=2), max_leaves=4
)
spans = st.sampled_from(["0s", "1ms", "10m", "3650d", "3651d", "9999999d", "9" * 400 + "d", "-1s", "", "1e9s", 5])
short_spans = st.sampled_from(["0s", "1ms", "-1s", "3651d", "9" * 400 + "s", ""])
sizes = st.sampled_from(
    ["0", "0kB", "0.1", "1B", "64kB", "50MB", "9" * 400 + "GB", "-1", "", 0, 1, 100_000, 1 << 70, 0.5]
)
headers = st.dictionaries(
    st.sampled_from(
        ["x-odd", "X-Odd", "", "a b", "é", "content-length", "Connection", "retry-after", "set-cookie", "request-id"]
    ),
    texts | numbers,
    max_size=2,
)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "count": numbers | st.sampled_from(["3", "٣", "²", ""]),
    "share": st.sampled_from([0, 0.5, 1, 1e-320, -1, 2, "nan", "inf", "0.5"]),
    "span": spans,
    "text": texts,
    "flag": st.sampled_from([True, False, "true", "no", 1]),
    "table": headers | texts,
    "delay": st.sampled_from(
        ["1ms", "uniform:0s,1ms", "uniform:1ms,0s", "exponential:" + "9" * 400, "x:", "lognormal:0s,1s"]
    ),
    "list": st.lists(texts, max_size=2) | texts,
    "size": sizes,
    "status": st.sampled_from([200, 204, 304, 400, 404, 429, 500, 529, 599, 600, 100, -1, "404", "x", 10**400]),
    "json": st.dictionaries(texts, nested, max_size=2),
}
blocks = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["text", "tool_use", "thinking", "server_tool_use", "redacted_thinking", "mcp_tool_use", "x"]
        )
    },
    optional=dict.fromkeys(
        ("text", "id", "name", "input", "thinking", "signature", "citations", "content", "data"), nested
    ),
)
usages = st.dictionaries(
    st.sampled_from(["input_tokens", "output_tokens", "cache_creation", "server_tool_use", "service_tier", "x"]),
    nested
    | st.dictionaries(st.sampled_from(["ephemeral_5m_input_tokens", "web_search_requests"]), numbers, max_size=1),
    max_size=2,
)
MESSAGE = {"stop_reason": texts, "stop_sequence": texts, "usage": usages, "stop_details": nested, "container": nested}
messages = st.fixed_dictionaries({"content": st.lists(blocks, max_size=2) | texts}, optional=MESSAGE)
schemas = st.fixed_dictionaries(
    {"type": st.sampled_from(["object", "array", "string", "integer", "x"])},
    optional=dict.fromkeys(("minItems", "maxLength", "multipleOf", "minimum", "items", "pattern"), nested),
)
TEMPLATES = st.sampled_from(["{{ prompt }}", "{{ '\ud800' }}", "{{ fake.name() }}", "{{ 1/0 }}", "{{", "{{ x }}"])
REPLY_OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "static": st.lists(blocks, max_size=2) | messages | texts,
    "template": TEMPLATES,
    "schema": schemas | nested,
    "usage": usages,
    "bytes": st.sampled_from([0, 1, 1000, "1kB", "0", "x", 1 << 70]),
    "words": st.sampled_from([0, 5, -1, 1 << 70]),
    "sentences": st.sampled_from([0, 5, -1, 1 << 70]),
    "category": st.sampled_from([*odd.CATEGORIES, "x"]),
    "cut": st.sampled_from([*odd.CUTS, "x"]),
}
for_requests = numbers | texts


@st.composite
def replies(draw: st.DrawFn) -> Any:
    """A reply of any kind, with options of its own, right and odd."""
    if draw(st.integers(0, 4)) == 0:
        return draw(messages | nested)
    kind = draw(st.sampled_from(sorted(REPLIES)))
    known = REPLIES[kind]
    optional = st.sampled_from([*known.options, "usage", "stop_reason", "stop_sequence"])
    names = {*draw(st.sets(optional, max_size=2)), *([known.main] if known.needs_main else [])}
    return {
        "kind": kind,
        **{str(name): draw(REPLY_OPTIONS.get(str(name), for_requests)) for name in sorted(map(str, names))},
    }


def _values(fault: str, name: str, option: FaultParam) -> st.SearchStrategy[Any]:
    if fault in WAITING and option.kind in ("span", "delay"):
        return short_spans
    if fault == "results.slicer" and name == "bytes":
        return st.sampled_from([0, 100, 1 << 53, 1 << 70])
    if fault == "results.bandwidth":
        return st.sampled_from(["0", "0kB", "0.4", 0, "50MB", "-1", 1 << 70])
    if option.choices and option.kind == "choice":
        # nothing ends a wait without end in this process
        return st.sampled_from([one for one in option.choices if one not in ("hang", "stall")]) | texts
    if option.choices:
        return st.lists(st.sampled_from(option.choices), max_size=3) | texts
    return KINDS[option.kind]


@st.composite
def faulted(draw: st.DrawFn) -> dict[str, Any]:
    """A fault of any kind, with options of its own, right and odd."""
    fault = FAULTS[draw(st.sampled_from(sorted(FAULTS)))]
    names = draw(st.sets(st.sampled_from(sorted(fault.options)), max_size=3)) if fault.options else set()
    if fault.name == "connection.hang":
        names = {*names, "lasts"}
    told = {name: draw(_values(fault.name, name, fault.options[name])) for name in sorted(names)}
    on = {"on": draw(st.sampled_from(fault.on))} if draw(st.booleans()) else {}
    return {"fault": fault.name, **on, **({"with": told} if told else {})}


actions = st.one_of(
    faulted(),
    st.fixed_dictionaries({"reply": replies(), "on": st.sampled_from(["item", "messages"])}),
    st.fixed_dictionaries({"outcome": st.sampled_from(["errored", "expired", "canceled", "x"])}),
)
matches = st.dictionaries(
    st.sampled_from(["model", "custom_id", "prompt", "system", "tool", "batch", "session", "nth", "attempt", "share"]),
    odd_values,
    max_size=1,
) | st.fixed_dictionaries({"header": headers | texts})
chosen = st.dictionaries(
    st.sampled_from(["rate", "exactly", "skip", "times", "every", "probability", "fail_attempts", "enabled"]),
    odd_values,
    max_size=1,
)
during = st.sampled_from(
    ["+0s..", "..+3650d", "+" + "9" * 400 + "d..", "9999-12-31..", "..0001-01-01", "x..y", "+0s..+1s"]
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    """Any rule: mostly one that only what it does makes odd."""
    rule: dict[str, Any] = draw(actions)
    for key, values in (("match", matches), ("name", texts), ("id", texts), ("during", during)):
        if draw(st.integers(0, 4)) == 0:
            rule[key] = draw(values)
    return {**rule, **(draw(chosen) if draw(st.integers(0, 4)) == 0 else {})}


@pytest.fixture(scope="module")
def server() -> Iterator[Api]:
    with serving() as api:
        yield api


_numbers = count()


class Caller:
    """A session of its own, in which nothing may go wrong but what its rule does."""

    def __init__(self, api: Api, rule: dict[str, Any]) -> None:
        self.api, self.rule = api, rule
        self.key = {"x-api-key": f"sk-ant-{next(_numbers)}"}

    def post_rule(self) -> httpx2.Response:
        content = json.dumps(self.rule)
        return self.api.post(RULES, content=content, headers={**self.key, "content-type": "application/json"})

    def call(self, method: str, path: str, **more: Any) -> httpx2.Response | None:
        """The answer to a call; None where the rule lost it."""
        try:
            answer = self.api.request(method, path, headers=self.key, follow_redirects=False, **more)
        except ConnectionResetError:
            return None
        except httpx2.DecodingError:
            assert self.rule.get("fault") == "http.encoding"
            return None
        self.check(answer)
        return answer

    def check(self, answer: httpx2.Response) -> None:
        erring = "http" in self.rule or self.rule.get("fault") in ERRING
        if answer.status_code >= 500:
            # a reply that cannot be made for this request is an error that names the rule
            assert erring or '"message":"rule ' in answer.text, (self.rule, answer.text)
            assert "x-mockbatch-fault" in answer.headers

    def strike(self) -> None:
        """Make every call that a rule can strike."""
        body = {"requests": requests("a", "b", "c")}
        created = self.call("POST", BATCHES, json=body)
        second = self.call("POST", BATCHES, json=body)
        self.messages()
        for batch in (created, second):
            if batch is not None and batch.status_code == 200:
                self.life(batch.json()["id"], cancel=batch is second)
        self.call("GET", BATCHES, params={"limit": "1"})
        self.call("GET", f"{BATCHES}/msgbatch_none")

    def messages(self) -> None:
        whole = self.call("POST", "/v1/messages", json=params())
        assert whole is None or whole.content or self.rule.get("fault") == "http.error"
        self.call("POST", "/v1/messages", json=params(stream=True))
        tool = {"name": "look", "input_schema": {"type": "object"}}
        self.call("POST", "/v1/messages", json=params(tools=[tool]))
        self.call("POST", "/v1/messages/count_tokens", json={k: v for k, v in params().items() if k != "max_tokens"})

    def life(self, batch_id: str, *, cancel: bool) -> None:
        path = f"{BATCHES}/{batch_id}"
        self.call("GET", path)
        if cancel:
            self.call("POST", f"{path}/cancel")
        self.call("POST", "/_mockbatch/clock/advance", json={"by": "25h"})
        self.call("GET", path)
        for _ in range(2):
            self.results(f"{path}/results")
        self.call("GET", f"/_mockbatch/batches/{batch_id}")
        if cancel:
            self.call("DELETE", path)

    def results(self, path: str) -> None:
        answer = self.call("GET", path)
        if answer is None or answer.status_code != 200 or self.rule.get("fault") in BREAKING:
            return
        rows = [json.loads(line) for line in answer.content.splitlines()]
        assert sorted(row["custom_id"] for row in rows) == ["a", "b", "c"], self.rule

    def views(self) -> None:
        for path in VIEWS:
            answer = self.api.get(path, headers=self.key)
            assert answer.status_code == 200, (path, self.rule, answer.text)


@given(rules())
@example({"http": {"status": 429, "retry_after_date": "3650d"}})
@example({"fault": "http.encoding"})
def test_any_rule_is_refused_or_harms_nothing_else(server: Api, rule: dict[str, Any]) -> None:
    caller = Caller(server, rule)
    answer = caller.post_rule()
    if answer.status_code != 200:
        assert answer.status_code == 400, (rule, answer.text)
        assert answer.json()["error"]["type"] == "invalid_request_error"
        assert "Internal" not in answer.text
    else:
        caller.strike()
    caller.views()


UNSENDABLE = [
    ({"fault": "batch.slow", "with": {"factor": 1 << 53}}, "factor"),
    ({"fault": "results.bandwidth", "with": {"per_second": "0kB"}}, "per_second"),
    ({"fault": "results.bandwidth", "with": {"per_second": "0.4"}}, "per_second"),
    ({"fault": "results.omit", "with": {"custom_id": "re:("}}, "custom_id"),
    ({"fault": "results.cut", "with": {"after_bytes": 1 << 70}}, "after_bytes"),
    ({"fault": "cancel.error_after_commit", "with": {"status": 204}}, "status"),
    ({"http": {"status": 304}}, "status"),
    ({"http": {"status": 304, "body": "x", "shape": "anthropic"}}, "status"),
    ({"http": {"status": 429, "retry_after_date": "9999999d"}}, "retry_after_date"),
    ({"http": {"status": 500, "details": {"a": 1 << 64}}}, "details"),
    ({"http": {"status": 500, "headers": {"x-odd": "a\r\nb: c"}}}, "headers"),
    ({"http": {"status": 500, "headers": {"content-length": "3"}}}, "headers"),
    ({"http": 500, "name": "two\nlines"}, "name"),
    ({"http": 500, "times": 1 << 70}, "times"),
    ({"http": 500, "match": {"nth": 1 << 70}}, "nth"),
    ({"http": 500, "match": {"header": {"a b": "*"}}}, "header"),
    ({"http": 500, "during": "+99999999999d.."}, "during"),
    ({"errored": {"type": "api_error", "details": {"a": 1 << 64}}}, "details"),
    ({"fault": "item.mix", "with": {"mix": "nan/1/1/1"}}, "mix"),
    ({"fault": "item.mix", "with": {"mix": "1e308/1e308/1e308/1"}}, "mix"),
    ({"reply": {"static": [{"type": "tool_use"}]}}, "'id'"),
    ({"reply": {"static": [{"type": "tool_use", "id": "a", "name": "b", "input": None}]}}, "input"),
    ({"reply": {"static": [{"type": "thinking", "thinking": "x"}]}}, "'signature'"),
    ({"reply": {"static": [{"type": "text", "text": None}]}}, "text"),
    ({"reply": {"static": [{"type": "x", "data": 1 << 64}]}}, "written as JSON"),
    ({"reply": {"kind": "unknown_block", "type": "text"}}, "type"),
    ({"reply": {"kind": "empty", "usage": {"input_tokens": "abc"}}}, "input_tokens"),
]


@pytest.mark.parametrize(("rule", "told"), UNSENDABLE)
def test_a_rule_that_cannot_be_sent_is_refused(server: Api, rule: dict[str, Any], told: str) -> None:
    answer = Caller(server, rule).post_rule()
    assert answer.status_code == 400, answer.text
    assert told in answer.json()["error"]["message"]


def test_an_odd_result_type_leaves_lines_that_parse(server: Api) -> None:
    caller = Caller(server, {"fault": "compat.unknown_result_type", "with": {"type": 'a"\\b'}})
    assert caller.post_rule().status_code == 200
    caller.strike()


def test_names_of_headers_match_in_any_case(server: Api) -> None:
    caller = Caller(server, {"http": 418, "match": {"header": {"X-Api-Key": "*"}}})
    assert caller.post_rule().status_code == 200
    answer = caller.call("GET", BATCHES)
    assert answer is not None
    assert answer.status_code == 418
