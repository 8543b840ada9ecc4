"""The token limit of a reply.

Source: https://platform.claude.com/docs/en/about-claude/models/overview and .../build-with-claude/prompt-caching
"""

from mockbatch.core.contract.model import LONG_OUTPUT
from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.refusals.refusal import Found, Long, Refusal, request

_SEEN = "2026-10-10"
_LONG = 300_000


def _too_many(asked: ParsedRequest) -> Found:
    wanted, most = asked.params["max_tokens"], asked.model.max_output
    if asked.surface == "batch" and LONG_OUTPUT in asked.model.betas and LONG_OUTPUT in asked.betas:
        most = _LONG
    return wanted > most and {"wanted": wanted, "most": most, "model": asked.model.id}


def _warms(asked: ParsedRequest) -> Found:
    if asked.params["max_tokens"] != 0:
        return None
    others = {
        "stream": asked.params.get("stream") is True,
        "thinking": asked.thinking == "enabled",
        "output_config.format": bool(asked.format),
        "tool_choice": asked.forces,
    }
    return next(({"other": name} for name, given in others.items() if given), None)


REFUSALS = (
    Refusal(
        name="max_tokens above the model's limit",
        says="max_tokens: {wanted} > {most}, which is the maximum allowed number of output tokens for {model}",
        on="max_tokens",
        finds=_too_many,
        refused=request(max_tokens=64_001),
        taken=request(max_tokens=64_000),
        source="captured batch",
        seen="2026-08",
    ),
    Refusal(
        name="a prompt that is too long",
        says="prompt is too long: {tokens} tokens > {most} maximum",
        on="",
        refused=request(messages=[{"role": "user", "content": Long("word ", 170_000)}]),
        taken=request(messages=[{"role": "user", "content": Long("word ", 150_000)}]),
        source="public logs",
        seen="2026-09",
    ),
    Refusal(
        name="max_tokens of 0 beside what needs tokens",
        says="max_tokens: 0 is not supported together with `{other}`",
        on="max_tokens",
        finds=_warms,
        refused=request(surface="messages", max_tokens=0, stream=True),
        taken=request(surface="messages", max_tokens=0),
        source="build-with-claude/prompt-caching",
        seen=_SEEN,
        guess=True,
    ),
)
