"""Replay of fixtures: recorded requests get their recorded replies; the others fail or get generated ones."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
from msgspec import Raw, Struct
from xxhash import xxh3_64_intdigest

from mockbatch.config import Config
from mockbatch.core.contract.errors import InvalidRequest, error_of
from mockbatch.core.replayed_rows import recorded_delay, row_from_recording
from mockbatch.core.rows.row import Row, RowFailure
from mockbatch.store import Played

if TYPE_CHECKING:
    from mockbatch.core.cassette.interaction import Kind
    from mockbatch.core.cassette.tape import Recorded, Tape

# finding the nearest recording is slow: only the first misses are explained
_EXPLAINED = 5


class Miss(Struct, frozen=True):
    """A request that was not recorded, with the explanation."""

    kind: str
    custom_id: str
    text: str


class Replayer:
    """Replays one tape for one session. `misses` are the first unrecorded requests, `missed` is their total number."""

    def __init__(self, tape: "Tape", *, fake: bool, played: Played | None = None) -> None:
        self.tape = tape
        self.misses: list[Miss] = msgspec.json.decode(played.misses, type=list[Miss]) if played else []
        self.missed = played.missed if played else 0
        self.used: set[int] = set(played.used if played else ())
        self.counted = False
        self._fake = fake
        self._turns: Counter[int] = Counter(played.turns if played else {})

    def dump(self, session: str) -> Played:
        """Return the state of the replay, to be saved."""
        misses = Raw(msgspec.json.encode(self.misses))
        return Played(session, dict(self._turns), sorted(self.used), misses, self.missed)

    def find(self, request: dict[str, Any], kind: "Kind", custom_id: str = "", name: bytes = b"") -> "Recorded | None":
        """Return the recording for a request. `name` identifies repeats of the request."""
        turn = self._turn(name)
        own = self._turn(name, custom_id) if custom_id and self.tape.has_repeats else 0
        found = self.tape.find(request, kind=kind, custom_id=custom_id, turn=turn, own_turn=own)
        if found is not None:
            self.used.add(found.place)
        return found

    def _turn(self, name: bytes, custom_id: str = "") -> int:
        """Count a request, for any custom_id or for one; return how often it came before."""
        key = xxh3_64_intdigest(name, xxh3_64_intdigest(custom_id.encode()) if custom_id else 0)
        turn = self._turns[key]
        self._turns[key] += 1
        self.counted = True
        return turn

    def row(self, params: dict[str, Any], custom_id: str, index: int, raw: bytes) -> Row | None:
        """Return the row of a request; None if it was not recorded and replies are generated."""
        found = self.find(params, "batch_item", custom_id, raw)
        if found is not None:
            return row_from_recording(found, custom_id, index)
        text = self.miss(params, "batch_item", custom_id)
        if self._fake:
            return None
        return Row(custom_id, index, RowFailure("invalid_request_error", text, None, executed=False))

    def miss(self, request: dict[str, Any], kind: "Kind", custom_id: str = "") -> str:
        """Record a miss; return a sentence with the nearest recording and the differences."""
        text = "this request was not recorded"
        near = None
        if len(self.misses) < _EXPLAINED:
            near = self.tape.nearest(request, kind=kind, custom_id=custom_id)
        if near is not None:
            text = f"{text}; the nearest recording is {near[0]}, with these differences:\n{near[1]}"
        self.missed += 1
        if len(self.misses) < _EXPLAINED:
            self.misses.append(Miss(kind, custom_id, text))
        return text

    def answer(self, request: dict[str, Any], kind: "Kind") -> "Recorded | None":
        """Return the recording for a call outside of batches; None for a miss if replies are generated.

        Raises the recorded ApiError, or InvalidRequest for a miss.
        """
        found = self.find(request, kind)
        if found is None:
            text = self.miss(request, kind)
            if not self._fake:
                raise InvalidRequest(text)
            return None
        if found.outcome == "errored":
            _raise(found)
        return found


def _raise(found: "Recorded") -> NoReturn:
    inner = (found.error or {}).get("error") or {}
    error = error_of(found.status or 500, inner.get("type"))
    error.message = inner.get("message", "")
    error.details = inner.get("details")
    raise error


class ReplaySessions:
    """The tapes of a server, each loaded once, and the players of its sessions."""

    def __init__(self) -> None:
        self._tapes: dict[tuple[str, tuple[str, ...]], Tape] = {}
        self._players: dict[str, Replayer] = {}
        self._used: set[str] = set()
        self._kept: dict[str, Played] = {}

    def restore(self, played: Iterable[Played]) -> None:
        """Load the state from the store."""
        self._kept = {one.session: one for one in played}

    def unsaved(self, session: str) -> list[Played]:
        """Return the state of a session's replay, if it changed since the last save."""
        player = self._players.get(session)
        if player is None or not player.counted:
            return []
        player.counted = False
        return [player.dump(session)]

    def tape(self, config: Config) -> "Tape | None":
        """Return the tape for a configuration. Raises FixtureError for a fixture that cannot be used."""
        if config.replay is None:
            return None
        key = str(Path(config.replay).resolve()), config.match_on
        if key not in self._tapes:
            # imported lazily: most servers replay nothing
            from mockbatch.fixtures.files import tape_of

            self._tapes[key] = tape_of(Path(config.replay), config.match_on)
        return self._tapes[key]

    def delay(self, config: Config) -> str | None:
        """Return the duration of recorded requests as a delay; None if unknown."""
        tape = self.tape(config)
        return recorded_delay(tape.durations) if tape is not None else None

    def player(self, session: str, config: Config) -> Replayer | None:
        """Return the player of a session; None if nothing is replayed."""
        player = self._players.get(session)
        if player is None and (tape := self.tape(config)) is not None:
            kept = self._kept.pop(session, None)
            player = self._players[session] = Replayer(tape, fake=config.replay_mode == "fake", played=kept)
        return player

    def file_id(self, session: str, config: Config, filename: str, sha256: str) -> str | None:
        """Return the id of a file when its upload was recorded, since recorded requests reference it."""
        player = self.player(session, config)
        found = player.tape.uploaded(filename, sha256) if player else None
        return str(found.answer["id"]) if found and found.answer else None

    def forget(self, session: str) -> None:
        self._kept.pop(session, None)
        if player := self._players.pop(session, None):
            self._used |= player.tape.keys(player.used)

    def used(self) -> set[str]:
        """Return the keys of all recordings that were replayed, for `mockbatch fixtures prune`."""
        return self._used.union(*(player.tape.keys(player.used) for player in self._players.values()))
