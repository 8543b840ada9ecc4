"""Requests put into as few batches as the limits allow, in the order in which they come."""

from msgspec import Struct

from mockbatch.files.documents import Line

BODY_START, COMMA, BODY_END = b'{"requests":[', b",", b"]}"
ENVELOPE = len(BODY_START) + len(BODY_END)


class Part(Struct):
    """The requests of one batch: the first and the last line, how many there are, the size of the body in bytes."""

    first: Line
    last: int
    requests: int
    size: int


class Splitter:
    """Begins a new part where a request has no room any more; `parts` are those so far."""

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self.parts: list[Part] = []
        self._max_requests, self._max_bytes = max_requests, max_bytes

    def fits(self, line: Line) -> bool:
        """Whether a batch can have this request at all."""
        return len(line.raw) + ENVELOPE <= self._max_bytes

    def add(self, line: Line) -> None:
        """Put a request that fits into the last part, or into a new one."""
        size = len(line.raw)
        part = self.parts[-1] if self.parts else None
        if part is None or part.requests == self._max_requests or part.size + len(COMMA) + size > self._max_bytes:
            # the text of the line is not kept: it is read again when it is sent
            self.parts.append(Part(line._replace(raw=b""), line.number, 1, ENVELOPE + size))
            return
        part.last, part.requests, part.size = line.number, part.requests + 1, part.size + len(COMMA) + size
