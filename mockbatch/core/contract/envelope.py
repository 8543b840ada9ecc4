"""What is checked when a batch is created: everything around `params`, and nothing inside.

`Intake` takes the body as it arrives and cuts it into slices of whole requests, so that a body of any size needs
the memory of one slice. It guesses where a request ends (before `},{"custom_id"`, or whatever key comes first),
and proves the guess: a slice that decodes as a list of objects can only have been cut between requests. Where the
guess fails it looks at more of the body, up to the largest request that there may be. The cuts depend on the bytes of
the body alone, not on how they arrive. A slice can be stored as soon as it is cut off; what is in it is looked at
meanwhile.

Source: https://platform.claude.com/docs/en/api/messages/batches/create
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from mockbatch.core.contract.characters import NotJson, Place, characters
from mockbatch.core.contract.errors import InvalidRequest, RequestTooLarge
from mockbatch.core.contract.extent import check_values
from mockbatch.core.contract.infinity import has_infinity
from mockbatch.core.draws import draws, draws_of

SLICE = 1 << 20
# no request may be larger: the API takes no message of more than 32 MB either
_LARGEST = 32 << 20
# more values than that take too long to tell apart at once
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


class Item(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One request of a batch; `params` stay the bytes that came."""

    custom_id: str
    params: Raw


class Slice(Struct, frozen=True):
    """A JSON list of whole requests as they came, and what they are; no items where one of them is wrong."""

    raw: bytes | memoryview
    items: list[Item]


_decode_items = msgspec.json.Decoder(list[Item]).decode
_decode_item = msgspec.json.Decoder(Item).decode
_decode_body = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_list = msgspec.json.Decoder(list[Raw]).decode
_decode_raw = msgspec.json.Decoder(Raw).decode


def items_of(raw: bytes | memoryview) -> list[Item]:
    """The requests of a stored slice."""
    return _decode_items(raw)


def json_problem(body: bytes) -> str | None:
    """What keeps a body from being JSON, and where, if anything does."""
    try:
        characters(body)
        _decoded(body, _decode_raw)
        _check_numbers(body)
    except NotJson:
        return Place().told(body)
    return None


def item_of(line: bytes) -> Item:
    """The request that stands alone on a line. Raises InvalidRequest with create's words, without an index."""
    try:
        characters(line)
        raw = _decoded(line, _decode_raw)
        _check_numbers(line)
    except NotJson:
        told = Place().told(line).replace(": line 1 column ", ": column ")
        raise InvalidRequest(f"not valid JSON: {told.partition(' (char')[0]}") from None
    if problem := _first_problem([raw], 0):
        raise InvalidRequest(problem.removeprefix("requests.0").lstrip(".: "))
    return _decode_item(raw)


