"""What is checked when a batch is created: everything around `params`, and nothing inside.

`Intake` takes the body as it arrives and cuts it into slices of whole requests, so that a body of any size needs
the memory of one slice. It guesses where a request ends (before `},{"custom_id"`, or whatever key comes first),
and proves the guess: a slice that decodes as a list of objects can only have been cut between requests. Where the
guess fails it looks at more of the body, in the end at all of it. The cuts depend on the bytes of the body alone,
not on how they arrive.

Source: https://platform.claude.com/docs/en/api/messages/batches/create
"""

import re
from codecs import utf_8_decode
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from mockbatch.core.contract.errors import InvalidRequest, RequestTooLarge
from mockbatch.core.draws import draws, draws_of

SLICE = 2 << 20
_HEAD = re.compile(rb'\s*\{\s*"requests"\s*:\s*\[\s*(?=\{\s*("(?:[^"\\]|\\.){1,128}"))')
_TAIL = re.compile(rb"\]\s*\}\s*\Z")
_GAP = re.compile(rb"\}\s*(,)\s*\{\s*\Z")
_LONGEST_GAP = 256
_PIECE = 32 << 10
_BODY_START = b'{"requests":['
_OBJECT, _QUOTE = b'{"'
_OBJECTS = {_OBJECT}

_CUSTOM_ID = "[a-zA-Z0-9_-]{1,64}"
_valid_custom_id = re.compile(_CUSTOM_ID).fullmatch
_valid_custom_ids = re.compile(rf"(?:{_CUSTOM_ID}\n)*").fullmatch
_MASK = (1 << 64) - 1


T = TypeVar("T")


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """One request of a batch; `params` stay the bytes that came."""

    custom_id: str
    params: Raw


class Slice(Struct, frozen=True):
    """A JSON list of whole requests as they came, and their custom_ids in order."""

    raw: bytes
    custom_ids: list[str]


_decode_items = msgspec.json.Decoder(list[Item]).decode
_decode_item = msgspec.json.Decoder(Item).decode
_decode_body = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_list = msgspec.json.Decoder(list[Raw]).decode
_decode_raw = msgspec.json.Decoder(Raw).decode


class _NotJson(Exception):
    """What was to be decoded is not JSON, or not all of it."""


def items_of(raw: bytes) -> list[Item]:
    """The requests of a stored slice."""
    return _decode_items(raw)


def json_problem(body: bytes) -> str | None:
    """What keeps a body from being JSON, and where, if anything does."""
    try:
        _characters(body)
        _decoded(body, _decode_raw)
    except _NotJson:
        return _Position().told(body)
    return None


def item_of(line: bytes) -> Item:
    """The request that stands alone on a line. Raises InvalidRequest with create's words, without an index."""
    try:
        _characters(line)
        raw = _decoded(line, _decode_raw)
    except _NotJson:
        told = _Position().told(line).replace(": line 1 column ", ": column ")
        raise InvalidRequest(f"not valid JSON: {told.partition(' (char')[0]}") from None
    if problem := _first_problem([raw], 0):
        raise InvalidRequest(problem.removeprefix("requests.0").lstrip(".: "))
    return _decode_item(raw)


