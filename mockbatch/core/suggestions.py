""" "Did you mean" suggestions."""

from collections.abc import Callable, Iterable

_TELLING = 3
"""The minimum length of a part of a name that identifies it."""


def did_you_mean(name: str, known: Iterable[str], spelled: Callable[[str], str] = repr) -> str:
    """Return ` Did you mean 'x'?` with the closest known name, else one that contains this name; or an empty text."""
    # not before: only mistakes need it
    from difflib import get_close_matches

    alike = {one.casefold(): one for one in known}
    wrong = name.casefold()
    near = get_close_matches(wrong, list(alike), 1)
    if not near and len(wrong) >= _TELLING:
        near = [one for one in alike if wrong in one]
    return f" Did you mean {spelled(alike[near[0]])}?" if near else ""
