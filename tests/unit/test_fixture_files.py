"""The files of requests and sentences: they are complete, obey the API's rules and can be made again."""

import base64
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockbatch.core.replies.corpus import SENTENCES
from tests.tools import make_requests

FIXTURES = Path(__file__).parents[2] / "fixtures"
BYTES = (FIXTURES / "requests.jsonl").read_bytes()
REQUESTS: list[dict[str, Any]] = [json.loads(line) for line in BYTES.split(b"\n")[:-1]]
PARAMS = [request["params"] for request in REQUESTS]

REFUSED_SINCE_2026_10_21 = {"temperature", "top_p", "top_k"}
REFUSED_IN_BATCHES = {"stream", "speed", "store", "previous_thread_event_id", "cache_hint", "context_hint"}


def is_haiku_4_5(params: dict[str, Any]) -> bool:
    return params["model"] in make_requests.HAIKUS_4_5


def images() -> Iterator[bytes]:
    for params in PARAMS:
        for node in make_requests.nodes(params["messages"]):
            if node.get("type") == "image":
                yield base64.b64decode(node["source"]["data"], validate=True)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert zlib.crc32(kind + content) == int.from_bytes(data[at + 8 + size : at + 12 + size], "big")
        yield kind, content
        at += 12 + size


def test_every_line_is_one_request() -> None:
    """The file holds 300 lines of JSON, each with a custom id and params, and stays below 700 kB."""
    assert BYTES.endswith(b"}\n")
    assert [set(request) for request in REQUESTS] == [{"custom_id", "params"}] * 300
    assert len(BYTES) < 700_000


def test_custom_ids_are_valid_and_distinct() -> None:
    """Custom ids match the API's pattern, none comes twice, and one has the full 64 characters."""
    custom_ids = [request["custom_id"] for request in REQUESTS]
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", custom_id) for custom_id in custom_ids)
    assert len(set(custom_ids)) == len(custom_ids)
    assert max(map(len, custom_ids)) == 64


def test_the_file_can_be_made_again() -> None:
    """The script makes exactly the bytes of the file."""
    assert make_requests.as_jsonl(request for _, request in make_requests.make_requests()) == BYTES


