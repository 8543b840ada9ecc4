"""Ids in the API's formats, derived from draws: equal for the same seed and the same calls."""

from binascii import b2a_base64
from collections.abc import Callable
from uuid import UUID

from mockbatch.core.seeded_hash import wide_draw, wide_draw_bytes

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# base58 lacks 0, I, O, l and punctuation; collisions cost a little of 128 bits
_BASE58 = b"ABCDEFGHJJKLMNPPQRSTUVWXYZabcdefghijkkmnopqrstuvwxyz1123456789zz"
_TO_BASE58 = bytes.maketrans(_BASE64, _BASE58)
_LENGTH = 22

Identifier = Callable[[int, str], str]
_OF_A_DRAW = 21  # the number of base64 characters for 16 bytes


def _identifier(prefix: str, seed: int, name: str) -> str:
    digits = b2a_base64(wide_draw_bytes(seed, name), newline=False)[:_LENGTH]
    return prefix + digits.translate(_TO_BASE58).decode()


def batch_id(seed: int, name: str) -> str:
    """Return `msgbatch_01` and 22 more characters."""
    return _identifier("msgbatch_01", seed, name)


def message_id(seed: int, name: str) -> str:
    """Return `msg_01` and 22 more characters."""
    return _identifier("msg_01", seed, name)


def request_id(seed: int, name: str) -> str:
    """Return `req_01` and 22 more characters: the id of one HTTP call."""
    return _identifier("req_01", seed, name)


def worker_request_id(seed: int, name: str) -> str:
    """Return `workerreq_01` and 22 more characters: the id of a row that failed during execution."""
    return _identifier("workerreq_01", seed, name)


def file_id(seed: int, name: str) -> str:
    """Return `file_01` and 22 more characters."""
    return _identifier("file_01", seed, name)


def event_id(seed: int, name: str) -> str:
    """Return `whe_01` and 22 more characters."""
    return _identifier("whe_01", seed, name)


def tool_use_id(seed: int, name: str) -> str:
    """Return `toolu_01` and 22 more characters."""
    return _identifier("toolu_01", seed, name)


def server_tool_use_id(seed: int, name: str) -> str:
    """Return `srvtoolu_01` and 22 more characters."""
    return _identifier("srvtoolu_01", seed, name)


def container_id(seed: int, name: str) -> str:
    """Return `container_01` and 22 more characters: where code is run."""
    return _identifier("container_01", seed, name)


def opaque(seed: int, name: str, characters: int) -> str:
    """Return meaningless base64 characters, as in signatures."""
    parts = (wide_draw_bytes(seed, f"{name}/{part}") for part in range(-(-characters // _OF_A_DRAW)))
    return b2a_base64(b"".join(parts), newline=False)[:characters].decode()


def workspace_id(seed: int, name: str) -> str:
    """Return `wrkspc_01` and 22 more characters."""
    return _identifier("wrkspc_01", seed, name)


def api_key_id(seed: int, name: str) -> str:
    """Return `apikey_01` and 22 more characters: the id of a key, which does not reveal it."""
    return _identifier("apikey_01", seed, name)


def organization_id(seed: int) -> str:
    """Return the UUID of the one organization of a seed."""
    return str(UUID(int=wide_draw(seed, "organization"), version=4))


def rate_limit_id(seed: int, name: str) -> str:
    """Return `rl_01` and 22 more characters: an organization's own entry for a rate limit."""
    return _identifier("rl_01", seed, name)


def rate_limit_group_id(name: str) -> str:
    """Return `rlg_01` and 22 more characters: a group of rate limits, the same in every organization."""
    return _identifier("rlg_01", 0, name)
