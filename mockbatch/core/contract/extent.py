"""How much may be in the params of one request, so that no request keeps those of others waiting."""

from msgspec import Raw

from mockbatch.core.contract.errors import InvalidRequest

MOST_VALUES = 1_000_000
_SMALL = 1 << 16
_PIECE = 1 << 20
_MARKS = (b",", b"[", b"{")


def check_values(data: bytes | Raw, most: int = MOST_VALUES) -> None:
    """Raise InvalidRequest for JSON that has more values than that. What is small is not looked at."""
    with memoryview(data) as view:
        if len(view) <= _SMALL:
            return
        pieces = [bytes(view[at : at + _PIECE]) for at in range(0, len(view), _PIECE)]
    if sum(piece.count(mark) for piece in pieces for mark in _MARKS) > most and _exceeded(pieces, most):
        raise InvalidRequest(f"The request has too many values: at most {most} are supported")


def _exceeded(pieces: list[bytes], most: int) -> bool:
    """Whether JSON has more values than that: what stands inside of texts is none."""
    count, inside, rest = 0, False, b""
    for piece in pieces:
        piece = rest + piece
        # a backslash at the end goes with what follows it
        cut = len(piece) - (len(piece) - len(piece.rstrip(b"\\"))) % 2
        piece, rest = piece[:cut], piece[cut:]
        parts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        count += sum(map(b"".join(parts[inside::2]).count, _MARKS))
        if count > most:
            return True
        inside ^= not len(parts) % 2
    return False