def test_the_readme_counts_what_is_there() -> None:
    """The tables of the README are those that the script prints."""
    tables = make_requests.report(make_requests.make_requests())
    assert tables in (FIXTURES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", make_requests.KINDS, ids=lambda kind: str(kind.name))
def test_every_kind_is_there(kind: make_requests.Kind) -> None:
    """Each kind that the README names has its number of lines in the file."""
    lines = set(BYTES.split(b"\n"))
    made = [make_requests.as_jsonl([request]) for name, request in make_requests.make_requests() if name == kind.name]
    assert len(made) == kind.count > 0
    assert all(line.rstrip(b"\n") in lines for line in made)


@pytest.mark.parametrize("trait", make_requests.TRAITS)
def test_every_trait_is_there(trait: str) -> None:
    """Each trait that the README names is found in the file."""
    assert any(make_requests.TRAITS[trait](params) for params in PARAMS)


def test_params_are_allowed_in_a_batch() -> None:
    """No request has a key that batches or version 2026-10-21 refuse, and max_tokens is within the model's limit."""
    for params in PARAMS:
        assert not params.keys() & (REFUSED_SINCE_2026_10_21 | REFUSED_IN_BATCHES)
        assert params["model"] in make_requests.ALL_MODELS
        assert 1 <= params["max_tokens"] <= (64_000 if is_haiku_4_5(params) else 128_000)


def test_turns_are_allowed_by_the_model() -> None:
    """Turns alternate from the user's on, and only Haiku 4.5 is asked to go on from an assistant's turn."""
    for params in PARAMS:
        roles = [message["role"] for message in params["messages"]]
        assert roles == [("user", "assistant")[at % 2] for at in range(len(roles))]
        assert roles[-1] == "user" or is_haiku_4_5(params)


def test_texts_are_not_blank() -> None:
    """Neither a text block, nor a message, nor a stop sequence is without a visible character."""
    for params in PARAMS:
        blocks = [node["text"] for node in make_requests.nodes(params) if node.get("type") == "text" and "text" in node]
        contents = [message["content"] for message in params["messages"] if isinstance(message["content"], str)]
        assert all(text.strip() for text in blocks + contents + params.get("stop_sequences", []))


def test_thinking_is_allowed_by_the_model() -> None:
    """Haiku 4.5 alone thinks with a budget, below max_tokens; it knows neither adaptive thinking nor effort."""
    for params in PARAMS:
        thinking = params.get("thinking", {"type": "unset"})
        if thinking["type"] == "enabled":
            assert is_haiku_4_5(params)
            assert 1_024 <= thinking["budget_tokens"] < params["max_tokens"]
        if is_haiku_4_5(params):
            assert thinking["type"] in ("enabled", "unset")
            assert "effort" not in params.get("output_config", {})
            assert "inference_geo" not in params


def test_tools_are_allowed_by_the_model() -> None:
    """A forced tool is asked of no 5.5 model, a named one exists, and tool names match the API's pattern."""
    for params in PARAMS:
        names = {tool["name"] for tool in params.get("tools", [])}
        choice = params.get("tool_choice", {"type": "auto"})
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", name) for name in names)
        assert choice["type"] == "auto" or not params["model"].endswith("-5-5")
        assert choice.get("name") in {None, *names}


def test_tool_results_answer_their_calls() -> None:
    """Every tool call of a conversation has exactly one result, and every result a call."""
    for params in PARAMS:
        nodes = list(make_requests.nodes(params["messages"]))
        calls = [node["id"] for node in nodes if node.get("type") == "tool_use"]
        results = [node["tool_use_id"] for node in nodes if node.get("type") == "tool_result"]
        assert calls == results
        assert len(set(calls)) == len(calls)


def test_cache_breakpoints_are_allowed() -> None:
    """At most four breakpoints, and none of an hour after one of five minutes."""
    for params in PARAMS:
        prompt_order = [params.get("tools", []), params.get("system", []), params["messages"]]
        explicit = [
            node["cache_control"].get("ttl", "5m")
            for part in prompt_order
            for node in make_requests.nodes(part)
            if "cache_control" in node
        ]
        ttls = explicit + ([params["cache_control"].get("ttl", "5m")] if "cache_control" in params else [])
        assert len(ttls) <= 4
        assert ttls == sorted(ttls)  # "1h" sorts before "5m"


def test_schemas_of_answers_are_closed() -> None:
    """Structured answers ask for every property, allow no other, and do not go with citations."""
    for params in PARAMS:
        output = params.get("output_config", {}).get("format")
        if output is not None:
            objects = [node for node in make_requests.nodes(output["schema"]) if node.get("type") == "object"]
            assert all(node["additionalProperties"] is False for node in objects)
            assert all(node["required"] == list(node["properties"]) for node in objects)
            assert not make_requests.has_block(params, "document")


def test_images_are_real() -> None:
    """Every image is a PNG below 3 kB as base64, whose parts and pixels can be read."""
    sizes = set()
    for data in images():
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        chunks = dict(png_chunks(data))
        width, height = (int.from_bytes(chunks[b"IHDR"][at : at + 4], "big") for at in (0, 4))
        assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
        assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + (width + 7) // 8)
        assert len(base64.b64encode(data)) < 3_000
        sizes.add((width, height))
    assert sizes == set(make_requests.IMAGE_SIZES)


def test_awkward_characters_are_there() -> None:
    """The file holds the characters that break careless readers of lines and of text."""
    texts = "".join(json.dumps(request, ensure_ascii=False) for request in REQUESTS)
    decoded = "".join(str(node.get("content", node.get("text"))) for r in REQUESTS for node in make_requests.nodes(r))
    assert all(mark in texts for mark in ("\u2028", "\u2029", "\u0301", "\u200d", "\ufeff", "\u202e", "👨", "𠮷"))
    assert re.search(r"[^\n]\r[^\n]", decoded)
    assert all(escape in BYTES for escape in (b"\\r", b"\\u001b", b"\\u0007", b"\\b", b"\\f", b'\\"', b"\\\\"))


def test_the_corpus_is_complete() -> None:
    """The corpus holds 1,024 sentences and none twice."""
    assert len(SENTENCES) == len(set(SENTENCES)) == 1_024


def test_sentences_are_plain() -> None:
    """Every sentence is 25 to 160 printable ASCII characters long and needs no escape in JSON."""
    assert all(25 <= len(sentence) <= 160 for sentence in SENTENCES)
    assert all(sentence.isascii() and sentence.isprintable() for sentence in SENTENCES)
    assert all(json.dumps(sentence) == f'"{sentence}"' for sentence in SENTENCES)
    assert all(sentence == sentence.strip() for sentence in SENTENCES)