class Intake:
    """A body on its way in: `feed` it piece by piece, then take the `rest`; both answer slices that can be stored.
    `look` at each of them, in their order, before what comes next; then `check` the whole.

    Raises RequestTooLarge as soon as the body, or one request, is, and at the end the InvalidRequest that the API
    answers: broken JSON before anything else, then too many requests, then the first request that is wrong, then a
    doubled id.
    What was answered before an error is void.
    """

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self.count = 0
        self.identity = 0
        self.webhook_url = ""
        self._max_requests, self._max_bytes = max_requests, max_bytes
        self._received = 0
        self._broken = False
        self._place = Place()
        self._pieces: list[Buffer] = []
        self._size = 0
        self._window = SLICE
        self._key: bytes | None = None
        self._ids: list[list[str]] = []
        self._known: set[str] = set()
        self._problem: str | None = None
        self._problem_beside: str | None = None
        self._doubled: str | None = None

    def feed(self, piece: bytes) -> list[Slice]:
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
        """Whether to feed this piece, or to take the rest without one, may take long."""
        size = self._size + len(piece)
        if not piece and not self._place.passed:
            return size > SLICE // 4
        return size > 2 * SLICE and (not piece or size >= self._window)

    def look(self, slice: Slice) -> list[str]:
        """Look at what is in a slice; answers its custom_ids, none where something is wrong."""
        try:
            # its first character is the last one of what was cut off before
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

    def rest(self) -> list[Slice]:
        """What is left, at the end of the body."""
        if self._broken:
            raise self._not_json()
        if guessed := self._guessed_rest():
            try:
                _check_numbers(guessed.raw)
            except NotJson:
                raise self._not_json(bytes(guessed.raw[1:])) from None
            return [guessed]
        return [Slice(part, _items(part)) for part in _parts(self._looked_through())]

    def check(self) -> None:
        """Whether the body as a whole can be taken."""
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

    def _take(self) -> Slice | None:
        """Cut whole requests off the first window of the buffer, or look at twice as much next time."""
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
                return Slice(raw, items)
        self._window *= 2
        if self._window > _LARGEST:
            raise RequestTooLarge("Request exceeds the maximum size")
        return None

    def _buffer(self) -> bytearray:
        """What came and is not cut off yet; once the head is passed, behind a byte for a bracket."""
        first = self._pieces[0] if len(self._pieces) == 1 else None
        if not isinstance(first, bytearray):
            first = bytearray().join(self._pieces)
            self._pieces = [first]
        return first

    def _pass_head(self, data: bytes | bytearray) -> bool:
        """Leave out what stands before the first request, where the body starts as expected."""
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
        """The comma of the last place in the window that looks like the border between two requests."""
        assert self._key is not None
        at = self._window
        for _ in range(_GUESSES):
            if (at := buffer.rfind(self._key, 1, at)) <= 1:
                return None
            low = max(at - _LONGEST_GAP, 1)
            if gap := _GAP.search(bytes(buffer[low:at])):
                return low + gap.start(1)
        return None

    def _guessed_rest(self) -> Slice | None:
        """The requests that are left, where the body ends as expected."""
        if not (self._place.passed or self._pass_head(self._buffer())):
            return None
        buffer = self._pieces[0] if len(self._pieces) == 1 else self._buffer()
        tail = _TAIL.search(bytes(buffer[-_LONGEST_GAP:]))
        if tail is None or len(buffer) > 2 * SLICE:
            return None
        raw = _listed(buffer, len(buffer) - len(tail[0]))
        try:
            return Slice(raw, _items(raw))
        except NotJson:
            return None

    def _looked_through(self) -> bytes:
        """The same, without guessing: slower, and with a sentence for whatever is wrong."""
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
        """Take up the URL beside the requests, which the official API does not have."""
        url = msgspec.json.decode(raw)
        if isinstance(url, str):
            self.webhook_url = url
        else:
            self._problem_beside = "webhook_url: Input should be a valid string"

    def _not_json(self, *rest: bytes) -> InvalidRequest:
        return InvalidRequest(f"The request body is not valid JSON: {self._place.told(*rest)}")

    def _admit(self, items: list[Item]) -> list[str] | None:
        """Take up the ids of good requests; None when one is not good."""
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
    """The requests up to `end`, where a comma or a bracket is, as a JSON list."""
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


def _is_object(item: Item) -> bool:
    return memoryview(item.params)[0] == _OBJECT


def _items(data: bytes | memoryview) -> list[Item]:
    """The requests of a list; none when its JSON is fine but a request is not. Raises NotJson."""
    try:
        return _decoded(data, _decode_items)
    except msgspec.ValidationError:
        _decoded(data, _decode_list)
        return []


def _body(data: bytes) -> dict[str, Raw] | None:
    """The keys of a body; None when it is JSON but no object. Raises NotJson."""
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
    """Raise NotJson for a number that no double holds. In a large body it is left to the row that has it: to look at
    each byte once more would make large creates half as fast again.
    """
    if len(data) <= SLICE and has_infinity(data):
        raise NotJson


def _parts(raw: bytes) -> Iterator[bytes]:
    """A list of requests as lists of about a slice."""
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
    """The sentence for the first request that is wrong; the first of them has the index `first`."""
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
    """A request with nothing inside `params`, to word what is wrong with it."""
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
