"""The validation of a create call: everything around `params`, and nothing inside.

`RequestSlicer` reads the body as it arrives and cuts it into slices of whole requests, so that a body of any size needs
the memory of one slice. It guesses where a request ends (before `},{"custom_id"`, or whichever key comes first) and
verifies the guess: a slice that decodes as a list of objects can only have been cut between requests. If the guess
fails, it tries a larger part of the body, up to the maximum size of a request. The cuts depend only on the bytes of the
body, not on how they arrive. A slice can be stored as soon as it is cut off; its content is checked in the meantime.

Source: https://platform.claude.com/docs/en/api/messages/batches/create
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from mockbatch.core.contract.characters import BodyPosition, NotJson, characters
from mockbatch.core.contract.errors import InvalidRequest, RequestTooLarge
from mockbatch.core.contract.extent import check_values
from mockbatch.core.contract.infinity import has_infinity
from mockbatch.core.not_json import wrong_encoding
from mockbatch.core.seeded_hash import draws, draws_of

SLICE = 1 << 20
# the maximum size of a request: the API accepts no message of more than 32 MB either
_LARGEST = 32 << 20
# decoding more values than this in one go takes too long
_MOST_VALUES = 2_000_000
_LONGEST_HEAD = 4096
_GUESSES = 1000
_HEAD = re.compile(rb'\s*\{\s*"requests"\s*:\s*\[\s*(?=\{\s*("(?:[^"\\]|\\.){1,128}"))')
_TAIL = re.compile(rb"\]\s*\}\s*\Z")
_GAP = re.compile(rb"\}\s*(,)\s*\{\s*\Z")
_LONGEST_GAP = 256
_OBJECT, _QUOTE = b'{"'
_OPEN, _COMMA, _CLOSE = b"[,]"
_OBJECTS = {_OBJECT}
_first = itemgetter(0)
_view: Callable[[Any], memoryview] = memoryview

_CUSTOM_ID = "[a-zA-Z0-9_-]{1,64}"
_valid_custom_id = re.compile(_CUSTOM_ID).fullmatch
_valid_custom_ids = re.compile(rf"(?:{_CUSTOM_ID}\n)*").fullmatch
_MASK = (1 << 64) - 1


T = TypeVar("T")
Buffer = bytes | bytearray | memoryview


class RequestItem(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One request of a batch; `params` are kept as the received bytes."""

    custom_id: str
    params: Raw


class RequestSlice(Struct, frozen=True):
    """A JSON list of whole requests as received, and the decoded items; empty if one of them is invalid."""

    raw: bytes | memoryview
    items: list[RequestItem]


_decode_items = msgspec.json.Decoder(list[RequestItem]).decode
_decode_item = msgspec.json.Decoder(RequestItem).decode
_decode_body = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_list = msgspec.json.Decoder(list[Raw]).decode
_decode_raw = msgspec.json.Decoder(Raw).decode


def items_of(raw: bytes | memoryview) -> list[RequestItem]:
    """Decode the requests of a stored slice."""
    return _decode_items(raw)


def json_problem(body: bytes) -> str | None:
    """Return why a body is not JSON, and where; None if it is."""
    try:
        characters(body)
        _decoded(body, _decode_raw)
        _check_numbers(body)
    except NotJson:
        return BodyPosition().describe_error(body)
    return None


def item_of(line: bytes) -> RequestItem:
    """Decode a request on a line of its own. Raises InvalidRequest with the message of create, without an index."""
    try:
        characters(line)
        raw = _decoded(line, _decode_raw)
        _check_numbers(line)
    except NotJson:
        if problem := wrong_encoding(line):
            raise InvalidRequest(f"not valid JSON: {problem}") from None
        problem = BodyPosition().describe_error(line).replace(": line 1 column ", ": column ")
        raise InvalidRequest(f"not valid JSON: {problem.partition(' (char')[0]}") from None
    if invalid := _first_problem([raw], 0):
        raise InvalidRequest(invalid.removeprefix("requests.0").lstrip(".: "))
    return _decode_item(raw)


