"""The size of an image in pixels, read from its header."""

from io import BytesIO

from mockbatch.core.media.encoded import PDF, Empty, Invalid, UnreadableMedia, kind_of, leniently_decoded

# nearly all images have their size in the first; metadata of photographs may precede it
_HEADS = (48 << 10, 1 << 20)
_PNG_HEAD = 24
_CANVAS = slice(24, 30)


def size_of(data: bytes) -> tuple[int, int]:
    """Return the width and height of a PNG, JPEG, GIF or WebP. Raise Empty or Invalid."""
    if not data:
        raise Empty
    if kind_of(data) in (None, PDF) or _is_cut_png(data):
        raise Invalid
    width, height = _extended_webp(data) or _by_library(data)
    if width <= 0 or height <= 0:
        raise Invalid
    return int(width), int(height)


def _is_cut_png(data: bytes) -> bool:
    """Return whether a PNG ends before its size; imagesize before 1.5 would then read something else."""
    return data.startswith(b"\x89PNG") and len(data) < _PNG_HEAD


def _extended_webp(data: bytes) -> tuple[int, int] | None:
    """Return the size of a WebP with a canvas, which imagesize before 1.5 reads as one pixel less."""
    if data[8:16] != b"WEBPVP8X" or len(data) < _CANVAS.stop:
        return None
    canvas = data[_CANVAS]
    return 1 + int.from_bytes(canvas[:3], "little"), 1 + int.from_bytes(canvas[3:], "little")


def _by_library(data: bytes) -> tuple[int, int]:
    # imported lazily: most requests have no images
    import imagesize

    try:
        width, height = imagesize.get(BytesIO(data[: _HEADS[-1]]))
    except Exception:
        raise Invalid from None
    return width, height


def size_in(text: str) -> tuple[int, int] | None:
    """Return the width and height of an image in base64; None if it cannot be read."""
    for head in _HEADS:
        try:
            return size_of(leniently_decoded(text[: head // 3 * 4]))
        except UnreadableMedia:
            if len(text) <= head // 3 * 4:
                return None
    return None
