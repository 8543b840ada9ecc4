"""Calls over all routes of the OpenAPI document, drawn by luck, with ids that the answers told."""

import re
from collections import defaultdict, deque
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.campaign.drawn import ODD, WORDS, Luck, as_json, bent, json_schema, rule, valid
from tests.campaign.wire import request

_IDS = re.compile(rb"(msgbatch|file|sess|rule|snap|req|wh|session|snapshot|webhook)_[A-Za-z0-9]+")
_ENDLESS = "/_mockbatch/events"
_MODELS = ("claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-1", "no-such-model")
_PARAMETERS = (
    "0",
    "1",
    "5",
    "1000",
    "-1",
    "abc",
    "",
    "é",
    "%00",
    "9" * 5000,
    "2026-01-01T00:00:00Z",
    "true",
    "1d",
    "*",
)
_OPTIONS: dict[str, tuple[Any, ...]] = {
    "seed": (1, 7, "x"),
    "progression": ("immediate", "time", "polls:2", "polls:x"),
    "mix": ("90/5/3/2", "1/1/1/1", "a/b"),
    "fail_rate": (0.1, 2),
    "results_order": ("input", "shuffled", "none"),
    "validation": ("api", "early", "off"),
    "frozen": (True, False),
    "tokens": ("counted", "fixed:input=10,output=2"),
    "capacity": (1, 100, -1),
    "queue_limit": (5, 100),
    "delay": ("1s", "exponential:5m", "uniform:1s..1h", "5"),
    "models": ("known", "any"),
    "max_requests": (1, 1000),
}


class Call(NamedTuple):
    """A request, and what to say of it."""

    name: str
    key: str
    data: bytes


class Calls:
    """A source of calls. With `armed` they arm rules too."""

    def __init__(
        self, luck: Luck, document: dict[str, Any], faults: list[dict[str, Any]], keys: list[str], armed: bool
    ):
        self.luck, self.faults, self.keys, self.armed = luck, faults, keys, armed
        self.parts = document["components"]["schemas"]
        self.routes = [
            (method.upper(), path, told)
            for path, methods in document["paths"].items()
            for method, told in methods.items()
            if method != "parameters" and path != _ENDLESS
        ]
        self.often = [route for route in self.routes if route[1].startswith("/v1/messages")]
        self.ids: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=30))

    def learn(self, body: bytes) -> None:
        """Remember ids that an answer told."""
        for found in _IDS.finditer(body[:4000]):
            name = found[0].decode()
            self.ids[name.partition("_")[0]].append(name)

    def draw(self) -> Call:
        """The next call."""
        method, path, told = self.luck.choice(self.often if self.luck.random() < 0.3 else self.routes)
        key = self.luck.choice(self.keys)
        sent = f"sk-ant-admin-{key}" if "/organizations/" in path else key
        body, kind = self._body(method, path, told)
        address = self._address(path, told)
        return Call(f"{method} {path}", key, request(method, address, sent, body, kind))

    def _address(self, path: str, told: dict[str, Any]) -> str:
        path = re.sub(r"\{(\w+)\}", lambda found: self._id(path), path)
        query = [
            f"{quote(part['name'])}={quote(self._parameter(part['name']), safe='%')}"
            for part in told.get("parameters", ())
            if part["in"] == "query" and self.luck.random() < 0.3
        ]
        return path + ("?" + "&".join(query) if query else "")

    def _id(self, path: str) -> str:
        kinds = [kind for kind, known in self.ids.items() if known and kind[:4] in path]
        if "batches" in path:
            kinds.append("msgbatch")
        kind = self.luck.choice(kinds or list(self.ids) or [""])
        if self.ids[kind] and self.luck.random() < 0.9:
            return self.luck.choice(self.ids[kind])
        return quote(self.luck.choice(WORDS[:10])[:100], safe="") or "x"

    def _parameter(self, name: str) -> str:
        if name.endswith("_id") and self.ids["msgbatch"]:
            return self.luck.choice(self.ids["msgbatch"])
        return self.luck.choice(_PARAMETERS)

    def _body(self, method: str, path: str, told: dict[str, Any]) -> tuple[bytes | None, dict[str, str] | None]:
        kinds = told.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in kinds:
            return self._file()
        if "application/json" not in kinds:
            return None, None
        value = self._value(path, kinds["application/json"].get("schema", {}))
        return as_json(bent(self.luck, value) if self.luck.random() < 0.25 else value), None

    def _file(self) -> tuple[bytes, dict[str, str]]:
        content = self.luck.choice(("hello", "", "é", "%PDF-1.4 x")).encode()
        head = (
            b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\n'
        )
        return head + content + b"\r\n--b--\r\n", {"content-type": "multipart/form-data; boundary=b"}

    def _value(self, path: str, schema: dict[str, Any]) -> Any:
        if path in ("/v1/messages/batches", "/_mockbatch/batches"):
            return {"requests": [self._item(n) for n in range(self.luck.randint(1, 3))]}
        if path.startswith("/v1/messages"):
            return self.params()
        if path.startswith("/_mockbatch/rules"):
            return self._rules(path)
        if path.startswith("/_mockbatch/sessions"):
            return self._session(path)
        value = valid(self.luck, schema, self.parts)
        return _small(value) if path == "/_mockbatch/synth" else value

    def _item(self, number: int) -> dict[str, Any]:
        custom_id = self.luck.choice((f"row-{number}", f"row-{number}", "a" * 30, "x" * 65, ""))
        return {"custom_id": custom_id, "params": self.params()}

    def _rules(self, path: str) -> Any:
        if not self.armed:
            return [] if self.luck.random() < 0.5 else {}
        rules = [rule(self.luck, self.faults) for _ in range(self.luck.randint(1, 2))]
        return rules[0] if "{" in path or self.luck.random() < 0.5 else rules

    def _session(self, path: str) -> Any:
        names = self.luck.sample(list(_OPTIONS), self.luck.randint(0, 2))
        options: dict[str, Any] = {name: self.luck.choice(_OPTIONS[name]) for name in names}
        if self.armed and self.luck.random() < 0.3:
            options["rules"] = [rule(self.luck, self.faults)]
        if "{" in path:
            return {"options": options}
        return {"label": self.luck.choice(WORDS), "options": options, "api_key": self.luck.choice(self.keys)}

    def params(self) -> dict[str, Any]:
        """A message: a plain one, one with a schema, or one with tools; sometimes with a part that is odd."""
        luck = self.luck
        made: dict[str, Any] = {
            "model": luck.choice(_MODELS) if luck.random() < 0.2 else _MODELS[0],
            "max_tokens": luck.choice((1, 16, 64, 1000)),
            "messages": [{"role": "user", "content": luck.choice(WORDS)}],
        }
        if luck.random() < 0.35:
            made["output_config"] = {"format": {"type": "json_schema", "schema": json_schema(luck)}}
        if luck.random() < 0.15:
            made["tools"] = [{"name": "t", "input_schema": {"type": "object", "properties": {"a": json_schema(luck)}}}]
            made["tool_choice"] = luck.choice(({"type": "any"}, {"type": "auto"}, {"type": "tool", "name": "t"}))
        if luck.random() < 0.1:
            made[luck.choice(("system", "stop_sequences", "thinking", "temperature", "metadata", "stream"))] = (
                luck.choice(ODD)
            )
        return bent(luck, made) if luck.random() < 0.1 else made


def _small(value: Any) -> Any:
    """To make up a million requests takes its time; it may."""
    return {
        name: min(part, 50) if name in ("items", "batches") and isinstance(part, int) else part
        for name, part in value.items()
    }
