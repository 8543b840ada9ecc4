"""The size of an image in pixels, as its head has it."""

from io import BytesIO

from mockbatch.core.media.encoded import PDF, Empty, Invalid, Unreadable, kind_of, leniently_decoded

# in nearly all images the size stands within the first; metadata of photographs may come before it
_HEADS = (48 << 10, 1 << 20)


def size_of(data: bytes) -> tuple[int, int]:
    """Return the width and height of a PNG, JPEG, GIF or WebP. Raise Empty or Invalid."""
    if not data:
        raise Empty
    if kind_of(data) in (None, PDF):
        raise Invalid
    # not before: most requests have no images
    import imagesize

    try:
        width, height = imagesize.get(BytesIO(data[: _HEADS[-1]]))
    except Exception:
        raise Invalid from None
    if width <= 0 or height <= 0:
        raise Invalid
    return int(width), int(height)


def size_in(text: str) -> tuple[int, int] | None:
    """Return the width and height of an image in base64; None where it cannot be read."""
    for head in _HEADS:
        try:
            return size_of(leniently_decoded(text[: head // 3 * 4]))
        except Unreadable:
            if len(text) <= head // 3 * 4:
                return None
    return None