class Intake:
    """A body on its way in: `feed` it piece by piece, then `finish`; both answer slices that can be stored.

    Raises RequestTooLarge as soon as the body is, and at the end the InvalidRequest that the API answers: broken
    JSON before anything else, then too many requests, then the first request that is wrong, then a doubled id.
    What was answered before an error is void.
    """

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self.count = 0
        self.custom_ids: set[str] = set()
        self.identity = 0
        self.webhook_url = ""
        self._max_requests, self._max_bytes = max_requests, max_bytes
        self._received = 0
        self._buffer = bytearray()
        self._window = SLICE
        self._key: bytes | None = None
        self._position = _Position()
        self._problem: str | None = None
        self._doubled: str | None = None

    def feed(self, piece: bytes) -> list[Slice]:
        self._received += len(piece)
        if self._received > self._max_bytes:
            raise RequestTooLarge("Request exceeds the maximum size")
        self._buffer += piece
        slices = []
        while len(self._buffer) >= self._window:
            if taken := self._take():
                slices.append(taken)
        return slices

    def finish(self) -> list[Slice]:
        slices = self._rest()
        if self.count > self._max_requests:
            raise InvalidRequest(
                f"requests: List should have at most {self._max_requests} items after validation, not {self.count}"
            )
        if self._problem is not None:
            raise InvalidRequest(self._problem)
        if self._doubled is not None:
            raise InvalidRequest(
                f"requests: custom_id's must be unique within a batch. Duplicate custom_id found: {self._doubled}"
            )
        return slices

    def _take(self) -> Slice | None:
        """Cut whole requests off the first window of the buffer, or look at twice as much next time."""
        start = self._start()
        comma = None if start is None else self._last_gap(start)
        if comma is not None:
            raw = self._listed(start, comma)
            try:
                characters, items = _characters(raw), _items(raw)
            except _NotJson:
                pass
            else:
                self._position.pass_over(self._buffer[:start], raw, characters)
                del self._buffer[: comma + 1]
                self._window = SLICE
                return self._admitted(raw, items)
        self._window *= 2
        return None

    def _listed(self, start: int | None, end: int) -> bytes:
        """The requests in this part of the buffer as a JSON list."""
        with memoryview(self._buffer) as view:
            return b"".join((b"[", view[start:end], b"]"))

    def _start(self) -> int | None:
        """Where the first request in the buffer begins; None when the body does not start as expected."""
        if self._position.characters:
            return 0
        head = _HEAD.match(self._buffer)
        if head is None:
            return None
        self._key = head[1]
        return head.end()

    def _last_gap(self, start: int) -> int | None:
        """The comma of the last place in the window that looks like the border between two requests."""
        assert self._key is not None
        at = self._window
        while (at := self._buffer.rfind(self._key, start, at)) > start:
            low = max(at - _LONGEST_GAP, start)
            if gap := _GAP.search(bytes(self._buffer[low:at])):
                return low + gap.start(1)
        return None

    def _rest(self) -> list[Slice]:
        """What is left in the buffer, to the end of the body."""
        extra = None
        if guessed := self._guessed_rest():
            admitted = [self._admitted(*guessed)]
        else:
            raw, extra = self._looked_through()
            admitted = [self._admitted(part, _items(part)) for part in _parts(raw)]
        if self.count == 0:
            raise InvalidRequest("requests: List should have at least 1 item after validation, not 0")
        if extra and self._problem is None:
            self._problem = f"{extra}: Extra inputs are not permitted"
        return [part for part in admitted if part]

    def _guessed_rest(self) -> tuple[bytes, list[Item]] | None:
        """The requests that are left, where the body ends as expected."""
        start = self._start()
        tail = _TAIL.search(bytes(self._buffer[-_LONGEST_GAP:]))
        if start is None or tail is None or len(self._buffer) > 2 * SLICE:
            return None
        raw = self._listed(start, len(self._buffer) - len(tail[0]))
        try:
            _characters(raw)
            items = _items(raw)
        except _NotJson:
            return None
        return (raw, items) if items else None

    def _looked_through(self) -> tuple[bytes, str | None]:
        """The same, without guessing: slower, and with a sentence for whatever is wrong."""
        body = bytes(self._buffer)
        if self._position.characters:
            body = _BODY_START + body
            self._position.begin_with(_BODY_START)
        try:
            _characters(body)
            top = _body(body)
        except _NotJson:
            raise InvalidRequest(f"The request body is not valid JSON: {self._position.told(body)}") from None
        if top is None:
            raise InvalidRequest("Input should be a valid dictionary")
        if "requests" not in top:
            raise InvalidRequest("requests: Field required")
        raw = bytes(top.pop("requests"))
        if "webhook_url" in top:
            self._name_webhook(top.pop("webhook_url"))
        if not raw.startswith(b"["):
            raise InvalidRequest("requests: Input should be a valid list")
        return raw, next(iter(top), None)

    def _name_webhook(self, raw: Raw) -> None:
        """Take up the URL beside the requests, which the official API does not have."""
        url = msgspec.json.decode(raw)
        if isinstance(url, str):
            self.webhook_url = url
        else:
            self._problem = "webhook_url: Input should be a valid string"

    def _admitted(self, raw: bytes, items: list[Item] | None) -> Slice | None:
        """Count requests that decoded; None when one is wrong, which is kept as the problem of the body."""
        ids = None if items is None else self._admit(items)
        if ids is None:
            raws = _decode_list(raw)
            self._problem = self._problem or _first_problem(raws, self.count)
            self.count += len(raws)
            return None
        return Slice(raw, ids)

    def _admit(self, items: list[Item]) -> list[str] | None:
        """Take up the ids of good requests; None when one is not good."""
        ids = [item.custom_id for item in items]
        params = [item.params for item in items]
        if not _all_valid(ids) or {memoryview(raw)[0] for raw in params} != _OBJECTS:
            return None
        if not self.custom_ids.isdisjoint(ids) or len(set(ids)) < len(ids):
            self._doubled = self._doubled or _first_doubled(ids, self.custom_ids)
        self.custom_ids.update(ids)
        self.identity = (self.identity + sum(draws_of(draws(0, ids), params))) & _MASK
        self.count += len(items)
        return ids


