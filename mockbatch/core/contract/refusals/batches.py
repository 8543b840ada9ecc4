"""Features that the API supports elsewhere, but not in batches. The request may have any shape.

Source: https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from typing import Any

from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.refusals.refusal import Example, Refusal, request

_PAGE = "build-with-claude/batch-processing"


def _given(name: str) -> Any:
    return lambda asked: asked.params[name] is not None


def _unsupported(name: str, value: Any) -> Refusal:
    return Refusal(
        name=f"{name} in a batch",
        says=f"`{name}` is not supported in the Message Batches API",
        on=name,
        finds=_given(name),
        refused=request(**{name: value}),
        taken=request(),
        source=_PAGE,
        seen="2026-11",
        guess=True,
    )


def _bills_the_profile(asked: ParsedRequest) -> bool:
    policy = asked.params["billing_policy"]
    return isinstance(policy, dict) and policy.get("bill_to") == "user_profile"


def _other_profile(asked: ParsedRequest) -> bool:
    return bool(asked.profile) and asked.params["user_profile_id"] not in (None, asked.profile)


_PROFILES = ("user-profiles-2026-09-04",)

REFUSALS = (
    Refusal(
        name="stream in a batch",
        says="`stream=True` is not supported in the Message Batches API",
        on="stream",
        finds=lambda asked: asked.params["stream"] is True,
        refused=request(stream=True),
        taken=request(stream=False),
        source="captured batch",
        seen="2026-08",
    ),
    Refusal(
        name="fast mode in a batch",
        says="`speed` is not supported in the Message Batches API",
        on="speed",
        finds=lambda asked: asked.params["speed"] == "fast",
        refused=request(speed="fast"),
        taken=request(speed="standard"),
        source=_PAGE,
        seen="2026-11",
        guess=True,
    ),
    _unsupported("thread", {"type": "create"}),
    _unsupported("store", True),
    _unsupported("previous_thread_event_id", "event_1"),
    _unsupported("cache_hint", {}),
    _unsupported("context_hint", {}),
    Refusal(
        name="research preview in a batch",
        says="`research_preview_2026_02` is not supported in the Message Batches API",
        on="research_preview_2026_02",
        finds=lambda asked: asked.params["research_preview_2026_02"] == "active",
        refused=request(research_preview_2026_02="active"),
        taken=request(),
        source=_PAGE,
        seen="2026-11",
        guess=True,
    ),
    Refusal(
        name="a user profile that pays for a batch",
        says='billing_policy.bill_to: "user_profile" is not supported in the Message Batches API',
        on="billing_policy",
        finds=_bills_the_profile,
        refused=request(
            betas=("user-profiles-billing-2026-10-01",),
            billing_policy={"type": "billing_policy", "bill_to": "user_profile"},
        ),
        taken=request(
            betas=("user-profiles-billing-2026-10-01",), billing_policy={"type": "billing_policy", "bill_to": "self"}
        ),
        source="SDK types, message_create_params",
        seen="2026-11-24",
        guess=True,
    ),
    Refusal(
        name="another user profile than that of the batch",
        says="`user_profile_id` must be that of the `anthropic-user-profile-id` header",
        on="user_profile_id",
        finds=_other_profile,
        refused=Example({"user_profile_id": "uprof_2"}, betas=_PROFILES, profile="uprof_1"),
        taken=Example({"user_profile_id": "uprof_1"}, betas=_PROFILES, profile="uprof_1"),
        source="SDK types, batch_create_params",
        seen="2026-11-24",
        guess=True,
    ),
)
