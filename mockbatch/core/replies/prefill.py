"""Continue a prefilled reply: close open JSON or an open tag.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-engineering/prefill-claudes-response
"""

import json
import re

_TAG = re.compile(r"<([A-Za-z][\w-]*)>[^<]*$")
_CLOSED_BY = {"{": "}", "[": "]"}


def continuation(prefill: str, text: str) -> str:
    """Return the continuation of `prefill` that conveys `text`."""
    start = min((place for mark in "{[" if (place := prefill.find(mark)) >= 0), default=-1)
    if start >= 0 and (rest := _json_rest(prefill[start:], text)) is not None:
        return rest
    if tag := _TAG.search(prefill):
        return f"{text}</{tag[1]}>"
    return text if not prefill or prefill[-1] in "([\"'`#" else f" {text}"


def _json_rest(begun: str, text: str) -> str | None:
    """Return the rest of a piece of JSON, or None if `begun` is not open JSON."""
    opened: list[str] = []
    quoted = escaped = False
    expects = ""  # the next token outside of strings: key, value, or only an end
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
    quoted_text = json.dumps(text, ensure_ascii=False)
    if quoted:
        return quoted_text[1:] if expects != "key" else f'answer": {quoted_text}'
    if expects == "key":
        return f'"answer": {quoted_text}'
    if expects == "colon":
        return f": {quoted_text}"
    return f" {quoted_text}" if expects == "value" else ""
