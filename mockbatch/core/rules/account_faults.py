"""Account-level refusals, each with the error code that the API returns for it.

Codes, statuses and the calls they are documented for come from the official SDK. The API's own wording is known for two
of them; the others use the wording of the SDK's documentation, which is a guess.

Source: https://platform.claude.com/docs/en/api/errors and https://platform.claude.com/docs/en/api/rate-limits
"""

from typing import Any, ClassVar

from msgspec.structs import replace

from mockbatch.core.contract.errors import error_of
from mockbatch.core.rules.actions import Action, RespondError, Strike
from mockbatch.core.rules.fault import CALLS, Fault, Scope
from mockbatch.core.rules.options import option
from mockbatch.core.time.spans import format_day


class Refusal(Fault):
    """A fault that rejects the call; the last part of its name is the error code.

    `text` is the error message, empty if it depends on the day, and `guessed` or not.
    """

    error_code: ClassVar[str]
    status: ClassVar[int]
    error: ClassVar[str]
    """The exception of the official SDK."""
    text: ClassVar[str] = ""
    guessed: ClassVar[bool] = True
    modes = (51,)
    test = "tests/e2e/test_faults_account.py::test_what_the_state_of_an_account_refuses"
    message: str | None = option("text", "The error message; by default the API's, where it is known.")

    def __init_subclass__(cls) -> None:
        cls.error_code = cls.name.partition(".")[2]
        calls = "3 requests, then" if cls.status in (429, 503) else "1 request,"
        cls.sdk = f"{calls} `{cls.error}`"
        guess = "; the message is a guess." if cls.guessed else "."
        cls.__doc__ = f"Reject the call with a {cls.status} and this error code{guess}"
        super().__init_subclass__()

    def before(self, strike: Strike) -> Action:
        error = error_of(self.status)
        error.message = self.message or self.text
        error.details = {"error_code": self.error_code, **self.details()}
        return RespondError(error)

    def details(self) -> dict[str, Any]:
        """Return more `details` of the error."""
        return {}


_SPENDING: tuple[Scope, ...] = ("create", "messages")


class OrganizationOnHold(Refusal):
    name = "refused.organization_on_hold"
    on = (*CALLS, "http")
    status, error = 400, "OrganizationOnHoldError"
    text = "This organization has been disabled."
    guessed = False
    appeal_url: str | None = option("text", "The appeal URL in the details.")

    def details(self) -> dict[str, Any]:
        return {"appeal_url": self.appeal_url} if self.appeal_url else {}


class ClaudeCodeKeyCreatorNotMember(Refusal):
    name = "refused.claude_code_key_creator_not_member"
    on = (*CALLS, "http")
    status, error = 400, "ClaudeCodeKeyCreatorNotMemberError"
    text = (
        "The API key belongs to the Claude Code workspace, and the user who created it is no longer a member of the "
        "organization or of that workspace."
    )


class CmekKeyDisabled(Refusal):
    name = "refused.cmek_key_disabled"
    on = ("create", "results", "messages")
    status, error = 400, "CMEKKeyDisabledError"
    text = "The workspace's customer-managed encryption key is disabled or revoked. Re-enable the key, then retry."


class WorkspaceHumanReviewDisabled(Refusal):
    name = "refused.workspace_human_review_disabled"
    on = ("create",)
    status, error = 400, "WorkspaceHumanReviewDisabledError"
    text = (
        "The request's Workspace has Human Review turned off, and this operation is not available there. Use a "
        "Workspace with Human Review on."
    )


class EnforcedSpendLimitReached(Refusal):
    name = "refused.enforced_spend_limit_reached"
    on = _SPENDING
    status, error = 429, "EnforcedSpendLimitReachedError"
    guessed = False

    def before(self, strike: Strike) -> Action:
        if self.message:
            return super().before(strike)
        # not before: only this fault needs the limits
        from mockbatch.core.contract.limits import month_after, spent_too_much

        return RespondError(spent_too_much(month_after(format_day(strike.now))))


class ContractSpendLimitReached(Refusal):
    name = "refused.contract_spend_limit_reached"
    on = ("messages",)
    status, error = 429, "ContractSpendLimitReachedError"
    text = "The organization has reached the spend limit of its contract."


class RampLimitExceeded(Refusal):
    name = "refused.ramp_limit_exceeded"
    on = ("messages",)
    status, error = 429, "RampLimitExceededError"
    text = (
        "The request would exceed a ramp limit, which caps how fast usage can grow. Retry after the time in the "
        "`retry-after` header."
    )
    retry_after: int = option("count", "The header `retry-after`, in seconds.", 10)

    def before(self, strike: Strike) -> Action:
        return replace(super().before(strike), headers={"retry-after": str(self.retry_after)})


class CmekKeyNetworkBlocked(Refusal):
    name = "refused.cmek_key_network_blocked"
    on = ("messages",)
    status, error = 400, "CMEKKeyNetworkBlockedError"
    text = (
        "The key management service's network access controls blocked the request to the workspace's customer-managed "
        "encryption key."
    )


class CmekKeyUnreachable(Refusal):
    name = "refused.cmek_key_unreachable"
    on = ("messages",)
    status, error = 503, "CMEKKeyUnreachableError"
    text = "The workspace's customer-managed encryption key could not be reached. Retry the request."
