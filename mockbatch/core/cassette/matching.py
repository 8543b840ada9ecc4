"""The fields of a request that are compared with a recorded one."""

from typing import Any, Literal

from mockbatch.core.suggestions import did_you_mean

Mode = Literal["none", "once", "new_episodes", "all", "fake"]

MATCH_ON = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config")
ALL = "all"
FIELDS = (
    *MATCH_ON,
    *("max_tokens", "stop_sequences", "metadata", "service_tier", "inference_geo", "container", "cache_control"),
    *("diagnostics", "speed", "stream", "temperature", "top_p", "top_k", "context_management", "mcp_servers"),
    *("fallbacks", "thread", "compaction", "billing_policy", "user_profile_id", "custom_id"),
)
# how a request is sent, not its content
_MANNER = frozenset({"stream"})


def parse_match_on(names: tuple[str, ...]) -> tuple[str, ...]:
    """Validate the fields to match, sorted; `all` is everything but `stream`. Raises ValueError for an unknown one."""
    for name in names:
        if name not in FIELDS and name != ALL:
            near, known = did_you_mean(name, (ALL, *FIELDS)), ", ".join((ALL, *FIELDS))
            raise ValueError(f"{name!r} is not a field of a request.{near} Known: {known}")
    return tuple(sorted(set(names))) or MATCH_ON


def counted(request: dict[str, Any], match_on: tuple[str, ...]) -> dict[str, Any]:
    """Return the significant fields of a request. Null counts as absent, as it does for the API."""
    if ALL in match_on:
        return {name: value for name, value in request.items() if value is not None and name not in _MANNER}
    return {name: request[name] for name in match_on if request.get(name) is not None}
