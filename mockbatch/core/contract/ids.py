"""Identifiers in the API's formats, made of draws: the same for the same seed and the same calls."""

from binascii import b2a_base64
from collections.abc import Callable
from uuid import UUID

from mockbatch.core.draws import wide_draw, wide_draw_bytes

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# base 58 has no 0, I, O, l and no signs; what falls together costs a little of 128 bits
_BASE58 = b"ABCDEFGHJJKLMNPPQRSTUVWXYZabcdefghijkkmnopqrstuvwxyz1123456789zz"
_TO_BASE58 = bytes.maketrans(_BASE64, _BASE58)
_LENGTH = 22

Identifier = Callable[[int, str], str]
_OF_A_DRAW = 21  # characters of base 64 that 16 bytes make


def _identifier(prefix: str, seed: int, name: str) -> str:
    digits = b2a_base64(wide_draw_bytes(seed, name), newline=False)[:_LENGTH]
    return prefix + digits.translate(_TO_BASE58).decode()


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


def file_id(seed: int, name: str) -> str:
    """`file_01` and 22 more characters."""
    return _identifier("file_01", seed, name)


def event_id(seed: int, name: str) -> str:
    """`whe_01` and 22 more characters."""
    return _identifier("whe_01", seed, name)


def tool_use_id(seed: int, name: str) -> str:
    """`toolu_01` and 22 more characters."""
    return _identifier("toolu_01", seed, name)


def server_tool_use_id(seed: int, name: str) -> str:
    """`srvtoolu_01` and 22 more characters."""
    return _identifier("srvtoolu_01", seed, name)


def container_id(seed: int, name: str) -> str:
    """`container_01` and 22 more characters: where code is run."""
    return _identifier("container_01", seed, name)


def opaque(seed: int, name: str, characters: int) -> str:
    """Characters of base 64 that mean nothing, such as signatures are made of."""
    parts = (wide_draw_bytes(seed, f"{name}/{part}") for part in range(-(-characters // _OF_A_DRAW)))
    return b2a_base64(b"".join(parts), newline=False)[:characters].decode()


def workspace_id(seed: int, name: str) -> str:
    """`wrkspc_01` and 22 more characters."""
    return _identifier("wrkspc_01", seed, name)


def api_key_id(seed: int, name: str) -> str:
    """`apikey_01` and 22 more characters: the id of a key, which does not tell it."""
    return _identifier("apikey_01", seed, name)


def organization_id(seed: int) -> str:
    """The UUID of the one organization that a seed has."""
    return str(UUID(int=wide_draw(seed, "organization"), version=4))


def rate_limit_id(seed: int, name: str) -> str:
    """`rl_01` and 22 more characters: an organization's own entry for a rate limit."""
    return _identifier("rl_01", seed, name)


def rate_limit_group_id(name: str) -> str:
    """`rlg_01` and 22 more characters: a group of rate limits, the same in every organization."""
    return _identifier("rlg_01", 0, name)
