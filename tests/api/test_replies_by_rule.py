"""What comes back, told by rules: in batches and in messages, by kind, template and function."""

import json
import logging
from typing import Any

import jsonschema
import pytest

from tests.builders import BATCHES, OWNER, Api, params, requests, serving

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOL = {"name": "forecast", "description": "The weather.", "input_schema": SCHEMA}


def armed(api: Api, *rules: dict[str, Any]) -> None:
    api.ok(api.post("/_mockbatch/rules", json=list(rules), headers=OWNER))


def rows(api: Api, *custom_ids: str, **more: Any) -> dict[str, dict[str, Any]]:
    """The results of a batch that has ended, by custom_id."""
    batch = api.ended(api.create(*custom_ids, **more))
    found = api.results(batch)
    assert api.results(batch) == found
    return {row["custom_id"]: row["result"] for row in found}


def text(result: dict[str, Any]) -> str:
    assert result["type"] == "succeeded", result
    found: str = result["message"]["content"][0]["text"]
    return found


def test_the_first_rule_that_matches_makes_the_reply(api: Api) -> None:
    """By name, by prompt, and for all others as the request asks."""
    armed(
        api,
        {"on": "item", "custom_id": "golden-*", "reply": {"static": "forty-two"}},
        {"on": "item", "prompt": "request b", "reply": "echo"},
    )
    found = rows(api, "golden-1", "b", "c")
    assert (text(found["golden-1"]), text(found["b"])) == ("forty-two", "request b")
    assert text(found["c"]) not in ("forty-two", "request c")


def test_a_template_sees_the_request_and_may_tell_the_usage(api: Api) -> None:
    """And fakes are the same again."""
    template = "{{ custom_id }} {{ index }} {{ request.model }} {{ fake.city() }}"
    usage = {"input_tokens": 1200, "output_tokens": 80, "cache_creation": {"ephemeral_1h_input_tokens": 1024}}
    armed(api, {"on": "item", "reply": {"template": template, "usage": usage}})
    found = rows(api, "a", "b")
    assert text(found["a"]).startswith("a 0 claude-haiku-4-5 ")
    assert text(found["b"]).startswith("b 1 claude-haiku-4-5 ")
    told = found["a"]["message"]["usage"]
    assert (told["input_tokens"], told["output_tokens"]) == (1200, 80)
    assert told["cache_creation"]["ephemeral_1h_input_tokens"] == 1024


def test_what_a_request_asks_for_comes_back(api: Api) -> None:
    """A call of a tool, and JSON, both valid against the schema."""
    choice = {"type": "tool", "name": "forecast"}
    (result,) = rows(api, "a", tools=[TOOL], tool_choice=choice).values()
    (block,) = result["message"]["content"]
    assert (block["type"], block["name"], result["message"]["stop_reason"]) == ("tool_use", "forecast", "tool_use")
    jsonschema.validate(block["input"], SCHEMA)
    closed = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
    form = {"format": {"type": "json_schema", "schema": closed}}
    (result,) = rows(api, "b", model="claude-haiku-4-5", output_config=form).values()
    jsonschema.validate(json.loads(text(result)), closed)


def test_messages_have_rules_of_their_own(api: Api) -> None:
    """Whole and streamed."""
    armed(api, {"on": "messages", "reply": {"static": "hello"}}, {"on": "item", "reply": {"static": "other"}})
    message = api.ok(api.post("/v1/messages", json=params()))
    assert message["content"] == [{"type": "text", "text": "hello", "citations": None}] or message["content"] == [
        {"type": "text", "text": "hello"}
    ]
    assert '"hello"' in api.post("/v1/messages", json=params(stream=True)).text


@pytest.mark.parametrize(("function", "expected"), [("shout", "REQUEST A"), ("later", "a of msgbatch_")])
def test_a_function_makes_all_replies(function: str, expected: str) -> None:
    """Sync or async, text or a whole message, in batches and outside."""
    with serving(replies=f"tests.reply_functions:{function}") as api:
        (result,) = rows(api, "a").values()
        assert text(result).startswith(expected)
        message = api.ok(api.post("/v1/messages", json=params("request a")))
        assert message["content"][0]["text"].startswith(expected[:9] if function == "shout" else "None of None")


