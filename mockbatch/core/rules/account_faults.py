"""Account-level refusals, each with the error code that the API returns for it.

Codes, statuses and the calls they are documented for come from the official SDK. The API's own wording is known for two
of them; the others use the wording of the SDK's documentation, which is a guess.

Source: https://platform.claude.com/docs/en/api/errors and https://platform.claude.com/docs/en/api/rate-limits
"""

from typing import Any

from mockbatch.core.rules.fault import CALLS, Fault, Option, Scope

_SHOWN = "tests/e2e/test_faults_account.py::test_what_the_state_of_an_account_refuses"
_MESSAGE = Option("text", "The error message; by default the API's, where it is known.")


class Refusal(Fault, frozen=True, kw_only=True):
    """A fault that rejects the call; the last part of its name is the error code."""

    status: int
    message: str
    """The error message; empty if it depends on the day."""
    guessed: bool = True
    """Whether the message is a guess."""

    @property
    def error_code(self) -> str:
        return self.name.partition(".")[2]


def _refusal(
    error_code: str,
    status: int,
    error: str,
    on: tuple[Scope, ...],
    message: str,
    *,
    guessed: bool = True,
    **options: Option,
) -> Refusal:
    calls = "3 requests, then" if status in (429, 503) else "1 request,"
    return Refusal(
        f"refused.{error_code}",
        on,
        f"Reject the call with a {status} and this error code" + ("; the message is a guess." if guessed else "."),
        f"{calls} `{error}`",
        (51,),
        _SHOWN,
        options={"message": _MESSAGE, **options},
        status=status,
        message=message,
        guessed=guessed,
    )


_ALL: tuple[Scope, ...] = (*CALLS, "http")
_SPENDING: tuple[Scope, ...] = ("create", "messages")
_CONTENT: tuple[Scope, ...] = ("create", "results", "messages")

ACCOUNT_FAULTS = (
    _refusal(
        "organization_on_hold",
        400,
        "OrganizationOnHoldError",
        _ALL,
        "This organization has been disabled.",
        guessed=False,
        appeal_url=Option("text", "The appeal URL in the details."),
    ),
    _refusal(
        "claude_code_key_creator_not_member",
        400,
        "ClaudeCodeKeyCreatorNotMemberError",
        _ALL,
        "The API key belongs to the Claude Code workspace, and the user who created it is no longer a member of the "
        "organization or of that workspace.",
    ),
    _refusal(
        "cmek_key_disabled",
        400,
        "CMEKKeyDisabledError",
        _CONTENT,
        "The workspace's customer-managed encryption key is disabled or revoked. Re-enable the key, then retry.",
    ),
    _refusal(
        "workspace_human_review_disabled",
        400,
        "WorkspaceHumanReviewDisabledError",
        ("create",),
        "The request's Workspace has Human Review turned off, and this operation is not available there. Use a "
        "Workspace with Human Review on.",
    ),
    _refusal(
        "enforced_spend_limit_reached",
        429,
        "EnforcedSpendLimitReachedError",
        _SPENDING,
        "",
        guessed=False,
    ),
    _refusal(
        "contract_spend_limit_reached",
        429,
        "ContractSpendLimitReachedError",
        ("messages",),
        "The organization has reached the spend limit of its contract.",
    ),
    _refusal(
        "ramp_limit_exceeded",
        429,
        "RampLimitExceededError",
        ("messages",),
        "The request would exceed a ramp limit, which caps how fast usage can grow. Retry after the time in the "
        "`retry-after` header.",
        retry_after=Option("count", "The header `retry-after`, in seconds.", 10),
    ),
    _refusal(
        "cmek_key_network_blocked",
        400,
        "CMEKKeyNetworkBlockedError",
        ("messages",),
        "The key management service's network access controls blocked the request to the workspace's customer-managed "
        "encryption key.",
    ),
    _refusal(
        "cmek_key_unreachable",
        503,
        "CMEKKeyUnreachableError",
        ("messages",),
        "The workspace's customer-managed encryption key could not be reached. Retry the request.",
    ),
)
ACCOUNT_REFUSALS = {fault.name: fault for fault in ACCOUNT_FAULTS}


def refusal_details(fault: Refusal, options: dict[str, Any]) -> dict[str, Any]:
    """Return the `details` of the error, including the options that belong there."""
    return {"error_code": fault.error_code, **{name: options[name] for name in ("appeal_url",) if options.get(name)}}