class RequestSlicer:
    """An incoming body. `feed` it piece by piece, then take the `rest`; both return slices that can be stored. `look`
    at each slice in order, before the next one, and finally `check` the whole.

    Raises RequestTooLarge as soon as the body or one request is too large, and at the end the InvalidRequest of the
    API: broken JSON takes precedence, then too many requests, then the first invalid request, then a duplicate id.
    Slices returned before an error are void.
    """

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self.count = 0
        self.identity = 0
        self.webhook_url = ""
        self._max_requests, self._max_bytes = max_requests, max_bytes
        self._received = 0
        self._broken = False
        self._place = BodyPosition()
        self._pieces: list[Buffer] = []
        self._size = 0
        self._window = SLICE
        self._key: bytes | None = None
        self._ids: list[list[str]] = []
        self._known: set[str] = set()
        self._problem: str | None = None
        self._problem_beside: str | None = None
        self._doubled: str | None = None

    def feed(self, piece: bytes) -> list[RequestSlice]:
        self._received += len(piece)
        if self._received > self._max_bytes:
            raise RequestTooLarge("Request exceeds the maximum size")
        if self._broken:
            return []
        self._pieces.append(piece)
        self._size += len(piece)
        if len(self._pieces) == 1:
            self._pass_head(piece)
        slices = []
        while self._size >= self._window:
            if taken := self._take():
                slices.append(taken)
        return slices

    def is_long(self, piece: Buffer = b"") -> bool:
        """Return whether feeding this piece, or taking the rest without one, may take long."""
        size = self._size + len(piece)
        if not piece and not self._place.passed:
            return size > SLICE // 4
        return size > 2 * SLICE and (not piece or size >= self._window)

    def check_slice(self, slice: RequestSlice) -> list[str]:
        """Check the content of a slice. Returns its custom_ids; none if something is wrong."""
        try:
            # its first character is the last one of the previous part
            self._place.count(characters(slice.raw) - 1)
        except NotJson:
            self._broken = True
            return []
        if (ids := self._admit(slice.items)) is None:
            requests = _decode_list(slice.raw)
            self._problem = self._problem or _first_problem(requests, self.count)
            self.count += len(requests)
            return []
        return ids

    def finish(self) -> list[RequestSlice]:
        """Return the remaining slices, at the end of the body."""
        if self._broken:
            raise self._not_json()
        if guessed := self._guessed_rest():
            try:
                _check_numbers(guessed.raw)
            except NotJson:
                raise self._not_json(bytes(guessed.raw[1:])) from None
            return [guessed]
        return [RequestSlice(part, _items(part)) for part in _parts(self._looked_through())]

    def check(self) -> None:
        """Raise InvalidRequest if the body as a whole is invalid."""
        if self._broken:
            raise self._not_json()
        if self.count == 0:
            raise InvalidRequest("requests: List should have at least 1 item after validation, not 0")
        if self.count > self._max_requests:
            raise InvalidRequest(
                f"requests: List should have at most {self._max_requests} items after validation, not {self.count}"
            )
        if problem := self._problem or self._problem_beside:
            raise InvalidRequest(problem)
        if self._doubled is not None:
            raise InvalidRequest(
                f"requests: custom_id's must be unique within a batch. Duplicate custom_id found: {self._doubled}"
            )

    def _take(self) -> RequestSlice | None:
        """Cut whole requests off the first window of the buffer, or double the window."""
        if not self._place.passed and self._pass_head(self._buffer()) and self._size < self._window:
            return None
        buffer = self._buffer()
        comma = self._last_gap(buffer) if self._place.passed else None
        if comma is not None:
            raw = _listed(buffer, comma)
            try:
                items = _items(raw)
            except NotJson:
                buffer[comma] = _COMMA
            else:
                self._place.pass_over(buffer, comma + 1)
                rest = buffer[comma:]
                self._pieces, self._size = [rest], len(rest)
                self._window = SLICE
                return RequestSlice(raw, items)
        self._window *= 2
        if self._window > _LARGEST:
            raise RequestTooLarge("Request exceeds the maximum size")
        return None

    def _buffer(self) -> bytearray:
        """Return the bytes that are not cut off yet; after the head, preceded by one byte for a bracket."""
        first = self._pieces[0] if len(self._pieces) == 1 else None
        if not isinstance(first, bytearray):
            first = bytearray().join(self._pieces)
            self._pieces = [first]
        return first

    def _pass_head(self, data: bytes | bytearray) -> bool:
        """Skip everything before the first request, if the body starts as expected."""
        head = _HEAD.match(data, 0, _LONGEST_HEAD)
        if head is None:
            return False
        self._key = head[1]
        at = head.end()
        self._place.pass_over(data, at)
        self._place.count(at)
        rest = memoryview(data)
        self._pieces = [rest[at - 1 :]] if data[at - 1] == _OPEN else [b"[", rest[at:]]
        self._size = 1 + len(data) - at
        return True

    def _last_gap(self, buffer: bytearray) -> int | None:
        """Return the comma of the last position in the window that looks like a border between two requests."""
        assert self._key is not None
        at = self._window
        for _ in range(_GUESSES):
            if (at := buffer.rfind(self._key, 1, at)) <= 1:
                return None
            low = max(at - _LONGEST_GAP, 1)
            if gap := _GAP.search(bytes(buffer[low:at])):
                return low + gap.start(1)
        return None

    def _guessed_rest(self) -> RequestSlice | None:
        """Return the remaining requests, if the body ends as expected."""
        if not (self._place.passed or self._pass_head(self._buffer())):
            return None
        buffer = self._pieces[0] if len(self._pieces) == 1 else self._buffer()
        tail = _TAIL.search(bytes(buffer[-_LONGEST_GAP:]))
        if tail is None or len(buffer) > 2 * SLICE:
            return None
        raw = _listed(buffer, len(buffer) - len(tail[0]))
        try:
            return RequestSlice(raw, _items(raw))
        except NotJson:
            return None

    def _looked_through(self) -> bytes:
        """Parse the rest without guessing: slower, and with a message for any error."""
        rest = bytes(self._buffer()[self._place.passed :])
        check_values(rest, _MOST_VALUES)
        try:
            characters(rest)
            top = _body(self._place.whole(rest))
            _check_numbers(rest)
        except NotJson:
            raise self._not_json(rest) from None
        if top is None:
            raise InvalidRequest("Input should be a valid dictionary")
        if "requests" not in top:
            raise InvalidRequest("requests: Field required")
        raw = bytes(top.pop("requests"))
        if "webhook_url" in top:
            self._name_webhook(top.pop("webhook_url"))
        if not raw.startswith(b"["):
            raise InvalidRequest("requests: Input should be a valid list")
        if extra := next(iter(top), None):
            self._problem_beside = self._problem_beside or f"{extra}: Extra inputs are not permitted"
        return raw

    def _name_webhook(self, raw: Raw) -> None:
        """Store the URL next to the requests, an extension of the official API."""
        url = msgspec.json.decode(raw)
        if isinstance(url, str):
            self.webhook_url = url
        else:
            self._problem_beside = "webhook_url: Input should be a valid string"

    def _not_json(self, *rest: bytes) -> InvalidRequest:
        return InvalidRequest(f"The request body is not valid JSON: {self._place.describe_error(*rest)}")

    def _admit(self, items: list[RequestItem]) -> list[str] | None:
        """Add the ids of valid requests; None if one is invalid."""
        ids = [item.custom_id for item in items]
        params = [item.params for item in items]
        if not _all_valid(ids) or set(map(_first, map(_view, params))) != _OBJECTS:
            return None
        before = len(self._known)
        self._known.update(ids)
        if len(self._known) - before < len(ids):
            self._doubled = self._doubled or _first_doubled(ids, chain.from_iterable(self._ids))
        self._ids.append(ids)
        self.identity = (self.identity + sum(draws_of(draws(0, ids), params))) & _MASK
        self.count += len(items)
        return ids