def test_a_function_is_asked_once_for_each_request() -> None:
    """So that results are the same on every download, whatever it does."""
    with serving(replies="tests.reply_functions:numbered") as api:
        found = rows(api, *map(str, range(30)))
    assert len({text(result) for result in found.values()}) == 30


def test_a_function_that_raises_harms_its_row_alone(caplog: pytest.LogCaptureFixture) -> None:
    """The row errs with the rule and the exception; the traceback is in the log."""
    with serving(replies="tests.reply_functions:picky") as api:
        found = rows(api, "good", "bad")
    assert text(found["good"]) == "fine"
    error = found["bad"]["error"]["error"]
    assert error["type"] == "api_error"
    assert "rule 'replies'" in error["message"]
    assert "LookupError: I do not like it" in error["message"]
    assert any(record.exc_info and "picky" in record.message for record in caplog.records)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("tests.reply_functions:odd", "a reply is a text"),
        ("tests.reply_functions:nobody", "nobody"),
        ("no_such_module:f", "No module named"),
    ],
)
def test_a_function_that_is_none_or_returns_none_errs(api: Api, function: str, told: str) -> None:
    """Row by row."""
    armed(api, {"on": "item", "reply": {"callable": function}})
    (result,) = rows(api, "a").values()
    assert told in result["error"]["error"]["message"]


