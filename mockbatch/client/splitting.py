"""Pack requests into as few batches as the limits allow, in order."""

from msgspec import Struct

from mockbatch.files.documents import Line

BODY_START, COMMA, BODY_END = b'{"requests":[', b",", b"]}"
ENVELOPE = len(BODY_START) + len(BODY_END)


class Part(Struct):
    """The requests of one batch: first and last line, their number, and the body size in bytes."""

    first: Line
    last: int
    requests: int
    size: int


class Splitter:
    """Starts a new part when a request no longer fits; `parts` are the parts so far."""

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self.parts: list[Part] = []
        self._max_requests, self._max_bytes = max_requests, max_bytes

    def fits(self, line: Line) -> bool:
        """Return whether a single batch can hold this request."""
        return len(line.raw) + ENVELOPE <= self._max_bytes

    def add(self, line: Line) -> None:
        """Add a request that fits to the last part, or to a new one."""
        size = len(line.raw)
        part = self.parts[-1] if self.parts else None
        if part is None or part.requests == self._max_requests or part.size + len(COMMA) + size > self._max_bytes:
            # the raw line is not kept: it is read again when sent
            self.parts.append(Part(line._replace(raw=b""), line.number, 1, ENVELOPE + size))
            return
        part.last, part.requests, part.size = line.number, part.requests + 1, part.size + len(COMMA) + size
