"""The catalogue, by the API and by what batches accept of it."""

from typing import Any

import pytest

from mockbatch.core.contract.catalog import MODELS
from tests.api.test_messages import MESSAGES, sdk
from tests.builders import BATCHES, Api, outcomes, params, serving


def ran(api: Api, model: str) -> str:
    """How a row with this model ends."""
    item = {"custom_id": "a", "params": params(model=model)}
    batch = api.ok(api.post(BATCHES, json={"requests": [item]}))
    return outcomes(api.results(api.ended(batch)))["a"]


def test_retired_models_are_listed_only_when_asked_for() -> None:
    """The SDK pages through all, in both directions."""
    with serving() as api:
        client = sdk(api)
        shown = [model.id for model in client.models.list(limit=3)]
        assert shown == [model.id for model in MODELS.values() if model.lifecycle != "retired"]
        everything = list(client.models.list(limit=1000, lifecycle=["active", "deprecated", "retired"]))
        assert {model.id for model in everything} == set(MODELS)
        before = client.models.list(limit=2, before_id=shown[4])
        assert [model.id for model in before.data] == shown[2:4]
        assert before.has_more


def test_a_model_is_found_by_alias_and_tells_what_it_can() -> None:
    """Limits, line and capabilities as documented."""
    with serving() as api:
        client = sdk(api)
        old, new = client.models.retrieve("claude-haiku-4-5"), client.models.retrieve("claude-opus-5-5")
        assert (old.id, old.line, old.max_tokens) == ("claude-haiku-4-5-20251001", "haiku", 64_000)
        assert old.display_name == "Claude Haiku 4.5"
        assert old.created_at.date().isoformat() == "2025-10-01"
        assert old.capabilities.thinking.types.enabled.supported
        assert not new.capabilities.thinking.types.enabled.supported
        assert not new.capabilities.thinking.types.disabled.supported
        assert not old.capabilities.effort.supported
        assert api.get("/v1/models/claude-none").status_code == 404


def test_a_retired_model_answers_with_a_warning() -> None:
    """Its day has come for the API, not for tests that still need it."""
    with serving() as api:
        answer = api.post(MESSAGES, json=params(model="claude-opus-4-1"))
        assert answer.status_code == 200
        assert "was retired on 2026-08-05" in answer.headers["mockbatch-warning"]
        assert ran(api, "claude-opus-4-1") == "succeeded"
        assert "mockbatch-warning" not in api.post(MESSAGES, json=params()).headers


def test_strict_models_retire_on_their_virtual_day() -> None:
    """The batch of the day before has it, the batch of the day has it no more."""
    with serving(models="strict", clock_start="2026-08-04T12:00:00Z", progression="immediate") as api:
        assert ran(api, "claude-opus-4-1") == "succeeded"
        assert api.ok(api.get("/v1/models/claude-opus-4-1"))["lifecycle"] == "deprecated"
        api.advance(to="2026-08-05T00:00:00Z")
        assert ran(api, "claude-opus-4-1") == "errored"
        assert api.ok(api.get("/v1/models/claude-opus-4-1"))["lifecycle"] == "retired"
        assert api.post(MESSAGES, json=params(model="claude-opus-4-1")).status_code == 404


@pytest.mark.parametrize(("options", "outcome"), [({}, "errored"), ({"models": "any"}, "succeeded")])
def test_any_name_is_a_model_only_when_told(options: dict[str, Any], outcome: str) -> None:
    """An unknown one is the API's not_found."""
    with serving(progression="immediate", **options) as api:
        assert ran(api, "my-finetune") == outcome


def test_an_extra_model_is_like_the_one_it_is_made_of() -> None:
    """Its limits, and its own name in replies and in the list."""
    with serving(extra_models="house-model=claude-haiku-4-5", progression="immediate") as api:
        assert ran(api, "house-model") == "succeeded"
        info = api.ok(api.get("/v1/models/house-model"))
        assert (info["max_tokens"], info["line"]) == (64_000, "haiku")
        answer = api.post(MESSAGES, json=params(model="house-model", max_tokens=64_001))
        assert answer.json()["error"]["message"].endswith("for house-model")
        assert api.ok(api.post(MESSAGES, json=params(model="house-model")))["model"] == "house-model"


def test_rate_limits_are_listed_for_administrators() -> None:
    """Values of the documentation's tables, filtered and paged as the SDK asks."""
    import anthropic

    with serving(tier="scale") as api:
        client = anthropic.Anthropic(api_key="sk-ant-admin01-a", base_url="http://mockbatch", http_client=api)
        api.headers.pop("x-api-key")
        found = list(client.organization.rate_limits.list(limit=2))
        batch = next(entry for entry in found if entry.group.type == "batch")
        assert {limit.type: limit.value for limit in batch.limits} == {
            "requests_per_minute": 4_000,
            "enqueued_batch_requests": 500_000,
        }
        assert len({entry.id for entry in found}) == len(found) > 2
        opus = list(client.organization.rate_limits.list(model="claude-opus-4-5"))
        assert [entry.group.type for entry in opus] == ["model_group"]
        assert (
            api.get("/v1/organizations/rate_limits?group_type=bach", headers={"x-api-key": "sk-ant-admin"})
            .json()["error"]["message"]
            .endswith("Did you mean 'batch'?")
        )