def test_a_template_that_fails_harms_its_rows_alone(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """With the name of the rule."""
    caplog.set_level(logging.ERROR)
    armed(api, {"name": "mine", "on": "item", "custom_id": "a", "reply": {"template": "{{ request.nothing.at_all }}"}})
    found = rows(api, "a", "b")
    assert found["a"]["error"]["error"]["type"] == "api_error"
    assert "rule 'mine'" in found["a"]["error"]["error"]["message"]
    assert found["b"]["type"] == "succeeded"
    assert "mine" in caplog.text


IMPOSSIBLE = {**SCHEMA, "properties": {"city": {"enum": ["a"], "const": "b"}}, "required": ["city"]}
FORMAT = {"format": {"type": "json_schema", "schema": IMPOSSIBLE}}


@pytest.mark.parametrize("reply", [{"kind": "schema", "schema": IMPOSSIBLE}, "schema", "natural"])
def test_a_rule_whose_reply_cannot_be_made_errs(api: Api, reply: Any) -> None:
    """As an error of the server, with the name of the rule."""
    armed(api, {"name": "mine", "on": "item", "reply": reply})
    (result,) = rows(api, "a", output_config=FORMAT).values()
    assert result["error"]["error"]["type"] == "api_error"
    assert "rule 'mine': No value" in result["error"]["error"]["message"]


def test_a_schema_that_nothing_can_satisfy_gets_the_nearest_value(api: Api) -> None:
    """The row succeeds, as it does at the real API, and is marked wherever somebody looks behind it."""
    batch = api.ended(api.create("a", output_config=FORMAT))
    (row,) = api.results(batch)
    assert json.loads(row["result"]["message"]["content"][-1]["text"])["city"] in ("a", "b")
    sentence = "No value was found that meets `properties/city/enum` of output_config.format.schema."
    where = f"/_mockbatch/batches/{batch['id']}/items"
    assert api.get(where).json()["items"][0]["unmet"] == sentence
    assert f"{sentence} The nearest one is sent." in api.get(f"{where}/a").json()["reasons"]
    assert len(api.get(f"{where}?q=unmet:*city*").json()["items"]) == 1
    problems = api.get("/_mockbatch/problems").json()["problems"]
    (problem,) = [problem for problem in problems if problem["kind"] == "unmet_schema"]
    assert problem["batches"] == [batch["id"]]
    assert problem["custom_ids"] == ["a"]
    assert (
        problem["text"]
        == f"1 request of {batch['id']} got a value that does not fully satisfy its schema; the first: {sentence}"
    )


def test_messages_that_only_nearly_meet_a_schema_are_marked_in_the_journal(api: Api) -> None:
    """And among the problems; others are not."""
    api.ok(api.post("/v1/messages", json=params(output_config=FORMAT)))
    api.ok(api.post("/v1/messages", json=params()))
    marks = [call["unmet"] for call in api.get("/_mockbatch/requests").json()["requests"]]
    assert len(marks) == 2
    assert marks[1] is None
    assert "of output_config.format.schema" in marks[0]
    problems = api.get("/_mockbatch/problems").json()["problems"]
    assert [problem["kind"] for problem in problems] == ["unmet_schema"]


@pytest.mark.parametrize(
    ("kind", "stop_reason"),
    [
        ("refusal", "refusal"),
        ("pause_turn", "pause_turn"),
        ("context_exceeded", "model_context_window_exceeded"),
        ({"truncate": "half"}, "max_tokens"),
    ],
)
def test_odd_answers_come_on_demand(api: Api, kind: Any, stop_reason: str) -> None:
    """All of them are rows that succeeded."""
    armed(api, {"on": "item", "reply": kind})
    (result,) = rows(api, "a").values()
    assert result["type"] == "succeeded"
    assert result["message"]["stop_reason"] == stop_reason


def test_round_numbers_of_tokens_are_the_same_everywhere() -> None:
    """In batches, messages and counts."""
    with serving(tokens="fixed:input=1000,output=200") as api:
        (result,) = rows(api, "a").values()
        usage = api.ok(api.post("/v1/messages", json=params()))["usage"]
        body = {name: value for name, value in params().items() if name != "max_tokens"}
        counted = api.ok(api.post("/v1/messages/count_tokens", json=body))
    assert (result["message"]["usage"]["input_tokens"], result["message"]["usage"]["output_tokens"]) == (1000, 200)
    assert (usage["input_tokens"], usage["output_tokens"], counted) == (1000, 200, {"input_tokens": 1000})


def test_a_reply_is_the_same_in_a_batch_in_a_message_and_in_other_company(api: Api) -> None:
    """It depends on the request alone."""
    batch = api.ended(api.ok(api.post(BATCHES, json={"requests": requests("a", "b", "c")})))
    alone = api.ended(api.create("b"))
    in_company = {row["custom_id"]: row["result"]["message"]["content"] for row in api.results(batch)}
    (row,) = api.results(alone)
    message = api.ok(api.post("/v1/messages", json=params("request b")))
    assert in_company["b"] == row["result"]["message"]["content"] == message["content"]


def test_results_survive_a_change_of_the_rules(api: Api) -> None:
    """A batch keeps those that it was created under."""
    armed(api, {"on": "item", "reply": {"static": "old"}})
    batch = api.create("a")
    api.ok(api.put("/_mockbatch/rules", json=[{"on": "item", "reply": {"static": "new"}}]))
    api.ended(batch)
    assert [row["result"]["message"]["content"][0]["text"] for row in api.results(batch)] == ["old"]
    (result,) = rows(api, "b").values()
    assert text(result) == "new"


ESCAPES = (
    '{% set G = fake.get_formatter("__class__") %}'
    '{{ G.get_formatter(G.format, "__globals__")["__builtins__"]["eval"]("1") }}',
    "{{ fake.factories[0].set_formatter('name', fake.factories[0].word) }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ request.__init__.__globals__ }}",
)


@pytest.mark.parametrize("template", ESCAPES)
def test_a_template_reaches_values_only(api: Api, template: str) -> None:
    """One that reaches for more is refused or ends in an error, and no template of another session says otherwise."""
    other, named = {"x-api-key": "sk-ant-other"}, [{"on": "messages", "reply": {"template": "{{ fake.name() }}"}}]
    assert api.post("/_mockbatch/rules", json=named, headers=other).status_code == 200

    def said() -> str:
        message = api.ok(api.post("/v1/messages", json=params(), headers=other))
        found: str = message["content"][0]["text"]
        return found

    before = said()
    answer = api.post("/_mockbatch/rules", json={"on": "messages", "reply": {"template": template}})
    if answer.status_code == 200:
        message = api.post("/v1/messages", json=params())
        assert message.status_code == 500
        assert message.json()["error"]["message"].startswith("rule 'reply': the template raised ")
    else:
        assert answer.status_code == 400
    assert said() == before
