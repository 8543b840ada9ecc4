"""The maximum number of values in the params of one request, so that no request delays others."""

from msgspec import Raw

from mockbatch.core.contract.errors import InvalidRequest

MOST_VALUES = 1_000_000
_SMALL = 1 << 16
_PIECE = 1 << 20
_MARKS = (b",", b"[", b"{")


def check_values(data: bytes | Raw, most: int = MOST_VALUES) -> None:
    """Raise InvalidRequest for JSON with more values than this. Small data is not checked."""
    with memoryview(data) as view:
        if len(view) <= _SMALL:
            return
        pieces = [bytes(view[at : at + _PIECE]) for at in range(0, len(view), _PIECE)]
    if sum(piece.count(mark) for piece in pieces for mark in _MARKS) > most and _exceeded(pieces, most):
        raise InvalidRequest(f"The request has too many values: at most {most} are supported")


def _exceeded(pieces: list[bytes], most: int) -> bool:
    """Return whether JSON has more values than this, not counting the inside of texts."""
    count, inside, rest = 0, False, b""
    for piece in pieces:
        piece = rest + piece
        # a trailing backslash belongs to the next piece
        cut = len(piece) - (len(piece) - len(piece.rstrip(b"\\"))) % 2
        piece, rest = piece[:cut], piece[cut:]
        parts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        count += sum(map(b"".join(parts[inside::2]).count, _MARKS))
        if count > most:
            return True
        inside ^= not len(parts) % 2
    return False
