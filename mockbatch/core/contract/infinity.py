"""Numbers that are valid JSON but exceed a double: the API rejects bodies that contain one."""

# map each digit to 0 and both exponent letters to e
_KINDS = bytes(ord("0") if chr(byte).isdigit() else ord("e") if byte == ord("E") else byte for byte in range(128))
_KINDS += bytes(range(128, 256))
# a number with fewer than this is finite
_EXPONENT, _LONG = b"0e000", b"0" * 200


def has_infinity(body: bytes | bytearray | memoryview) -> bool:
    """Return whether JSON has a number too large for a double, like 1e400, not counting the inside of texts."""
    body = bytes(body)
    kinds = body.translate(_KINDS, b"+")
    if _EXPONENT not in kinds and _LONG not in kinds:
        return False
    # not before: hardly any body has such bytes, except in images
    import orjson

    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return "infinity" in error.msg
    return False
