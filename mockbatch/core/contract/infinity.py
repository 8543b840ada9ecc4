"""Numbers that JSON allows and no double holds: the API refuses a body that has one."""

# each digit as 0, both letters of an exponent as e
_KINDS = bytes(ord("0") if chr(byte).isdigit() else ord("e") if byte == ord("E") else byte for byte in range(128))
_KINDS += bytes(range(128, 256))
# a number with less than these is finite
_EXPONENT, _LONG = b"0e000", b"0" * 200


def has_infinity(body: bytes | bytearray | memoryview) -> bool:
    """Whether a number in JSON is too large for a double, like 1e400. What stands inside of texts is none."""
    body = bytes(body)
    kinds = body.translate(_KINDS, b"+")
    if _EXPONENT not in kinds and _LONG not in kinds:
        return False
    # not before: hardly any body has such bytes, mostly in an image
    import orjson

    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return "infinity" in error.msg
    return False
