"""The requirements of every call: a key and a version.

Source: https://platform.claude.com/docs/en/api/errors and .../api/versioning
"""

from mockbatch.core.contract.errors import ApiError, Authentication, InvalidRequest, NotFound
from mockbatch.core.contract.refusals.refusal import Refusal, request

_BETAS = (
    " for the `anthropic-beta` header. Please consult our documentation at platform.claude.com/docs or try again "
    "without the header."
)


def _call(
    name: str, says: str, source: str, seen: str, error: type[ApiError] = InvalidRequest, guess: bool = False
) -> Refusal:
    return Refusal(
        name=name,
        says=says,
        on="",
        refused=request(),
        taken=request(),
        source=source,
        seen=seen,
        stage="call",
        error=error,
        guess=guess,
    )


REFUSALS = (
    _call("no key", "x-api-key header is required", "third-party mocks", "2026-08", Authentication, guess=True),
    _call("an unknown key", "API key is invalid.", "captured calls", "2026-09", Authentication),
    _call("no version", "anthropic-version: header is required", "public logs", "2026-08"),
    _call("an unknown version", 'anthropic-version: "{version}" is not a valid version', "public logs", "2026-11"),
    _call("an unknown beta", "Unexpected value(s) `{beta}`" + _BETAS, "public logs", "2026-09"),
    _call("an empty beta header", "Unexpected value(s) ``" + _BETAS, "measured by a third party", "2026-09-04"),
    _call("an unknown path", "The requested resource could not be found.", "api/errors", "2026-10-10", NotFound),
)
