"""Records the fixtures that are shipped: `python -m tests.tools.make_recordings`.

The small upstream of the tests is recorded, with the official SDK. A run that changes nothing writes the same bytes.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic

from mockbatch.core.cassette.redaction import Redaction
from mockbatch.fixtures.spool import Spool
from mockbatch.fixtures.writing import Written, write_fixture
from mockbatch.http.recording import create_recorder
from mockbatch.server import RECORDER_DRAIN, Background
from tests.tools.make_requests import TRAITS
from tests.upstream import Upstream

FIXTURES = Path(__file__).parents[2] / "fixtures"
UPSTREAM = "https://upstream.example"
_OF_EACH = {
    "tools": 4,
    "`tool_result` block": 2,
    "`output_config.format`": 4,
    "cache breakpoint, 5 minutes": 4,
    "image block": 1,
}
_MODEL = "claude-haiku-4-5"
_REFUSED, _FAILED = "[errored {}!: {}]", "[errored {}: {}]"
FATES = {
    "unknown-model": _REFUSED.format("not_found_error", "model: claude-does-not-exist-9"),
    "no-messages": _REFUSED.format("invalid_request_error", "messages: Field required"),
    "too-many-tokens": _REFUSED.format(
        "invalid_request_error",
        "max_tokens: 9999999 > 64000, which is the maximum allowed number of output tokens for "
        "claude-haiku-4-5-20251001",
    ),
    "streamed": _REFUSED.format("invalid_request_error", "`stream=True` is not supported in the Message Batches API"),
    "broken-image": _FAILED.format("invalid_request_error", "Could not process image"),
    "internal": _FAILED.format("api_error", "Internal server error"),
    "overloaded": _FAILED.format("overloaded_error", "Overloaded"),
    "timed-out": _FAILED.format("timeout_error", "Request timed out"),
    "late": "[expired]",
    "given-up": "[canceled]",
}


def chosen() -> list[Any]:
    """A few of the requests that are shipped, of the kinds that have more than a text in them."""
    lines = (FIXTURES / "requests.jsonl").read_bytes().split(b"\n")[:-1]
    requests = [request for request in map(json.loads, lines) if len(json.dumps(request)) < 6_000]
    found: dict[str, Any] = {}
    for trait, count in _OF_EACH.items():
        of_trait = [request for request in requests if TRAITS[trait](request["params"])]
        found |= {request["custom_id"]: request for request in of_trait[:count]}
    return list(found.values())


def nightly(client: anthropic.Anthropic) -> None:
    """One night that went well: a batch, and around it a message, a stream, a count and a file."""
    requests = chosen()
    _through(client, requests)
    tool: Any = next(one["params"] for one in requests if "tools" in one["params"])
    asked: Any = {name: tool[name] for name in ("model", "messages", "tools", "max_tokens")}
    client.messages.create(**asked)
    with client.messages.stream(model=_MODEL, max_tokens=64, messages=[_turn("Is 1 a prime number?")]) as stream:
        stream.until_done()
    client.messages.count_tokens(model=_MODEL, messages=[_turn("Is 1 a prime number?")])
    client.files.upload(file=("terms.txt", b"Goods may be returned within 30 days.\n", "text/plain"))


def failures(client: anthropic.Anthropic) -> None:
    """A row of every kind that is not as one would wish, and one that is."""
    params = {"model": _MODEL, "max_tokens": 64, "messages": [_turn("Sum up the terms.")]}
    special: dict[str, Any] = {
        "unknown-model": {"model": "claude-does-not-exist-9"},
        "no-messages": {"messages": None},
        "too-many-tokens": {"max_tokens": 9_999_999},
        "streamed": {"stream": True},
    }
    for part in (["fine", *list(FATES)[:-2]], ["late"], ["given-up"]):
        texts = {
            name: params | {"messages": [_turn(f"Sum up the terms, {name}.")]} | special.get(name, {}) for name in part
        }
        bare = {name: {key: value for key, value in one.items() if value is not None} for name, one in texts.items()}
        _through(client, [{"custom_id": name, "params": one} for name, one in bare.items()])


RECORDINGS: dict[str, Callable[[anthropic.Anthropic], None]] = {"nightly.jsonl": nightly, "failures.jsonl": failures}


def _turn(text: str) -> Any:
    return {"role": "user", "content": text}


def _through(client: anthropic.Anthropic, requests: list[Any]) -> None:
    batch = client.messages.batches.create(requests=requests)
    while client.messages.batches.retrieve(batch.id).processing_status != "ended":
        pass
    list(client.messages.batches.results(batch.id))


def record(folder: Path) -> Iterator[Written]:
    """Write each recording into a folder, over what is there."""
    for name, program in RECORDINGS.items():
        spool = Spool(Redaction())
        with Upstream() as upstream:
            upstream.fates = FATES
            with (
                Background(create_recorder(upstream.url, spool), drain=RECORDER_DRAIN) as recorder,
                anthropic.Anthropic(base_url=recorder.url, api_key="sk-ant-recorded", max_retries=0) as client,
            ):
                program(client)
        yield write_fixture(folder / name, spool, UPSTREAM)
        spool.close()


if __name__ == "__main__":
    for written in record(FIXTURES):
        print(written)
