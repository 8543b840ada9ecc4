"""How many replies a core makes in a second, each together with its line of the results.

python -m tests.bench.replies
"""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from mockbatch.core.contract import wire
from mockbatch.core.replies.kinds import make_reply, parse_reply
from mockbatch.core.replies.message import message_of, reply_message, usage_of
from mockbatch.core.replies.plain import wish_alone
from mockbatch.core.replies.reply import Reply, Request, natural_reply
from tests.asked import CLOCK, REVIEW, USAGE, WEATHER, asked

_LEAST_SECONDS = 0.5
_encode = msgspec.json.Encoder().encode
PASSAGE = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": "The grass is green. The sky is blue."},
    "citations": {"enabled": True},
}
REQUESTS: dict[str, dict[str, Any]] = {
    "text that thinks first": {"name": "claude-opus-5-5"},
    "text of 200 words": {"content": "Write 200 words."},
    "a label": {"content": "Answer yes or no."},
    "text in German": {"content": "Was ist das und warum?"},
    "a tool": {"tools": [WEATHER, CLOCK], "tool_choice": {"type": "any"}},
    "a schema": {"output_config": {"format": {"type": "json_schema", "schema": REVIEW}}},
    "citations": {"content": [PASSAGE, {"type": "text", "text": "Which colour?"}]},
    "web search": {"tools": [{"type": "web_search_20250305", "name": "web_search"}], "tool_choice": {"type": "any"}},
}
RULES: dict[str, Any] = {
    "static": {"static": "hello"},
    "echo": "echo",
    "template": {"template": "{{ custom_id }}: {{ prompt }}"},
    "template with fake": {"template": "{{ fake.name() }}"},
}


def per_second(make: Callable[[Request], Any], request: Request) -> float:
    make(request)
    done, key, begun = 0, request.key, time.process_time()
    while (passed := time.process_time() - begun) < _LEAST_SECONDS:
        for _ in range(200):
            key = key * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            make(msgspec.structs.replace(request, key=key))
        done += 200
    return done / passed


def line(reply: Reply, request: Request) -> bytes:
    message = message_of(reply, "msg_01", request.model, usage_of(reply, USAGE))
    return _encode(wire.ResultLine("a", wire.Succeeded(message)))


def plain(request: Request) -> bytes:
    message = reply_message("msg_01", request.model, request.key, request.limit, USAGE)
    return _encode(wire.ResultLine("a", wire.Succeeded(message)))


def main() -> None:
    rows: list[tuple[str, float]] = [
        ("plain", per_second(plain, asked())),
        (
            "plain, only told from others",
            per_second(lambda request: wish_alone(request.params, request.model), asked()),
        ),
    ]
    for name, more in REQUESTS.items():
        rows.append((name, per_second(lambda request: line(natural_reply(request), request), asked(**more))))
    for name, value in RULES.items():
        spec = parse_reply(value)
        rows.append((name, per_second(lambda request, s=spec: line(make_reply(s, request), request), asked())))  # type: ignore[misc]
    for name, rate in rows:
        print(f"{name:30} {rate:10,.0f} /s")


if __name__ == "__main__":
    main()