def _listed(buffer: Buffer, end: int) -> memoryview:
    """Return the requests up to `end`, the position of a comma or a bracket, as a JSON list."""
    listed = memoryview(buffer)[: end + 1]
    if not listed.readonly:
        listed[0], listed[-1] = _OPEN, _CLOSE
    return listed


def _all_valid(custom_ids: list[str]) -> bool:
    joined = "\n".join(custom_ids) + "\n"
    return _valid_custom_ids(joined) is not None and joined.count("\n") == len(custom_ids)


def _first_doubled(custom_ids: list[str], known: Iterable[str]) -> str:
    seen = set(known)
    return next(name for name in custom_ids if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _is_object(item: RequestItem) -> bool:
    return memoryview(item.params)[0] == _OBJECT


def _items(data: bytes | memoryview) -> list[RequestItem]:
    """Decode the requests of a list; empty if its JSON is valid but a request is not. Raises NotJson."""
    try:
        return _decoded(data, _decode_items)
    except msgspec.ValidationError:
        _decoded(data, _decode_list)
        return []


def _body(data: bytes) -> dict[str, Raw] | None:
    """Return the keys of a body; None if it is JSON but not an object. Raises NotJson."""
    try:
        return _decoded(data, _decode_body)
    except msgspec.ValidationError:
        _decoded(data, _decode_raw)
        return None


def _decoded(data: bytes | memoryview, decode: Callable[[Any], T]) -> T:
    try:
        return decode(data)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJson from None


def _check_numbers(data: bytes | memoryview) -> None:
    """Raise NotJson for a number that exceeds a double.

    A large body skips this, and the number is reported with its row: another pass over each byte would slow down large
    creates by half.
    """
    if len(data) <= SLICE and has_infinity(data):
        raise NotJson


def _parts(raw: bytes) -> Iterator[bytes]:
    """Split a list of requests into lists of about one slice."""
    if len(raw) <= 2 * SLICE:
        yield raw
        return
    part: list[Raw] = []
    size = 0
    for request in _decode_list(raw):
        part.append(request)
        size += len(memoryview(request))
        if size >= SLICE:
            yield b"[" + b",".join(map(bytes, part)) + b"]"
            part, size = [], 0
    if part:
        yield b"[" + b",".join(map(bytes, part)) + b"]"


def _first_problem(requests: list[Raw], first: int) -> str | None:
    """Return the message for the first invalid request; `first` is the index of the first one in the list."""
    for index, raw in enumerate(requests, first):
        try:
            item = _decode_item(raw)
            if _valid_custom_id(item.custom_id) and _is_object(item):
                continue
        except msgspec.ValidationError:
            pass
        # not before: it costs the import of pydantic
        from mockbatch.core.contract.wording import item_problem

        return item_problem(_outline(raw), index)
    return None


def _outline(raw: Raw) -> object:
    """Return a request with empty `params`, to word what is wrong with it."""
    try:
        fields = _decode_body(raw)
    except msgspec.ValidationError:
        return None
    outline: dict[str, object] = dict.fromkeys(fields)
    if "params" in fields and memoryview(fields["params"])[0] == _OBJECT:
        outline["params"] = {}
    if "custom_id" in fields and memoryview(fields["custom_id"])[0] == _QUOTE:
        outline["custom_id"] = msgspec.json.decode(fields["custom_id"])
    return outline
