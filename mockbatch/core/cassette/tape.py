"""Fixture playback: find the recording of a request by its content."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from mockbatch.core.cassette.difference import difference
from mockbatch.core.cassette.identity import identity, key_of
from mockbatch.core.cassette.interaction import (
    FixtureProblem,
    Header,
    Interaction,
    Kind,
    Outcome,
    parse_header,
    parse_interaction,
    spans,
)
from mockbatch.core.cassette.matching import MATCH_ON, counted
from mockbatch.core.cassette.redaction import Redaction, Redactor
from mockbatch.core.cassette.values import encode

N = TypeVar("N", int, str)

_MOST_COMPARED = 5_000
_WORD = re.compile(rb"\w+")


class Buffer(Protocol):
    """Bytes that can be searched and sliced: `bytes`, or a memory-mapped file."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...

    def find(self, sub: bytes, start: int = ..., /) -> int: ...


class Recorded(Struct, frozen=True):
    """The recorded outcome of a request.

    `message`, `error` (the whole envelope) and `answer` are as the API sent them; `wait` and `duration` are
    microseconds, None if unknown; `place` is the index on the tape.
    """

    outcome: Outcome
    message: dict[str, Any] | None
    error: dict[str, Any] | None
    answer: dict[str, Any] | None
    status: int
    wait: int | None
    duration: int | None
    place: int


def lines_of(data: Buffer) -> Iterator[tuple[int, int]]:
    """Yield start and end of each line; empty ones are skipped."""
    start, size = 0, len(data)
    while start < size:
        end = data.find(b"\n", start)
        end = size if end < 0 else end
        if end > start:
            yield start, end
        start = end + 1


def interactions_of(data: Buffer) -> Iterator[tuple[Interaction, int, int]]:
    """Yield the interactions of one file with the start and end of their lines. Raises FixtureProblem."""
    header, version = head_of(data)
    lines = lines_of(data)
    next(lines)
    number = 1
    for number, (start, end) in enumerate(lines, 2):
        yield parse_interaction(data[start:end], number, version), start, end
    if number - 1 != header.interactions:
        raise FixtureProblem(
            1,
            f"it declares {header.interactions:,} interactions but {number - 1:,} follow: the file was cut or edited; "
            "if intended, correct the number",
        )


def head_of(data: Buffer) -> tuple[Header, int]:
    """Return the header of one file and its version. Raises FixtureProblem."""
    start, end = next(lines_of(data), (0, 0))
    return parse_header(data[start:end])


class _Repeats:
    """A request that was recorded several times: its places in recorded order, and by custom_id."""

    def __init__(self) -> None:
        self.places = array("Q")
        self.named: dict[str, array[int]] = {}

    def add(self, place: int, custom_id: str) -> bool:
        """Add a recording. Return whether this custom_id occurred before."""
        self.places.append(place)
        if not custom_id:
            return False
        own = self.named.setdefault(custom_id, array("Q"))
        own.append(place)
        return len(own) > 1

    def choose(self, custom_id: str, turn: int, own_turn: int) -> int:
        own = self.named.get(custom_id)
        places, turn = (self.places, turn) if own is None else (own, own_turn)
        return places[min(turn, len(places) - 1)]


