"""Names that are wrong, and the right one nearest to them."""

from collections.abc import Callable, Iterable


def did_you_mean(name: str, known: Iterable[str], spelled: Callable[[str], str] = repr) -> str:
    """` Did you mean 'x'?` with the known name that is nearest, or nothing."""
    # not before: nobody should pay for a mistake that was not made
    from difflib import get_close_matches

    alike = {one.casefold(): one for one in known}
    near = get_close_matches(name.casefold(), list(alike), 1)
    return f" Did you mean {spelled(alike[near[0]])}?" if near else ""
