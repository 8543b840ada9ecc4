"""Create bodies: realistic, varied, and the same bytes on every machine."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

_SUBJECTS = """the customer|our support team|a reader from Lisbon|the second invoice|Dr. Okonkwo|the release manager
the warehouse in Łódź|an anonymous reviewer|the night shift|the landlord|each of the witnesses|the compiler
the new intern|Mrs. O'Brien|the parser|this paragraph|the regional office|the patient|the author|the court"""
_VERBS = """describes|refused to sign|asks for a refund of|has forgotten|could not reproduce|compares two versions of
translated|complained about|recommends|rewrote|has been waiting for|questions|summarised|returned|depends on"""
_OBJECTS = """the delivery of the blue chairs|a memory leak in the worker|the 2019 annual report|their subscription
the café on the corner|a train ticket to Zürich|section 4.2 of the contract|the results of the blood test
an unexpected "404" page|three broken plates|the lease, which ends in May|the unit tests|a recipe for lentil soup
the price of copper|the path C:\\temp\\new|an email from HR|the opening chapter|a long thread about parking"""
_ENDS = """since last Tuesday.|, and nobody knows why.|although the deadline has passed!|for the third time this year.
at 14:35.|without giving a reason.|in spite of the weather.|; the details are below.|before the meeting — as agreed.
and would like an answer by Friday.|with a discount of 15%.|. Is that correct?|, to everybody's surprise."""
_TASKS = (
    "Classify the sentiment of this message as positive, negative or mixed, and say why in one sentence.",
    "Summarise the following text in two sentences.",
    "Translate the text below into French. Keep the names as they are.",
    'Extract all dates, amounts and people as JSON: {"dates": [], "amounts": [], "people": []}.',
    "Write a polite reply to the message below.",
    "Which department should handle this? Answer with one word.",
)
_MODELS = ("claude-haiku-5-5", "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-4-5")
_SENTENCES = 4_000
_SHARED = 27  # sentences, some 2 KB: of these 100,000 requests nearly fill a body, and the model caches that much
_SHORT = {
    "model": "claude-haiku-5-5",
    "max_tokens": 256,
    "thinking": {"type": "disabled"},
    "messages": [{"role": "user", "content": "Go on."}],
}
_PER_REQUEST = 2_140  # characters of text; with its envelope a request is then about 2.5 KB


def write_body(path: Path, count: int) -> None:
    """Writes a create body of `count` requests to `path`."""
    with path.open("wb") as file:
        file.write(b'{"requests":[')
        for index, request in enumerate(realistic(count)):
            if index:
                file.write(b",")
            file.write(json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode())
        file.write(b"]}")


def write_shared_body(path: Path, count: int, *, cached: bool) -> None:
    """Writes a create body of `count` short requests that share a system prompt of 2 KB, which may be `cached`."""
    mark = {"cache_control": {"type": "ephemeral"}} if cached else {}
    random = Random(7)
    system = " ".join(sentence(random) for _ in range(_SHARED))
    with path.open("w") as file:
        file.write('{"requests":[')
        for index in range(count):
            content = {"system": [{"type": "text", "text": system, **mark}], **_SHORT}
            file.write(f"{',' if index else ''}{json.dumps({'custom_id': f'request-{index:06d}', 'params': content})}")
        file.write("]}")


def realistic(count: int) -> Iterator[dict[str, Any]]:
    """So many requests of about 2.5 KB, as varied as those of a real batch."""
    random = Random(7)
    pool = [sentence(random) for _ in range(_SENTENCES)]
    for index in range(count):
        yield {"custom_id": f"request-{index:06d}", "params": _params(random, pool)}


def _params(random: Random, pool: list[str]) -> dict[str, Any]:
    texts = _texts(random, pool)
    params: dict[str, Any] = {
        "model": random.choice(_MODELS),
        "max_tokens": random.choice((256, 512, 1024, 4096)),
        "messages": _turns(random, texts),
    }
    kind = random.random()
    if kind < 0.25:
        cached = {"type": "text", "text": _TASKS[2], "cache_control": {"type": "ephemeral"}}
        params["system"] = [cached]
    elif kind < 0.5:
        params["system"] = random.choice(_TASKS)
    return params


def _texts(random: Random, pool: list[str]) -> list[str]:
    length = random.randint(_PER_REQUEST // 2, _PER_REQUEST * 3 // 2)
    texts: list[str] = []
    while length > 0:
        texts.append(random.choice(pool))
        length -= len(texts[-1]) + 1
    return texts


def _turns(random: Random, texts: list[str]) -> list[dict[str, Any]]:
    task = random.choice(_TASKS)
    if random.random() < 0.7 or len(texts) < 6:
        return [{"role": "user", "content": f"{task}\n\n{' '.join(texts)}"}]
    third = len(texts) // 3
    block = {"type": "text", "text": " ".join(texts[2 * third :])}
    return [
        {"role": "user", "content": f"{task} {' '.join(texts[:third])}"},
        {"role": "assistant", "content": " ".join(texts[third : 2 * third])},
        {"role": "user", "content": [block]},
    ]


def sentence(random: Random) -> str:
    """Return a sentence as letters of customers have them."""
    subject, verb, thing, end = (_pick(random, parts) for parts in (_SUBJECTS, _VERBS, _OBJECTS, _ENDS))
    space = "" if end[0] in ".,;" else " "
    return f"{subject[0].upper()}{subject[1:]} {verb} {thing}{space}{end}"


def _pick(random: Random, parts: str) -> str:
    return random.choice(parts.replace("\n", "|").split("|"))
