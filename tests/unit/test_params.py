"""What the API refuses in a request of a batch, to the word."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockbatch.core.contract.errors import ApiError, InvalidRequest, NotFound
from mockbatch.core.contract.params import Terms, checked
from tests.builders import params

OLD, NEW = Terms("2023-06-01"), Terms("2026-10-21")
LONG = Terms("2026-10-21", ("output-300k-2026-03-24",))
HAIKU, OPUS_46, OPUS_48, OPUS_55 = "claude-haiku-4-5", "claude-opus-4-6", "claude-opus-4-8", "claude-opus-5-5"
EXTRA = "Extra inputs are not permitted"
PREFILL = [{"role": "user", "content": "Say it"}, {"role": "assistant", "content": "It"}]
NO_PREFILL = "This model does not support assistant message prefill. The conversation must end with a user message."
NO_BUDGET = (
    '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" '
    "to control thinking behavior."
)
NOT_OFF = (
    '"thinking.type.disabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" '
    "to control thinking behavior."
)


def marked(*ttls: str | None) -> list[dict[str, Any]]:
    """Text blocks with cache breakpoints of these lifetimes."""
    controls = [{"type": "ephemeral"} | ({"ttl": ttl} if ttl else {}) for ttl in ttls]
    return [{"type": "text", "text": "x", "cache_control": control} for control in controls]


def said(*content: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(content)}]


@pytest.mark.parametrize(
    ("terms", "change", "message"),
    [
        (NEW, {"model": None}, "model: Field required"),
        (NEW, {"messages": None}, "messages: Field required"),
        (NEW, {"max_tokens": None}, "max_tokens: Field required"),
        (NEW, {"model": 5}, "model: Input should be a valid string"),
        (NEW, {"messages": "hello"}, "messages: Input should be a valid array"),
        (NEW, {"messages": []}, "messages: at least one message is required"),
        (NEW, {"max_tokens": "5"}, "max_tokens: Input should be a valid integer"),
        (NEW, {"max_tokens": True}, "max_tokens: Input should be a valid integer"),
        (NEW, {"max_tokens": 0}, "max_tokens: must be greater than or equal to 1"),
        (NEW, {"stream": True}, "`stream=True` is not supported in the Message Batches API"),
        (NEW, {"speed": "fast"}, "`speed` is not supported in the Message Batches API"),
        (NEW, {"betas": ["x"]}, f"betas: {EXTRA}"),
        (NEW, {"output_format": {}}, f"output_format: {EXTRA}"),
        (NEW, {"extra_headers": {}}, f"extra_headers: {EXTRA}"),
        (NEW, {"temperature": 1}, f"temperature: {EXTRA}"),
        (NEW, {"top_p": 0.5}, f"top_p: {EXTRA}"),
        (NEW, {"top_k": 5}, f"top_k: {EXTRA}"),
        (OLD, {"model": OPUS_48, "temperature": 0.5}, "`temperature` is deprecated for this model."),
        (OLD, {"model": OPUS_48, "top_k": 5}, "`top_k` is deprecated for this model."),
        (NEW, {"model": OPUS_46, "messages": PREFILL}, NO_PREFILL),
        (NEW, {"model": OPUS_55, "messages": PREFILL}, NO_PREFILL),
        (NEW, {"model": OPUS_48, "thinking": {"type": "enabled", "budget_tokens": 1024}}, NO_BUDGET),
        (NEW, {"thinking": {"type": "adaptive"}}, "adaptive thinking is not supported on this model"),
        (NEW, {"model": OPUS_55, "thinking": {"type": "disabled"}}, NOT_OFF),
        (NEW, {"model": "claude-fable-5", "thinking": {"type": "disabled"}}, NOT_OFF),
        (NEW, {"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens: Field required"),
        (
            NEW,
            {"thinking": {"type": "enabled", "budget_tokens": 5}},
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ),
        (
            NEW,
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ),
        (
            NEW,
            {"system": marked(None, None, None), "messages": said(*marked(None, None))},
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
        (
            NEW,
            {"system": marked(None, None, None, None), "cache_control": {"type": "ephemeral"}},
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
        (
            NEW,
            {"system": marked("5m"), "messages": said(*marked("1h"))},
            "messages.0.content.0.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
            "cache_control block. Note that blocks are processed in the following order: `tools`, `system`, "
            "`messages`.",
        ),
        (
            NEW,
            {"max_tokens": 64_001},
            "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens for "
            "claude-haiku-4-5-20251001",
        ),
        (
            NEW,
            {"model": OPUS_48, "max_tokens": 300_000},
            "max_tokens: 300000 > 128000, which is the maximum allowed number of output tokens for claude-opus-4-8",
        ),
        (
            LONG,
            {"model": OPUS_48, "max_tokens": 300_001},
            "max_tokens: 300001 > 300000, which is the maximum allowed number of output tokens for claude-opus-4-8",
        ),
    ],
)
def test_what_is_wrong_is_told_as_the_api_tells_it(terms: Terms, change: dict[str, Any], message: str) -> None:
    """Each text under the version and on the model where it comes; None leaves a key out."""
    request = {name: value for name, value in params(**change).items() if value is not None}
    with pytest.raises(InvalidRequest) as caught:
        checked(request, terms)
    assert caught.value.message == message
    assert caught.value.details == {"error_visibility": "user_facing"}


@pytest.mark.parametrize(
    ("terms", "change"),
    [
        (OLD, {"model": "claude-sonnet-4-0", "temperature": 0.5, "top_p": 0.9, "top_k": 5}),
        (OLD, {"model": OPUS_48, "temperature": 1}),
        (NEW, {"messages": PREFILL}),
        (NEW, {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}),
        (NEW, {"model": OPUS_46, "thinking": {"type": "adaptive"}}),
        (NEW, {"model": OPUS_48, "thinking": {"type": "disabled"}}),
        (NEW, {"stream": False, "speed": "standard"}),
        (LONG, {"model": OPUS_48, "max_tokens": 300_000}),
        (NEW, {"system": marked("1h", "1h"), "messages": said(*marked("5m", None))}),
    ],
)
def test_what_is_allowed_passes(terms: Terms, change: dict[str, Any]) -> None:
    """The other side of each rule."""
    assert checked(params(**change), terms).id


def test_an_unknown_model_is_not_found() -> None:
    """Another type of error than all the others."""
    with pytest.raises(NotFound) as caught:
        checked(params(model="claude-none-1"), NEW)
    assert caught.value.message == "model: claude-none-1"


def test_all_requests_of_the_fixture_pass() -> None:
    """They are valid under the newest version."""
    fixture = Path(__file__).parents[2] / "fixtures" / "requests.jsonl"
    problems = {}
    for line in fixture.read_bytes().splitlines():
        item = json.loads(line)
        try:
            checked(item["params"], NEW)
        except ApiError as error:
            problems[item["custom_id"]] = error.message
    assert problems == {}
