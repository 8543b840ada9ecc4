"""Constant-time comparison of keys."""

from collections.abc import Iterable


def is_one_of(key: str, known: Iterable[str]) -> bool:
    """Return whether a key is a known one; compares it with each of them in constant time."""
    # not before: it loads OpenSSL, and most servers compare no keys
    from hmac import compare_digest

    given = key.encode("utf-8", "surrogatepass")
    same = [compare_digest(given, one.encode("utf-8", "surrogatepass")) for one in known]
    return any(same)
