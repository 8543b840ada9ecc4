"""The timeline of a batch, decided when it is created."""

import asyncio
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import chain, count, islice
from operator import add

import msgspec
from msgspec.structs import replace
from xxhash import xxh3_64_intdigest

from mockbatch.core.batch import Batch, Durations, Lanes, Profile, deadline, new_batch_id, planned, waited
from mockbatch.core.rules.actions import Plan
from mockbatch.core.rules.calls import plan_of
from mockbatch.core.rules.rules import Rule
from mockbatch.core.time.timeline import NEVER, Timeline
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import Gone, Missing, Options, Store

_STEP = 10_000
Headers = Mapping[bytes, bytes]


class _Profiles(dict[int, Profile]):
    """Profiles by number. Raises Missing for one that was removed with the last of its batches."""

    def __missing__(self, number: int) -> Profile:
        raise Missing(f"profile {number} does not exist", profile=number)


class Planning:
    """Creates the facts of batches. `profiles` determine their behavior, by the number stored with each batch."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.profiles: dict[int, Profile] = _Profiles()
        self._saved: set[int] = set()
        self._unused: set[int] = set()
        self._users: Counter[int] = Counter()

    def restore(self, profiles: Mapping[int, Profile], batches: Iterable[Batch], held: Iterable[Batch]) -> list[Gone]:
        """Load the state from the store; return the removals of unused profiles."""
        for batch in batches:
            self.use(batch)
        used = {*self._users, *(batch.profile for batch in held if not batch.deleted)}
        self.profiles.update({number: profile for number, profile in profiles.items() if number in used})
        self._saved.update(self.profiles)
        return [Gone("options", number) for number in profiles if number not in used]

    def use(self, batch: Batch, profile: Profile | None = None) -> None:
        """Keep the profile of a batch while it, or a snapshot of it, exists. Deleted batches need none."""
        if batch.deleted:
            return
        self._users[batch.profile] += 1
        self._unused.discard(batch.profile)
        if profile is not None:
            self.profiles[batch.profile] = profile

    def release(self, batch: Batch) -> list[Gone]:
        """Release the profile of a batch; return the resulting removals."""
        if batch.deleted:
            return []
        self._users[batch.profile] -= 1
        if self._users[batch.profile] > 0:
            return []
        del self._users[batch.profile]
        self._saved.discard(batch.profile)
        self._unused.add(batch.profile)
        return [Gone("options", batch.profile)]

    def forget_unused(self) -> None:
        """Drop unused profiles, once the removal of their batches is final."""
        for number in self._unused:
            self.profiles.pop(number, None)
        self._unused.clear()

    def unsaved(self, batch: Batch) -> list[Options]:
        """Return the profile of a batch if it has to be saved with it."""
        if batch.profile in self._saved:
            return []
        return [Options(batch.profile, self.profiles[batch.profile])]

    def saved(self, batch: Batch) -> None:
        """Record that the profile of a batch is saved."""
        self._saved.add(batch.profile)

    @asynccontextmanager
    async def turn(self, session: SessionState) -> AsyncIterator[None]:
        """Admit batches to a queue of limited capacity one at a time; restore the queue if one fails."""
        if not session.settings.profile.capacity:
            yield
            return
        async with session.queueing:
            lanes = session.lanes
            try:
                yield
            except BaseException:
                session.lanes = lanes
                raise

    async def planned(
        self,
        session: SessionState,
        seq: int,
        content: int,
        ids: list[list[str]],
        headers: Headers,
        more: tuple[Rule, ...] = (),
    ) -> Batch:
        """Return the facts of a new batch. `ids` are its custom_ids, per slice; `content` is a hash of its requests;
        `headers` are those of the call, `more` are rules in addition to those of the session.
        """
        profile = session.settings.profile
        identity = content >> 1
        batch_id = self._new_id(session, profile, identity)
        plan = Plan()
        if session.rules.records or more:
            rules = (*more, *session.rules.for_new_batch(dict(headers), batch_id, session.now()))
            profile, plan = replace(profile, rules=rules), plan_of(rules)
        durations = Durations(profile, batch_id, plan.factor)
        bound = 1 << 64
        if plan.finish_fraction < 1:
            bound = plan.finishing(chain.from_iterable(map(durations.drawn, ids)))
            durations = Durations(profile, batch_id, plan.factor, bound)
        if profile.capacity:
            timeline = await self._queued(session, profile, seq, batch_id, ids, durations, plan.factor)
        else:
            longest = durations.of_draw(await _largest_draw(durations, ids))
            timeline = planned(profile, batch_id, session.now(), longest, plan.factor)
        return Batch(
            seq,
            batch_id,
            session.name,
            identity,
            tuple(map(len, ids)),
            self._number(profile),
            timeline,
            kept=len(ids) > 1 or _needs_rows(profile),
            bound=bound,
            factor=plan.factor,
        )

    @staticmethod
    def _new_id(session: SessionState, profile: Profile, identity: int) -> str:
        """Return the id of a new batch, reserved until it is added or abandoned."""
        ordinals = count(session.identities[identity])
        found = (new_batch_id(profile, session.name, identity, ordinal) for ordinal in ordinals)
        batch_id = next(id for id in found if not session.knows(id) and id not in session.reserved)
        session.reserved.add(batch_id)
        return batch_id

    def _number(self, profile: Profile) -> int:
        """Return the number of a profile: a hash, so that equal profiles have the same number on every server."""
        number = xxh3_64_intdigest(msgspec.json.encode(profile)) >> 1
        self.profiles.setdefault(number, profile)
        self._unused.discard(number)
        return number

    async def _queued(
        self,
        session: SessionState,
        profile: Profile,
        seq: int,
        batch_id: str,
        ids: list[list[str]],
        durations: Durations,
        factor: int,
    ) -> Timeline:
        """Return the timeline of a batch in a queue of limited capacity, behind the session's earlier batches."""
        assert profile.capacity is not None
        lanes = Lanes.load(profile.capacity, session.lanes)
        created_at = session.now()
        ready = created_at + waited(profile, batch_id, factor)
        first, last, done = NEVER, 0, 0
        for index, names in enumerate(ids):
            spans = [durations.of(name) for name in names]
            starts = [lanes.start(ready, span, deadline(created_at)) for span in spans]
            first, last = min(first, *starts), max(last, *starts)
            done = max(done, *map(add, starts, spans))
            await self._store.put_starts(seq, index, array("q", starts).tobytes())
        session.lanes = lanes.dump()
        return Timeline(created_at, first, last, done)


def _needs_rows(profile: Profile) -> bool:
    """Return whether the rows of a batch depend on more than its requests, even if it is small."""
    return profile.replay or profile.fail_attempts is not None or any(rule.on == "item" for rule in profile.rules)


async def _largest_draw(durations: Durations, ids: list[list[str]]) -> int:
    if durations.alike:
        return 0
    if len(ids) == 1:
        return durations.largest(ids[0])
    names = chain.from_iterable(ids)
    largest = 0
    while step := list(islice(names, _STEP)):
        largest = max(largest, durations.largest(step))
        if len(step) == _STEP:
            await asyncio.sleep(0)
    return largest
