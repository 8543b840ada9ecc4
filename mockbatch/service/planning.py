"""The future of a batch, decided when it is created."""

import asyncio
from array import array
from collections.abc import Mapping
from itertools import chain, islice
from operator import add

from msgspec.structs import replace

from mockbatch.core.batch import Batch, Durations, Lanes, Profile, deadline, new_batch_id, planned, waited
from mockbatch.core.rules.life import Plan, plan_of
from mockbatch.core.rules.rules import Rule
from mockbatch.core.time.timeline import NEVER, Timeline
from mockbatch.service.sessions import Session
from mockbatch.store import Store

_STEP = 10_000
Headers = Mapping[bytes, bytes]


class Planning:
    """Makes the facts of batches. `profiles` are what decided about each, by the number that is kept with it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.profiles: dict[int, Profile] = {}
        self._numbers: dict[Profile, int] = {}

    def restore(self, profiles: Mapping[int, Profile]) -> None:
        self.profiles.update(profiles)
        self._numbers.update({profile: number for number, profile in profiles.items()})

    async def planned(
        self,
        session: Session,
        seq: int,
        content: int,
        ids: list[list[str]],
        headers: Headers,
        more: tuple[Rule, ...] = (),
    ) -> Batch:
        """The facts of a batch that was taken in: its custom_ids are `ids`, slice by slice; `content` stands for all
        that is in it; `headers` are those of the call, `more` are rules besides those of the session.
        """
        profile = session.settings.profile
        identity = content >> 1
        batch_id = new_batch_id(profile, session.name, identity, session.identities[identity])
        session.identities[identity] += 1
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
            async with session.queueing:
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
            await self._number(profile),
            timeline,
            kept=len(ids) > 1 or profile.replay or any(rule.on == "item" for rule in profile.rules),
            bound=bound,
            factor=plan.factor,
        )

    async def _number(self, profile: Profile) -> int:
        number = self._numbers.get(profile)
        if number is None:
            number = self._numbers[profile] = max(self.profiles, default=0) + 1
            self.profiles[number] = profile
            try:
                await self._store.save_profile(number, profile)
            except BaseException:
                del self._numbers[profile]
                raise
        return number

    async def _queued(
        self,
        session: Session,
        profile: Profile,
        seq: int,
        batch_id: str,
        ids: list[list[str]],
        durations: Durations,
        factor: int,
    ) -> Timeline:
        """The timeline of a batch in a queue of limited capacity, behind what the session has in it."""
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
        await self._store.save_session(session.facts())
        return Timeline(created_at, first, last, done)


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
