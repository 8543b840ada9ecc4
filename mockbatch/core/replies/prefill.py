"""Going on where the request began the answer: with what closes it, where it is JSON or a tag.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-engineering/prefill-claudes-response
"""

import json
import re

_TAG = re.compile(r"<([A-Za-z][\w-]*)>[^<]*$")
_CLOSED_BY = {"{": "}", "[": "]"}


def continuation(prefill: str, text: str) -> str:
    """What comes after `prefill` in an answer that says `text`."""
    start = min((place for mark in "{[" if (place := prefill.find(mark)) >= 0), default=-1)
    if start >= 0 and (rest := _json_rest(prefill[start:], text)) is not None:
        return rest
    if tag := _TAG.search(prefill):
        return f"{text}</{tag[1]}>"
    return text if not prefill or prefill[-1] in "([\"'`#" else f" {text}"


def _json_rest(begun: str, text: str) -> str | None:
    """The rest of a piece of JSON, or None where it is no open JSON."""
    opened: list[str] = []
    quoted = escaped = False
    expects = ""  # what comes next outside of texts: key, value, or nothing but an end
    for letter in begun:
        if escaped:
            escaped = False
        elif letter == "\\" and quoted:
            escaped = True
        elif letter == '"':
            quoted = not quoted
            if not quoted:
                expects = "colon" if expects == "key" else "end"
        elif quoted or letter.isspace():
            continue
        elif letter in _CLOSED_BY:
            opened.append(letter)
            expects = "key" if letter == "{" else "value"
        elif letter in "}]":
            if not opened:
                return None
            opened.pop()
            expects = "end"
        elif letter == ":":
            expects = "value"
        elif letter == ",":
            expects = "key" if opened and opened[-1] == "{" else "value"
    if not opened:
        return None
    return _next(expects, quoted, text) + "".join(_CLOSED_BY[mark] for mark in reversed(opened))


def _next(expects: str, quoted: bool, text: str) -> str:
    said = json.dumps(text, ensure_ascii=False)
    if quoted:
        return said[1:] if expects != "key" else f'answer": {said}'
    if expects == "key":
        return f'"answer": {said}'
    if expects == "colon":
        return f": {said}"
    return f" {said}" if expects == "value" else ""
