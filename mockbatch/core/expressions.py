"""Regular expressions from users, matched in time linear in the text."""

import re
from collections.abc import Callable

LONGEST = 10_000
"""The maximum length of a pattern, in characters."""

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COMPILED_BYTES = 2 << 20


def searcher(pattern: str) -> Callable[[str], bool]:
    """Return a predicate that searches a text for the pattern.

    Raise ValueError if the pattern is malformed, too large, or not regular.
    """
    # not before: few runs have regular expressions
    import jsonschema_rs

    if len(pattern) > LONGEST:
        raise ValueError(f"a regular expression has at most {LONGEST:,} characters, not {len(pattern):,}")
    limits = jsonschema_rs.RegexOptions(size_limit=_COMPILED_BYTES, dfa_size_limit=_COMPILED_BYTES)
    schema = {"type": "string", "pattern": _ESCAPE.sub(_translated, pattern)}
    try:
        is_valid = jsonschema_rs.validator_for(schema, pattern_options=limits).is_valid
    except (jsonschema_rs.ValidationError, ValueError):
        raise ValueError(
            "it is malformed or too large, or uses look-around or backreferences, which are not supported"
        ) from None

    def found(text: str) -> bool:
        try:
            return bool(is_valid(text))
        except UnicodeEncodeError:  # a lone surrogate
            return bool(is_valid(text.encode("utf-8", "replace").decode()))

    return found


def _translated(escape: re.Match[str]) -> str:
    """Return Python's end-of-text escape in the engine's notation."""
    return r"\z" if escape[1] == "Z" else escape[0]
