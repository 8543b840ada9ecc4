"""Keys, compared in a time that says nothing about them."""

from collections.abc import Iterable


def is_one_of(key: str, known: Iterable[str]) -> bool:
    """Whether a key is one of those that are known; each of them is compared, and to its end."""
    # not before: OpenSSL comes with it, and most servers compare no keys
    from hmac import compare_digest

    told = key.encode("utf-8", "surrogatepass")
    same = [compare_digest(told, one.encode("utf-8", "surrogatepass")) for one in known]
    return any(same)
