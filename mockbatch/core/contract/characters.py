"""The characters of a body that comes in pieces: whether it is UTF-8, and where in it an error is."""

from codecs import utf_8_decode

_PIECE = 32 << 10
_START = b'{"requests":['


class NotJson(Exception):
    """What was to be decoded is not JSON, or not all of it."""


class Characters:
    """Counts the characters of bytes as they come. `cut` is the part of one that the last bytes end with; `broken` says
    that what came is not UTF-8, which the decoder of JSON overlooks.
    """

    __slots__ = ("broken", "count", "cut")

    def __init__(self) -> None:
        self.count = 0
        self.cut = b""
        self.broken = False

    @property
    def whole(self) -> bool:
        """Whether what came is UTF-8, to the last character."""
        return not (self.broken or self.cut)

    def feed(self, data: bytes) -> None:
        if self.broken:
            return
        if self.cut:
            data = self.cut + data
        if data.isascii():
            self.count += len(data)
            self.cut = b""
        else:
            self.cut = data[self._decode(data) :]

    def _decode(self, data: bytes) -> int:
        """Count the characters that are whole; answers where they end."""
        at, length = 0, 1
        try:
            with memoryview(data) as view:
                while length:
                    # piece by piece: what is decoded and thrown away again then stays in the processor's cache
                    text, length = utf_8_decode(view[at : at + _PIECE], "strict", False)
                    self.count, at = self.count + len(text), at + length
        except UnicodeDecodeError:
            self.broken = True
        return at


def characters(data: bytes | bytearray) -> int:
    """How many characters these bytes are. Raises NotJson where they are not UTF-8."""
    found = Characters()
    found.feed(bytes(data))
    if not found.whole:
        raise NotJson
    return found.count


class Place:
    """Where in a body what is left of it begins, when whole requests were cut off and are gone."""

    def __init__(self, fed: Characters) -> None:
        self.passed = False
        self._fed = fed
        self._mark = (0, 0)
        self._lines = self._line_start = 0

    def pass_over(self, buffer: bytes | bytearray, end: int) -> None:
        """What is left begins at `end` of the buffer; all of that was fed."""
        self.passed = True
        self._mark = (self._fed.count, len(buffer) - end - len(self._fed.cut))
        if newline := buffer.rfind(b"\n", 0, end) + 1:
            self._lines += buffer.count(b"\n", 0, end)
            self._line_start = self._begin(buffer[end:]) - characters(buffer[newline:end])

    def whole(self, rest: bytes) -> bytes:
        """What is left, as a body of its own."""
        return _START + rest if self.passed else rest

    def told(self, rest: bytes) -> str:
        """What is wrong with a body of which this is left, and where."""
        # not before: only a broken body needs it
        import orjson

        try:
            orjson.loads(self.whole(rest))
        except orjson.JSONDecodeError as error:
            # what is not UTF-8 is told of the whole, which has no place
            before = self._begin(rest) - len(self.whole(b"")) if error.pos else 0
            column = error.colno + (before - self._line_start if error.lineno == 1 else 0)
            return f"{error.msg}: line {error.lineno + self._lines} column {column} (char {error.pos + before})"
        return "unexpected content"

    def _begin(self, rest: bytes | bytearray) -> int:
        # not counted when it was passed over: it is needed for errors alone
        count, length = self._mark
        return count - characters(rest[:length])
