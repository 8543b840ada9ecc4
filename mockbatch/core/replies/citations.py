"""Replies that cite the documents and search results of the request, with exact locations.

Source: https://platform.claude.com/docs/en/build-with-claude/citations, .../search-results
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from mockbatch.core.contract import wire
from mockbatch.core.media.encoded import UnreadableMedia
from mockbatch.core.media.pdf import pdf_in
from mockbatch.core.replies.draft import Draft
from mockbatch.core.replies.request_access import all_blocks, cites
from mockbatch.core.replies.rng import Rng

_SENTENCE = re.compile(r"\S[^.!?。！？\n]{0,400}[.!?。！？]?")
_LEADS = ("According to the document, ", "The source says: ", "It is stated that ", "As the text puts it: ")
_LONGEST = 300


class Passage(Struct, frozen=True):
    """A citable text and its location."""

    text: str
    location: wire.Citation


def passages(params: dict[str, Any]) -> list[Callable[[Rng], Passage | None]]:
    """Return a passage finder for each document and search result with citations enabled."""
    found: list[Callable[[Rng], Passage | None]] = []
    documents = results = 0
    for block in all_blocks(params):
        if block.get("type") == "document":
            if cites(block) and (finder := _in_document(block, documents)):
                found.append(finder)
            documents += 1
        elif block.get("type") == "search_result":
            if cites(block) and _texts(block.get("content")):
                found.append(_in_result(block, results))
            results += 1
    return found


def cite(draft: Draft, finders: list[Callable[[Rng], Passage | None]]) -> bool:
    """Write a reply with citations. Return False if there is nothing to cite."""
    dice = draft.request.dice("citations")
    drawn = (dice.choose(finders)(dice) for _ in range(dice.between(1, 3)))
    found = {passage.text: passage for passage in drawn if passage}
    for passage in found.values():
        draft.text(dice.choose(_LEADS))
        draft.text(passage.text, [passage.location])
    return bool(found)


def _in_document(block: dict[str, Any], index: int) -> Callable[[Rng], Passage | None] | None:
    title = block.get("title") if isinstance(block.get("title"), str) else None
    match block.get("source"):
        case {"type": "text", "data": str(text)} if text.strip():
            return lambda dice: _span(text, index, title, dice)
        case {"type": "content", "content": str(text)} if text.strip():
            return lambda dice: _blocks([text], index, title, dice)
        case {"type": "content", "content": list(content)} if _texts(content):
            return lambda dice: _blocks(_texts(content), index, title, dice)
        case {"type": "base64", "data": str(data)}:
            return lambda dice: _page(data, index, title, dice)
    return None


def _span(text: str, index: int, title: str | None, dice: Rng) -> Passage | None:
    """Return a sentence of a plain text."""
    spans = list(_spans(text))
    if not spans:
        return None
    start, end = dice.choose(spans)
    return Passage(text[start:end], wire.CharLocation(text[start:end], index, title, start, end))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for found in _SENTENCE.finditer(text):
        yield found.start(), found.start() + len(found[0].rstrip())


def _blocks(texts: list[str], index: int, title: str | None, dice: Rng) -> Passage:
    """Return one block or two consecutive ones."""
    start = dice.below(len(texts))
    end = min(start + dice.between(1, 2), len(texts))
    cited = "".join(texts[start:end])
    return Passage(_quoted(cited), wire.ContentBlockLocation(cited, index, title, start, end))


def _page(data: str, index: int, title: str | None, dice: Rng) -> Passage | None:
    """Return a sentence from a page of a PDF."""
    try:
        pages = pdf_in(data).texts
    except UnreadableMedia:
        return None
    written = [number for number, text in enumerate(pages, 1) if text.strip()]
    if not written:
        return None
    number = dice.choose(written)
    start, end = dice.choose(list(_spans(pages[number - 1])))
    cited = pages[number - 1][start:end]
    return Passage(cited, wire.PageLocation(cited, index, title, number, number + 1))


def _in_result(block: dict[str, Any], index: int) -> Callable[[Rng], Passage]:
    texts, title = _texts(block.get("content")), block.get("title")

    def found(dice: Rng) -> Passage:
        start = dice.below(len(texts))
        source = str(block.get("source") or "")
        location = wire.SearchResultLocation(
            texts[start], index, source, title if isinstance(title, str) else None, start, start + 1
        )
        return Passage(_quoted(texts[start]), location)

    return found


def _texts(content: Any) -> list[str]:
    """Return the texts of the blocks; empty if any block has none, since indexes would then be wrong."""
    if not isinstance(content, list):
        return []
    texts = [block.get("text") for block in content if isinstance(block, dict)]
    written = [text for text in texts if isinstance(text, str) and text]
    return written if len(written) == len(content) else []


def _quoted(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0]