class _Position:
    """How much of the body is gone from the buffer, to tell where in the whole an error is."""

    def __init__(self) -> None:
        self.characters = self.lines = self.column = 0

    def pass_over(self, head: bytes | bytearray, raw: bytes, characters: int) -> None:
        """Count the head of a body and a list of requests, whose brackets stand for nothing and a comma."""
        self._count(head, len(head))
        self._count(raw, characters - 1)

    def begin_with(self, prefix: bytes) -> None:
        """What is looked at next has a prefix that the body has not."""
        self.characters -= len(prefix)
        self.column -= len(prefix)

    def told(self, body: bytes) -> str:
        """What is wrong with `body`, which stands behind what was passed over."""
        # not before: only a broken body needs it
        import orjson

        try:
            orjson.loads(body)
        except orjson.JSONDecodeError as error:
            column = error.colno + (self.column if error.lineno == 1 else 0)
            line, character = error.lineno + self.lines, error.pos + self.characters
            return f"{error.msg}: line {line} column {column} (char {character})"
        return "unexpected content"

    def _count(self, data: bytes | bytearray, characters: int) -> None:
        newline = data.rfind(b"\n") + 1
        self.characters += characters
        self.lines += data.count(b"\n") if newline else 0
        self.column = _characters(data[newline:]) if newline else self.column + characters


def _characters(data: bytes | bytearray) -> int:
    """How many characters these bytes are. Raises _NotJson where they are not UTF-8, which the decoder overlooks."""
    if data.isascii():
        return len(data)
    count, at, end = 0, 0, len(data)
    try:
        with memoryview(data) as view:
            while at < end:
                # piece by piece: what is decoded and thrown away again then stays in the processor's cache
                text, length = utf_8_decode(view[at : at + _PIECE], "strict", at + _PIECE >= end)
                count, at = count + len(text), at + length
    except UnicodeDecodeError:
        raise _NotJson from None
    return count


def _all_valid(custom_ids: list[str]) -> bool:
    joined = "\n".join(custom_ids) + "\n"
    return _valid_custom_ids(joined) is not None and joined.count("\n") == len(custom_ids)


def _first_doubled(custom_ids: list[str], known: set[str]) -> str:
    seen = set(known)
    return next(name for name in custom_ids if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _is_object(item: Item) -> bool:
    return memoryview(item.params)[0] == _OBJECT


def _items(data: bytes) -> list[Item] | None:
    """The requests of a list; None when its JSON is fine but a request is not. Raises _NotJson."""
    try:
        return _decoded(data, _decode_items)
    except msgspec.ValidationError:
        _decoded(data, _decode_list)
        return None


def _body(data: bytes) -> dict[str, Raw] | None:
    """The keys of a body; None when it is JSON but no object. Raises _NotJson."""
    try:
        return _decoded(data, _decode_body)
    except msgspec.ValidationError:
        _decoded(data, _decode_raw)
        return None


def _decoded(data: bytes, decode: Callable[[bytes], T]) -> T:
    try:
        return decode(data)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, RecursionError):
        raise _NotJson from None


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
