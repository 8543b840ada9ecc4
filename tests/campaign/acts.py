"""What one caller does to a server, and what each answer promises: the model that a restart is checked against."""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.builders import BATCHES, params, requests
from tests.campaign.calling import Answer, Caller

Json = dict[str, Any]


@dataclass
class World:
    """The state of a session, as far as answers have told it."""

    batches: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    clock: str = ""
    rules: dict[str, Json] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    options: Json = field(default_factory=dict)
    snapshots: list[str] = field(default_factory=list)
    opened: dict[str, str] = field(default_factory=dict)
    messages: int = 0


def batch_facts(shown: Json) -> tuple[Any, ...]:
    """What of a batch stays as it is, whatever the time."""
    return shown["created_at"], sum(shown["request_counts"].values()), shown["cancel_initiated_at"]


@dataclass
class Act:
    """A call, what its answer makes of the world, and the answer that the world it was found in speaks for."""

    name: str
    send: Callable[[Caller], Answer]
    learn: Callable[[World, Json], None]
    guess: Callable[[World, World], Json | None]


class Actor:
    """Draws acts of one session, whose id is `session`. `kept` has the worlds of its snapshots."""

    def __init__(self, name: str, session: str, world: World, luck: random.Random) -> None:
        self.name, self.session, self.world, self.luck = name, session, world, luck
        self.kept: dict[str, World] = {}
        self.opened = 0

    def draw(self) -> Act:
        """The next act; one that needs something that is not there is another create."""
        makers = (self.create, self.create, self.create, self.cancel, self.delete, self.advance, self.message,
                  self.add_rule, self.put_rules, self.switch_rule, self.drop_rule, self.configure, self.upload,
                  self.take, self.restore, self.forget, self.open, self.close)  # fmt: skip
        return self.luck.choice(makers)() or self.create()

    def create(self) -> Act:
        size = self.luck.choices((1, self.luck.randint(2, 30), 400, 3000), (8, 8, 2, 0.3))[0]
        content = {"requests": requests(*range(size))}

        def learn(world: World, answer: Json) -> None:
            world.batches[answer["id"]] = batch_facts(answer)

        def guess(before: World, seen: World) -> Json | None:
            new = [(id, facts) for id, facts in seen.batches.items() if id not in before.batches]
            return _shown(*new[0]) if len(new) == 1 and new[0][1][1] == size else None

        return Act("creates", lambda caller: caller.call("POST", BATCHES, content), learn, guess)

    def cancel(self) -> Act | None:
        if not (id := self._one(self.world.batches)):
            return None

        def learn(world: World, answer: Json) -> None:
            world.batches[id] = batch_facts(answer)

        def guess(before: World, seen: World) -> Json | None:
            return _shown(id, (*before.batches[id][:2], before.batches[id][2] or before.clock))

        return Act("cancels", lambda caller: caller.call("POST", f"{BATCHES}/{id}/cancel"), learn, guess)

    def delete(self) -> Act | None:
        return self._removal("deletes", "batches", BATCHES)

    def advance(self) -> Act:
        hours = self.luck.choice((1, 3, 25))

        def learn(world: World, answer: Json) -> None:
            world.clock = answer["now"]

        def guess(before: World, seen: World) -> Json | None:
            return {"now": seen.clock} if seen.clock > before.clock else None

        content = {"by": f"{hours}h"}
        return Act(
            "clock moves", lambda caller: caller.call("POST", "/_mockbatch/clock/advance", content), learn, guess
        )

    def message(self) -> Act:
        def learn(world: World, answer: Json) -> None:
            world.messages += 1

        # the ledger of a key of its own counts nothing else
        key = f"{self.name}-messages"
        return Act(
            "messages",
            lambda caller: caller.call("POST", "/v1/messages", params(), x_api_key=key),
            learn,
            lambda before, seen: {},
        )

    def add_rule(self) -> Act:
        rule = self._rule()

        def guess(before: World, seen: World) -> Json | None:
            new = [rule for id, rule in seen.rules.items() if id not in before.rules]
            return (
                {"rules": [{"id": new[0]["id"], "rule": new[0]}]}
                if [r["name"] for r in new] == [rule["name"]]
                else None
            )

        return Act("rule changes", lambda caller: caller.call("POST", "/_mockbatch/rules", rule), _learn_rules, guess)

    def put_rules(self) -> Act:
        rules = [self._rule() for _ in range(self.luck.randint(0, 2))]

        def learn(world: World, answer: Json) -> None:
            world.rules.clear()
            _learn_rules(world, answer)

        def guess(before: World, seen: World) -> Json | None:
            if [rule["name"] for rule in seen.rules.values()] != [rule["name"] for rule in rules]:
                return None
            return {"rules": [{"id": id, "rule": rule} for id, rule in seen.rules.items()]}

        return Act("rule changes", lambda caller: caller.call("PUT", "/_mockbatch/rules", rules), learn, guess)

    def switch_rule(self) -> Act | None:
        if not (id := self._one(self.world.rules)):
            return None
        enabled = not self.world.rules[id].get("enabled", True)

        def guess(before: World, seen: World) -> Json | None:
            found = seen.rules.get(id, {})
            return {"id": id, "rule": found} if found.get("enabled", True) == enabled else None

        return Act(
            "rule changes",
            lambda caller: caller.call("PATCH", f"/_mockbatch/rules/{id}", {"enabled": enabled}),
            lambda world, answer: world.rules.update({id: answer["rule"]}),
            guess,
        )

    def drop_rule(self) -> Act | None:
        return self._removal("rule changes", "rules", "/_mockbatch/rules")

    def configure(self) -> Act:
        options = {"seed": self.luck.randint(1, 10**6)}
        return Act(
            "option changes",
            lambda caller: caller.call("PATCH", f"/_mockbatch/sessions/{self.session}", {"options": options}),
            lambda world, answer: world.options.update(answer["options"]),
            lambda before, seen: {"options": options},
        )

    def upload(self) -> Act | None:
        if len(self.world.files) > 50:
            return self._removal("file deletes", "files", "/v1/files")
        content = b"x" * self.luck.choice((1, 1000, 200_000))

        def learn(world: World, answer: Json) -> None:
            world.files[answer["id"]] = answer["size_bytes"]

        def guess(before: World, seen: World) -> Json | None:
            new = [id for id in seen.files if id not in before.files]
            return {"id": new[0], "size_bytes": len(content)} if len(new) == 1 else None

        return Act("file uploads", lambda caller: caller.upload(content), learn, guess)

    def take(self) -> Act | None:
        if len(self.world.snapshots) > 5:
            return None

        def learn(world: World, answer: Json) -> None:
            world.snapshots.append(answer["id"])
            self.kept[answer["id"]] = copy.deepcopy(world)

        def guess(before: World, seen: World) -> Json | None:
            new = [id for id in seen.snapshots if id not in before.snapshots]
            return {"id": new[0]} if len(new) == 1 else None

        return Act("snapshots taken", lambda caller: caller.call("POST", "/_mockbatch/snapshots"), learn, guess)

    def restore(self) -> Act | None:
        if self.luck.random() < 0.5 or not (id := self._one(self.world.snapshots)):
            return None

        def learn(world: World, answer: Json) -> None:
            world.batches, world.clock = dict(self.kept[id].batches), self.kept[id].clock

        path = f"/_mockbatch/snapshots/{id}/restore"
        return Act("snapshots restored", lambda caller: caller.call("POST", path), learn, lambda before, seen: {})

    def forget(self) -> Act | None:
        return self._removal("snapshots dropped", "snapshots", "/_mockbatch/snapshots")

    def open(self) -> Act:
        self.opened += 1
        label = f"{self.name}-{self.opened}"

        def learn(world: World, answer: Json) -> None:
            world.opened[answer["id"]] = label

        def guess(before: World, seen: World) -> Json | None:
            new = [id for id in seen.opened if id not in before.opened]
            return {"id": new[0]} if len(new) == 1 else None

        content = {"label": label, "api_key": f"key-{label}", "options": {"seed": self.opened}}
        return Act("sessions opened", lambda caller: caller.call("POST", "/_mockbatch/sessions", content), learn, guess)

    def close(self) -> Act | None:
        return self._removal("sessions deleted", "opened", "/_mockbatch/sessions")

    def _removal(self, name: str, place: str, path: str) -> Act | None:
        if not (id := self._one(getattr(self.world, place))):
            return None
        more = {"anthropic_beta": "files-api-2025-04-14"} if place == "files" else {}

        def learn(world: World, answer: Json) -> None:
            held = getattr(world, place)
            held.remove(id) if isinstance(held, list) else held.pop(id)

        return Act(name, lambda caller: caller.call("DELETE", f"{path}/{id}", **more), learn, lambda before, seen: {})

    def _one(self, held: Any) -> str:
        return self.luck.choice(list(held)) if held else ""

    def _rule(self) -> Json:
        """A rule that strikes nothing, so that no other answer has to be foreseen."""
        name = f"r{self.luck.getrandbits(48):x}"
        return {"name": name, "on": "item", "errored": "api_error", "match": {"custom_id": "never"}}


