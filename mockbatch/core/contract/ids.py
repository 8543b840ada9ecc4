"""Identifiers in the API's formats, made of draws: the same for the same seed and the same calls."""

from uuid import UUID

from mockbatch.core.draws import wide_draw

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_BASE = len(_PAIRS)
_HALF = (1 << 64) - 1


def _base58(bits: int) -> str:
    """22 characters of base 58 for 128 bits."""
    low, high = bits & _HALF, bits >> 64
    pairs = []
    for half in (low, high):
        for _ in range(5):
            half, pair = divmod(half, _BASE)
            pairs.append(_PAIRS[pair])
    return "".join(pairs) + _ALPHABET[low >> 58 & 31] + _ALPHABET[high >> 58 & 31]


def _identifier(prefix: str, seed: int, name: str) -> str:
    return prefix + _base58(wide_draw(seed, name))


def batch_id(seed: int, name: str) -> str:
    """`msgbatch_01` and 22 more characters."""
    return _identifier("msgbatch_01", seed, name)


def message_id(seed: int, name: str) -> str:
    """`msg_01` and 22 more characters."""
    return _identifier("msg_01", seed, name)


def request_id(seed: int, name: str) -> str:
    """`req_01` and 22 more characters: the id of one HTTP call."""
    return _identifier("req_01", seed, name)


def worker_request_id(seed: int, name: str) -> str:
    """`workerreq_01` and 22 more characters: the id of a row that failed while it was executed."""
    return _identifier("workerreq_01", seed, name)


def workspace_id(seed: int, name: str) -> str:
    """`wrkspc_01` and 22 more characters."""
    return _identifier("wrkspc_01", seed, name)


def organization_id(seed: int) -> str:
    """The UUID of the one organization that a seed has."""
    return str(UUID(int=wide_draw(seed, "organization"), version=4))
