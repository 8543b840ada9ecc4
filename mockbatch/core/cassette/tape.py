"""A fixture that is played back: what was recorded for a request, found by its content."""

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
    """Bytes that can be searched and cut: `bytes`, or a file that is mapped into memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...

    def find(self, sub: bytes, start: int = ..., /) -> int: ...


class Recorded(Struct, frozen=True):
    """What came of a recorded request. `message`, `error` (the whole envelope) and `answer` are as the API sent them;
    `wait` and `duration` are microseconds, None where they are not known; `place` is where it is on the tape.
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
    """Where each line starts and ends; empty ones are left out."""
    start, size = 0, len(data)
    while start < size:
        end = data.find(b"\n", start)
        end = size if end < 0 else end
        if end > start:
            yield start, end
        start = end + 1


def interactions_of(data: Buffer) -> Iterator[tuple[Interaction, int, int]]:
    """The interactions of one file, and where their lines are. Raises FixtureProblem at the first wrong one."""
    header, version = head_of(data)
    lines = lines_of(data)
    next(lines)
    number = 1
    for number, (start, end) in enumerate(lines, 2):
        yield parse_interaction(data[start:end], number, version), start, end
    if number - 1 != header.interactions:
        raise FixtureProblem(
            1,
            f"it says {header.interactions:,} interactions and {number - 1:,} follow: the file was cut, or edited; "
            "if that was meant, correct the number",
        )


def head_of(data: Buffer) -> tuple[Header, int]:
    """The head of one file and the version it is written in. Raises FixtureProblem."""
    start, end = next(lines_of(data), (0, 0))
    return parse_header(data[start:end])


class _Repeats:
    """A request that was recorded several times: its places in recorded order, and by custom_id."""

    def __init__(self) -> None:
        self.places = array("Q")
        self.named: dict[str, array[int]] = {}

    def add(self, place: int, custom_id: str) -> bool:
        """Whether this custom_id was there before."""
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
    """The interactions of one or more files. Only where they are is kept, what they say is read when it is asked for.

    Nothing on a tape is used up, so that the same question has the same answer whenever it is asked. Of several
    recordings of one request those with the same custom_id are taken, else all; of these the one of its turn, and after
    the last one the last again. A turn counts how often this request was asked before; `own_turn` counts it for each
    custom_id, and matters where the tape `has_repeats`.
    """

    def __init__(self, data: Iterable[Buffer] = (), match_on: tuple[str, ...] = MATCH_ON) -> None:
        self.match_on = match_on
        self._data: list[Buffer] = []
        self._versions: list[int] = []
        self._of_file, self._starts, self._ends = array("H"), array("Q"), array("Q")
        self._places: dict[int, int | _Repeats] = {}
        self._named: dict[str, int | _Repeats] = {}
        self.durations: Counter[int] = Counter()
        """How long the requests of batches took, in microseconds, and how many of them that long."""
        self.has_repeats = False
        self._redactors: list[Redactor] = []
        self._policies: set[Redaction] = set()
        for part in data:
            self.add(part)

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, data: Buffer) -> None:
        """Take up one file. Raises FixtureProblem, and then takes up nothing more."""
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
        """What was recorded for a request: the `params` of a batch's request, or the body of another call.

        Where only results were recorded, those with the custom_id; None for a miss.
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
        """What was recorded for an upload of a file with this name and content."""
        for redactor in (None, *self._redactors):
            name = redactor.text(filename) if redactor else filename
            found = self.find(_of_call("upload", {"filename": name, "sha256": sha256}), kind="file")
            if found:
                return found
        return None

    def _find_redacted(self, request: dict[str, Any], kind: Kind, custom_id: str) -> int | _Repeats | None:
        """The place of what the request looks like without its secrets."""
        for redactor in self._redactors:
            cleaned = redactor.value(request)
            place = self._places.get(identity(kind, cleaned, self.match_on, redactor.text(custom_id)))
            if place is not None:
                return place
        return None

    def nearest(
        self, request: dict[str, Any], *, kind: Kind = "batch_item", custom_id: str = ""
    ) -> tuple[str, str] | None:
        """The recording most like a request: what it is called, and how it differs; None without one.

        It looks at everything that was recorded, up to 5,000 of them: for the first few misses, not for each.
        """
        asked = request
        for redactor in self._redactors:
            asked = redactor.value(asked)
        asked = counted(asked, self.match_on)
        best = self._most_alike(asked, kind, custom_id)
        if best is None:
            return None
        differs = difference(counted(best.request or {}, self.match_on), asked)
        if "custom_id" in self.match_on and best.custom_id != custom_id:
            differs = f"custom_id: recorded {best.custom_id!r}, asked {custom_id!r}\n{differs}".rstrip()
        return described(best), differs

    def _most_alike(self, asked: dict[str, Any], kind: Kind, custom_id: str) -> Interaction | None:
        """The recording that shares most fields and words with what is asked; the first of equals."""
        words = _words(asked)
        best, most = None, (-1.0, False)
        for place in range(0, len(self), max(1, len(self) // _MOST_COMPARED)):
            interaction = self.interaction(place)
            if interaction.kind != kind or interaction.request is None:
                continue
            recorded = counted(interaction.request, self.match_on)
            same = sum(recorded.get(name) == value for name, value in asked.items()) / (len(asked) or 1)
            likeness = (same + 2 * _shared(words, _words(recorded)), interaction.custom_id == custom_id)
            if likeness > most:
                best, most = interaction, likeness
        return best

    def interaction(self, place: int) -> Interaction:
        """What stands at a place."""
        data = self._data[self._of_file[place]]
        line = data[self._starts[place] : self._ends[place]]
        return parse_interaction(line, place, self._versions[self._of_file[place]])

    def keys(self, places: Iterable[int]) -> set[str]:
        """The keys of what stands at these places, to tell later what was used."""
        return {key_of(self.interaction(place)) for place in places}

    def _recorded(self, place: int) -> Recorded:
        told = self.interaction(place)
        wait, duration = spans(told)
        return Recorded(told.outcome, told.message, told.error, told.answer, told.status, wait, duration, place)


def _of_call(call: str, request: dict[str, Any]) -> dict[str, Any]:
    """What a call about files is known by."""
    return {"call": call, **{name: request[name] for name in ("filename", "sha256", "file_id") if name in request}}


def _words(value: Any) -> set[bytes]:
    return set(_WORD.findall(encode(value)))


def _shared(some: set[bytes], others: set[bytes]) -> float:
    """Which share of all these words both have."""
    return len(some & others) / (len(some | others) or 1)


def described(interaction: Interaction) -> str:
    """One interaction in a few words."""
    name = f" {interaction.custom_id!r}" if interaction.custom_id else ""
    model = (interaction.request or {}).get("model")
    return f"{interaction.kind.replace('_', ' ')}{name}{f' for {model}' if model else ''}, {interaction.outcome}"