def _learn_rules(world: World, answer: Json) -> None:
    world.rules.update({rule["id"]: rule["rule"] for rule in answer["rules"]})


def _shown(id: str, facts: tuple[Any, ...]) -> Json:
    return {"id": id, "created_at": facts[0], "request_counts": {"all": facts[1]}, "cancel_initiated_at": facts[2]}


def look(caller: Caller, actor: Actor) -> World:
    """The world of an actor as the server shows it. Raises one of BROKEN, or ValueError."""
    files: dict[str, int] = {}
    page = caller.call("GET", "/v1/files?limit=1000", anthropic_beta="files-api-2025-04-14").json()
    files.update({file["id"]: file["size_bytes"] for file in page["data"]})
    for id in actor.world.files.keys() - files.keys():
        # the list leaves out what was uploaded after the time to which a snapshot has set the clock back
        found = caller.call("GET", f"/v1/files/{id}", anthropic_beta="files-api-2025-04-14").json()
        files.update({id: found["size_bytes"]} if "size_bytes" in found else {})
    sessions = caller.get("/_mockbatch/sessions")["sessions"]
    ledger = caller.call("GET", "/_mockbatch/ledger", x_api_key=f"{actor.name}-messages").json()
    return World(
        {batch["id"]: batch_facts(batch) for batch in caller.get(f"{BATCHES}?limit=1000")["data"]},
        caller.get("/_mockbatch/clock")["now"],
        {rule["id"]: rule["rule"] for rule in caller.get("/_mockbatch/rules")["rules"]},
        files,
        next(session["options"] for session in sessions if session["id"] == actor.session),
        [snapshot["id"] for snapshot in caller.get("/_mockbatch/snapshots")["snapshots"]],
        {one["id"]: one["label"] for one in sessions if one["label"].startswith(f"{actor.name}-")},
        ledger["total"]["requests"],
    )
