"""Poll batches until they end, and survive server failures on the way."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from mockbatch.client import ClientError
from mockbatch.client.api import Api, ApiRefused, RemoteBatch, Unanswered
from mockbatch.client.waiting import asked_for, pause

Until = Literal["ended", "any-ended"]

_FIRST, _GROWTH, _LONGEST = 1.0, 1.5, 60.0
# a batch may appear only a while after its creation, and briefly disappear again
_MISSING = 8


class WatchState(Struct, frozen=True):
    """The last known state of a watched batch; `trouble` is the reason if the last poll failed."""

    id: str
    batch: RemoteBatch | None = None
    trouble: str = ""
    given_up: bool = False

    @property
    def ended(self) -> bool:
        return self.batch is not None and self.batch.ended


class BatchWatcher:
    """Watches batches. `every` is the pause between polls in seconds; None leaves it to the server and a back-off.

    `now` returns seconds on any clock.
    """

    def __init__(
        self,
        api: Api,
        batch_ids: list[str],
        until: Until = "ended",
        *,
        every: float | None = None,
        within: float | None = None,
        now: Callable[[], float],
    ) -> None:
        self.sights = {name: WatchState(name) for name in batch_ids}
        self.timed_out = False
        self._api = api
        self._until = until
        self._every = every
        self._within = within
        self._now = now
        self._failures = 0
        self._missing = dict.fromkeys(batch_ids, 0)

    def looks(self) -> Iterator[dict[str, WatchState]]:
        """Yield the state after each round of polls, until the condition holds or the time is up.

        Raises ApiRefused for a permanent error, such as an invalid key.
        """
        started, quiet = self._now(), _FIRST
        while True:
            before = {name: sight.batch and sight.batch.fields for name, sight in self.sights.items()}
            retry_after = self._round()
            yield self.sights
            if self._done():
                return
            changed = any(sight.batch and sight.batch.fields != before[name] for name, sight in self.sights.items())
            quiet = _FIRST if changed else min(quiet * _GROWTH, _LONGEST)
            seconds = self._pause(quiet, retry_after)
            if self._within is not None and self._now() + seconds - started > self._within:
                self.timed_out = True
                return
            self._api.sleep(seconds)

    def _round(self) -> float | None:
        """Poll the batches that have not ended. Return the server's retry-after in seconds, if any."""
        pauses: list[float] = []
        failed = False
        for name, sight in self.sights.items():
            if sight.ended or sight.given_up:
                continue
            try:
                batch, headers = self._api.retrieve(name)
            except (ApiRefused, Unanswered) as error:
                self.sights[name] = self._troubled(sight, error)
                failed = failed or not self.sights[name].given_up
                headers = error.headers if isinstance(error, ApiRefused) else {}
                if isinstance(error, Unanswered):
                    break  # the others would get no response either
            else:
                self.sights[name] = WatchState(name, batch)
                self._missing[name] = 0
            if (seconds := asked_for(headers)) is not None:
                pauses.append(seconds)
        self._failures = self._failures + 1 if failed else 0
        return max(pauses, default=None)

    def _troubled(self, sight: WatchState, error: ClientError) -> WatchState:
        if isinstance(error, ApiRefused) and not error.passes:
            if error.status != 404:
                raise error
            self._missing[sight.id] += 1
        given_up = self._missing[sight.id] >= _MISSING
        return WatchState(sight.id, sight.batch, str(error), given_up)

    def _pause(self, quiet: float, retry_after: float | None) -> float:
        if self._failures:
            own = pause(self._failures, {}, _LONGEST)
            return max(retry_after or 0.0, own if self._every is None else min(own, self._every))
        return self._every if self._every is not None else max(retry_after or 0.0, quiet)

    def _done(self) -> bool:
        sights: Mapping[str, WatchState] = self.sights
        if self._until == "any-ended" and any(sight.ended for sight in sights.values()):
            return True
        return all(sight.ended or sight.given_up for sight in sights.values())
