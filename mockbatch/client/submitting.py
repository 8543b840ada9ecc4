"""Submit requests as batches, exactly once.

The API has no idempotency key: a create whose response was lost may have succeeded. After such a loss the list is read:
a new batch of that size is taken as the result; without one, the create is retried.
"""

from collections.abc import Callable, Collection, Iterator
from itertools import islice

from mockbatch.client import ClientError
from mockbatch.client.api import Api, ApiRefused, RemoteBatch, Unanswered
from mockbatch.client.splitting import BODY_END, BODY_START, COMMA, Part
from mockbatch.client.waiting import pause
from mockbatch.files.documents import Line
from mockbatch.files.source import JsonFile

_PIECE = 1 << 18
_ATTEMPTS = 5
_LOOKS = 3
_REMEMBERED = 20


class Submitter:
    """Sends parts of a source. `skipped` lines are left out; `sent` is called with the size of each piece in bytes."""

    def __init__(self, api: Api, source: JsonFile, skipped: Collection[int], sent: Callable[[int], None]) -> None:
        self._api = api
        self._source = source
        self._skipped = skipped
        self._sent = sent

    def submit(self, part: Part) -> RemoteBatch:
        """Return the batch created from a part. Raises ClientError if there is none, or it cannot be identified."""
        before = list(islice(self._api.batches(_REMEMBERED), _REMEMBERED))
        for attempt in range(1, _ATTEMPTS + 1):
            body = _Body(self._lines(part), self._sent)
            try:
                return self._api.create(iter(body), part.size)
            except (ApiRefused, Unanswered) as error:
                if isinstance(error, ApiRefused) and not error.passes:
                    raise
                if body.complete and _may_be_in(error) and (batch := self._looked_up(part, before, error)):
                    return batch
                if attempt == _ATTEMPTS:
                    raise
                body.take_back()
                seconds = pause(attempt, error.headers if isinstance(error, ApiRefused) else {})
                self._api.say(f"{error}; sending lines {part.first.number} to {part.last} again in {seconds:g} s")
                self._api.sleep(seconds)
        raise AssertionError("the last attempt returns or raises")

    def _lines(self, part: Part) -> Iterator[Line]:
        for line in self._source.lines(part.first):
            if line.number > part.last:
                return
            if line.number not in self._skipped:
                yield line

    def _looked_up(self, part: Part, before: list[RemoteBatch], lost: ClientError) -> RemoteBatch | None:
        """Return the batch from a create whose response was lost, if it succeeded."""
        for look in range(1, _LOOKS + 1):
            found = [batch for batch in self._newer(before) if batch.size == part.requests]
            if len(found) == 1:
                self._api.say(f"{lost}; but the batch was created: {found[0].id}")
                return found[0]
            if found:
                names = ", ".join(batch.id for batch in found)
                raise ClientError(
                    f"{lost}. Lines {part.first.number} to {part.last} may or may not have been submitted: several new "
                    f"batches have {part.requests} requests ({names}). Check them before you submit these lines again"
                )
            self._api.sleep(pause(look, {}))
        return None

    def _newer(self, before: list[RemoteBatch]) -> Iterator[RemoteBatch]:
        known = {batch.id for batch in before}
        for batch in self._api.batches():
            # one batch from before may have been deleted meanwhile, but not all of them
            if batch.id in known:
                return
            yield batch


def _may_be_in(error: ApiRefused | Unanswered) -> bool:
    """Return whether a failed create may have succeeded: it was not rejected up front."""
    return isinstance(error, Unanswered) or error.status >= 500 or error.status == 408


class _Body:
    """The JSON body of a create, in pieces, from raw lines; `complete` once all of it was yielded."""

    def __init__(self, lines: Iterator[Line], sent: Callable[[int], None]) -> None:
        self.complete = False
        self._lines = lines
        self._sent = sent
        self._yielded = 0

    def __iter__(self) -> Iterator[bytes]:
        piece = bytearray(BODY_START)
        for index, line in enumerate(self._lines):
            if index:
                piece += COMMA
            piece += line.raw
            if len(piece) >= _PIECE:
                yield self._counted(bytes(piece))
                piece.clear()
        self.complete = True
        yield self._counted(bytes(piece + BODY_END))

    def take_back(self) -> None:
        """Report that the bytes sent did not count."""
        self._sent(-self._yielded)

    def _counted(self, piece: bytes) -> bytes:
        self._yielded += len(piece)
        self._sent(len(piece))
        return piece