class Tape:
    """The interactions of one or more files. Only their positions are kept in memory; contents are parsed on demand.

    A tape is never consumed, so the same request always gets the same recording. Among several recordings of one
    request, those with the same custom_id are preferred; of these the one at index `turn` is used, or the last one
    beyond the end. `turn` counts earlier occurrences of the request; `own_turn` counts them per custom_id, and matters
    only if the tape `has_repeats`.
    """

    def __init__(self, data: Iterable[Buffer] = (), match_on: tuple[str, ...] = MATCH_ON) -> None:
        self.match_on = match_on
        self._data: list[Buffer] = []
        self._versions: list[int] = []
        self._of_file, self._starts, self._ends = array("H"), array("Q"), array("Q")
        self._places: dict[int, int | _Repeats] = {}
        self._named: dict[str, int | _Repeats] = {}
        self.durations: Counter[int] = Counter()
        """How long batch requests took: microseconds, with the number of requests."""
        self.has_repeats = False
        self._redactors: list[Redactor] = []
        self._policies: set[Redaction] = set()
        for part in data:
            self.add(part)

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, data: Buffer) -> None:
        """Add one file. Raises FixtureProblem at the first invalid line, and adds nothing further."""
        header, version = head_of(data)
        self._learn(header.redaction)
        self._data.append(data)
        self._versions.append(version)
        for interaction, start, end in interactions_of(data):
            place = len(self._starts)
            if (took := spans(interaction)[1]) is not None and interaction.kind == "batch_item":
                self.durations[took] += 1
            self._of_file.append(len(self._data) - 1)
            self._starts.append(start)
            self._ends.append(end)
            self._index(interaction, place)

    def _learn(self, policy: Redaction) -> None:
        if policy not in self._policies:
            self._policies.add(policy)
            self._redactors.append(Redactor(policy))

    def _index(self, interaction: Interaction, place: int) -> None:
        request, custom_id = interaction.request, interaction.custom_id
        if request is None:
            self._put(self._named, custom_id, place, custom_id)
            return
        if interaction.kind == "file":
            request = _of_call(interaction.call, request)
        name = identity(interaction.kind, request, self.match_on, custom_id)
        self._put(self._places, name, place, custom_id)

    def _put(self, places: dict[N, int | _Repeats], name: N, place: int, custom_id: str) -> None:
        known = places.setdefault(name, place)
        if known == place:
            return
        if not isinstance(known, _Repeats):
            first, known = known, _Repeats()
            known.add(first, self.interaction(first).custom_id)
            places[name] = known
        self.has_repeats |= known.add(place, custom_id)

    def find(
        self,
        request: dict[str, Any],
        *,
        kind: Kind = "batch_item",
        custom_id: str = "",
        turn: int = 0,
        own_turn: int = 0,
    ) -> Recorded | None:
        """Return the recording of a request: the `params` of a batch request, or the body of another call.

        Falls back to results without requests that have this custom_id; None for a miss.
        """
        place = self._places.get(identity(kind, request, self.match_on, custom_id))
        if place is None:
            place = self._find_redacted(request, kind, custom_id)
        if place is None and kind == "batch_item":
            place = self._named.get(custom_id)
        if isinstance(place, _Repeats):
            place = place.choose(custom_id, turn, own_turn)
        return None if place is None else self._recorded(place)

    def uploaded(self, filename: str, sha256: str) -> Recorded | None:
        """Return the recording of an upload with this file name and content."""
        for redactor in (None, *self._redactors):
            name = redactor.text(filename) if redactor else filename
            found = self.find(_of_call("upload", {"filename": name, "sha256": sha256}), kind="file")
            if found:
                return found
        return None

    def _find_redacted(self, request: dict[str, Any], kind: Kind, custom_id: str) -> int | _Repeats | None:
        """Return the place of the redacted request."""
        for redactor in self._redactors:
            cleaned = redactor.value(request)
            place = self._places.get(identity(kind, cleaned, self.match_on, redactor.text(custom_id)))
            if place is not None:
                return place
        return None

    def nearest(
        self, request: dict[str, Any], *, kind: Kind = "batch_item", custom_id: str = ""
    ) -> tuple[str, str] | None:
        """Return the most similar recording: its description, and how it differs; None without one.

        It compares up to 5,000 recordings: use it for the first few misses, not for each.
        """
        wanted = request
        for redactor in self._redactors:
            wanted = redactor.value(wanted)
        wanted = counted(wanted, self.match_on)
        best = self._most_alike(wanted, kind, custom_id)
        if best is None:
            return None
        differs = difference(counted(best.request or {}, self.match_on), wanted)
        if "custom_id" in self.match_on and best.custom_id != custom_id:
            differs = f"custom_id: recorded {best.custom_id!r}, asked {custom_id!r}\n{differs}".rstrip()
        return described(best), differs

    def _most_alike(self, wanted: dict[str, Any], kind: Kind, custom_id: str) -> Interaction | None:
        """Return the recording that shares most fields and words with the request; the first of equals."""
        words = _words(wanted)
        best, most = None, (-1.0, False)
        for place in range(0, len(self), max(1, len(self) // _MOST_COMPARED)):
            interaction = self.interaction(place)
            if interaction.kind != kind or interaction.request is None:
                continue
            recorded = counted(interaction.request, self.match_on)
            same = sum(recorded.get(name) == value for name, value in wanted.items()) / (len(wanted) or 1)
            likeness = (same + 2 * _shared(words, _words(recorded)), interaction.custom_id == custom_id)
            if likeness > most:
                best, most = interaction, likeness
        return best

    def interaction(self, place: int) -> Interaction:
        """Return the interaction at a place."""
        data = self._data[self._of_file[place]]
        line = data[self._starts[place] : self._ends[place]]
        return parse_interaction(line, place, self._versions[self._of_file[place]])

    def keys(self, places: Iterable[int]) -> set[str]:
        """Return the keys of the interactions at these places, for the usage log."""
        return {key_of(self.interaction(place)) for place in places}

    def _recorded(self, place: int) -> Recorded:
        found = self.interaction(place)
        wait, duration = spans(found)
        return Recorded(found.outcome, found.message, found.error, found.answer, found.status, wait, duration, place)


def _of_call(call: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that identify a call about files."""
    return {"call": call, **{name: request[name] for name in ("filename", "sha256", "file_id") if name in request}}


def _words(value: Any) -> set[bytes]:
    return set(_WORD.findall(encode(value)))


def _shared(some: set[bytes], others: set[bytes]) -> float:
    """Return the fraction of all these words that both have."""
    return len(some & others) / (len(some | others) or 1)


def described(interaction: Interaction) -> str:
    """Describe an interaction in a few words."""
    name = f" {interaction.custom_id!r}" if interaction.custom_id else ""
    model = (interaction.request or {}).get("model")
    return f"{interaction.kind.replace('_', ' ')}{name}{f' for {model}' if model else ''}, {interaction.outcome}"
