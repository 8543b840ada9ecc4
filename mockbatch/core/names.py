"""Names that are wrong, and the right one nearest to them."""

from collections.abc import Callable, Iterable

_TELLING = 3
"""How long a part of a name has to be that tells which is meant."""


def did_you_mean(name: str, known: Iterable[str], spelled: Callable[[str], str] = repr) -> str:
    """` Did you mean 'x'?` with the known name that is nearest, or else has this name in it; or nothing."""
    # not before: nobody should pay for a mistake that was not made
    from difflib import get_close_matches

    alike = {one.casefold(): one for one in known}
    wrong = name.casefold()
    near = get_close_matches(wrong, list(alike), 1)
    if not near and len(wrong) >= _TELLING:
        near = [one for one in alike if wrong in one]
    return f" Did you mean {spelled(alike[near[0]])}?" if near else ""
