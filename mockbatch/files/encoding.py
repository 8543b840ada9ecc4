"""Recode texts to UTF-8: from UTF-8, UTF-16 or UTF-32, with or without a byte order mark."""

import codecs

# longest first: the mark of UTF-32 starts like that of UTF-16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LONGEST_MARK = 4


def encoding_of(head: bytes) -> tuple[str, int]:
    """Return the encoding of a text from its beginning, and the length of its mark in bytes; `utf-8` by default."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    # our texts begin with printable ASCII, and contain no NUL
    if len(head) >= 2 and _is_text(head[0]) and not head[1]:
        return "utf-16-le", 0
    if len(head) >= 2 and _is_text(head[1]) and not head[0]:
        return "utf-16-be", 0
    return "utf-8", 0


def _is_text(byte: int) -> bool:
    return chr(byte).isprintable() or chr(byte).isspace()


class Recoder:
    """Recodes a text to UTF-8 piece by piece. UTF-8 input is passed through, valid or not."""

    def __init__(self) -> None:
        self.encoding: str | None = None
        self.mark = 0
        self._head = b""
        self._decode: codecs.IncrementalDecoder | None = None

    def feed(self, piece: bytes, *, final: bool = False) -> bytes:
        """Return the text that the piece completes. Raises ValueError if it is not in the encoding."""
        if self.encoding is None:
            self._head += piece
            if len(self._head) < LONGEST_MARK and not final:
                return b""
            piece = self._begun()
        if self._decode is None:
            return piece
        try:
            return self._decode.decode(piece, final).encode()
        except UnicodeDecodeError as error:
            if error.reason == "truncated data":
                raise ValueError("it ends in the middle of a character: the file was cut") from None
            raise ValueError(f"it looks like {error.encoding.upper()} but is not: {error.reason}") from None

    def _begun(self) -> bytes:
        self.encoding, self.mark = encoding_of(self._head)
        if self.encoding != "utf-8":
            self._decode = codecs.getincrementaldecoder(self.encoding)()
        rest, self._head = self._head[self.mark :], b""
        return rest
