"""Which rules match a call. The call counts are session state and change only with the session's own calls."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.core.rules.actions import Plan
from mockbatch.core.rules.fault import Fault, Scope
from mockbatch.core.rules.match import Match, Prompt, params_test, test_of
from mockbatch.core.rules.rules import Rule
from mockbatch.core.seeded_hash import derive_seed, hash64, to_unit_interval


class CallFacts(Struct, frozen=True):
    """The facts about a call that rules match against.

    Headers have lowercase names. `batch` is the batch the call refers to and `age` how long it has existed (or its
    results, for a download); `params` and `model` are those of a message.
    """

    headers: dict[bytes, bytes] = {}
    batch: str = ""
    age: int = 0
    params: dict[str, Any] | None = None
    model: str = ""

    @property
    def streams(self) -> bool:
        """Return whether the call requests a streamed message."""
        return self.params is not None and self.params.get("stream") is True


class RuleMatch(Struct, frozen=True):
    """A rule that matched a call, and the fault it injects, if any; `ordinal` is the 1-based count of its calls for
    this batch.
    """

    rule: Rule
    fault: Fault | None
    ordinal: int


# the number of batches to keep counts for; clients may ask for any number of batches that do not exist
_BATCHES = 10_000


class SavedCounters(Struct, frozen=True):
    """The state of the rule with this name.

    `seen` counts the calls that it matches, `hits` those that it applied to, `last_hit` is the instant of the last of
    these. `of_batch` counts the matching calls per batch; `last` is the ordinal at which it applied to the last
    retrieve of a batch, 0 if it did not.
    """

    rule: str = ""
    seen: int = 0
    hits: int = 0
    last_hit: int | None = None
    of_batch: dict[str, int] = {}
    last: dict[str, int] = {}


class ArmedRule:
    """A rule with the fault it injects, if any, and its state. `last_hit` is an instant."""

    __slots__ = ("_last", "_of_batch", "_params", "fault", "hits", "last_hit", "rule", "seen")

    def __init__(self, rule: Rule, seen: SavedCounters = SavedCounters()) -> None:  # noqa: B008 (it is frozen)
        self.become(rule)
        self.seen = seen.seen
        self.hits = seen.hits
        self.last_hit = seen.last_hit
        self._of_batch: Counter[str] = Counter(seen.of_batch)
        self._last: dict[str, int] = dict(seen.last)

    def dump(self) -> SavedCounters:
        """Return the state, so that it can be restored later."""
        return SavedCounters(
            self.rule.name, self.seen, self.hits, self.last_hit, dict(self._of_batch), self._last.copy()
        )

    def become(self, rule: Rule) -> None:
        """Replace the rule and keep the state."""
        self.rule = rule
        self.fault = rule.injected
        self._params = params_test(rule.match)

    def copy(self) -> "ArmedRule":
        """Return a copy with the same state."""
        return ArmedRule(self.rule, self.dump())

    @property
    def remaining(self) -> int | None:
        """How often the rule may still apply; None if unlimited."""
        if self.rule.match.nth is not None:
            return 1 if self.seen < self.rule.match.nth else 0
        return None if self.rule.times is None else max(self.rule.times - self.hits, 0)

    def strikes(self, facts: CallFacts, seed: int, now: int, started_at: int) -> RuleMatch | None:
        """Match a call in the scope of the rule, and count it."""
        rule = self.rule
        if not self._means(facts) or (rule.during is not None and not rule.during.covers(now, started_at)):
            return None
        self.seen += 1
        self._of_batch[facts.batch] += 1
        _limit(self._of_batch)
        hit = RuleMatch(rule, self.fault, self._of_batch[facts.batch]) if self._chosen(seed, facts) else None
        if rule.on == "batch":
            self._last[facts.batch] = hit.ordinal if hit else 0
            _limit(self._last)
        return hit

    def still_strikes(self, batch: str, seed: int, now: int, started_at: int) -> RuleMatch | None:
        """Like `strikes`, without counting, for a call that shows a batch.

        The result is that of the last counted call; before the first one, the rule applies if it does not depend on
        counting.
        """
        if batch in self._last:
            return RuleMatch(self.rule, self.fault, self._last[batch]) if self._last[batch] else None
        rule, facts = self.rule, CallFacts(batch=batch)
        if not self._means(facts) or (rule.during is not None and not rule.during.covers(now, started_at)):
            return None
        counted = rule.match.nth or rule.skip or rule.times or rule.every or rule.probability
        return None if counted or not self._shared(seed, batch) else RuleMatch(rule, self.fault, 1)

    def hit(self, now: int, count: int = 1) -> None:
        self.hits += count
        self.last_hit = now

    def _means(self, facts: CallFacts) -> bool:
        match = self.rule.match
        return (
            (match.batch is None or bool(test_of(match.batch)(facts.batch)))
            and (match.header is None or has_headers(match, facts.headers))
            and (match.model is None or bool(test_of(match.model)(facts.model)))
            and (self._params is None or (facts.params is not None and self._params(Prompt(facts.params))))
            and (facts.streams or self.fault is None or not self.fault.streamed)
        )

    def _chosen(self, seed: int, facts: CallFacts) -> bool:
        rule = self.rule
        ordinal = self._of_batch[facts.batch]
        if self.fault is not None and not self.fault.selects(ordinal, facts.age, chosen=rule.chooses_calls):
            return False
        if rule.match.nth is not None:
            return self.seen == rule.match.nth
        if self.seen <= rule.skip or (rule.times is not None and self.hits >= rule.times):
            return False
        if rule.every is not None and (self.seen - rule.skip) % rule.every:
            return False
        if not self._shared(seed, facts.batch):
            return False
        return rule.probability is None or self._lucky(seed, rule.probability)

    def _shared(self, seed: int, batch: str) -> bool:
        share = self.rule.match.share
        return share is None or to_unit_interval(hash64(derive_seed(seed, "share"), batch)) < share

    def _lucky(self, seed: int, probability: float) -> bool:
        return to_unit_interval(hash64(derive_seed(seed, "call", self.rule.name), str(self.seen))) < probability


def _limit(remembered: dict[str, int]) -> None:
    """Evict the oldest entry if there are too many."""
    if len(remembered) > _BATCHES:
        del remembered[next(iter(remembered))]


def has_headers(match: Match, headers: dict[bytes, bytes]) -> bool:
    """Return whether all headers that the rule requires are present with matching values."""
    for name, pattern in (match.header or {}).items():
        value = headers.get(name.encode("latin-1", "replace"))
        if value is None or not test_of(pattern)(value.decode("latin-1")):
            return False
    return True


class CallRules:
    """The rules of a session with their state.

    `armed` says whether any of them may match a call, `counted` whether any count changed since the last save.
    """

    def __init__(self, rules: Iterable[Rule], *, seed: int, started_at: int) -> None:
        self._seed = seed
        self.started_at = started_at
        self.records: list[ArmedRule] = []
        self.armed = False
        self.counted = False
        self.replace([ArmedRule(rule) for rule in rules])

    def replace(self, records: list[ArmedRule]) -> None:
        """Replace all rules."""
        self.records = records
        self.armed = any(record.rule.enabled and record.rule.on not in ("item", "webhook") for record in records)

    def decide(self, scope: Scope, facts: CallFacts, now: int) -> list[RuleMatch]:
        """Return the rules that apply to this call: the first that matches, and any before it that let later rules
        apply too.

        Every rule counts every call that it matches, whether or not it applies.
        """
        hits: list[RuleMatch] = []
        settled = False
        for record in self._of(scope, "http", "connection"):
            hit = record.strikes(facts, self._seed, now, self.started_at)
            if hit is None or settled:
                continue
            hits.append(hit)
            record.hit(now)
            settled = record.fault is None or not record.fault.continues
        return hits

    def of_notice(self, batch_id: str, now: int) -> list[RuleMatch]:
        """Return the rules that apply to the webhook of a batch, before its first delivery."""
        facts = CallFacts(batch=batch_id)
        hits = []
        for record in self._of("webhook"):
            if hit := record.strikes(facts, self._seed, now, self.started_at):
                record.hit(now)
                hits.append(hit)
        return hits

    def of_batch(self, batch_id: str, now: int, *, counted: bool) -> list[RuleMatch]:
        """Return the rules that apply to the view of a batch. Only retrieves are `counted`."""
        hits = []
        for record in self._of("batch"):
            if _plans(record):
                continue
            strikes = (
                record.strikes(CallFacts(batch=batch_id), self._seed, now, self.started_at)
                if counted
                else record.still_strikes(batch_id, self._seed, now, self.started_at)
            )
            if strikes is not None:
                hits.append(strikes)
        return hits

    def struck(self, hit: RuleMatch, now: int, *, counted: bool) -> None:
        """Record that a rule from `of_batch` changed the view. An uncounted call does not use up `times`."""
        if counted or hit.rule.times is None:
            self.count(hit.rule.name, 1, now)

    def for_new_batch(self, headers: dict[bytes, bytes], batch_id: str, now: int) -> tuple[Rule, ...]:
        """Return the rules to store with a batch that is created now by a call with these headers.

        These are its row rules and those that plan the batch itself. Conditions on the call and the time hold at this
        point and are dropped.
        """
        kept = []
        for record in self._of("item", "batch"):
            rule = record.rule
            if rule.on == "item":
                covered = rule.during is None or rule.during.covers(now, self.started_at)
                if covered and has_headers(rule.match, headers):
                    kept.append(_settled(rule))
            elif _plans(record):
                facts = CallFacts(headers, batch_id)
                if record.strikes(facts, self._seed, now, self.started_at) is not None:
                    record.hit(now)
                    kept.append(_settled(rule))
        return tuple(kept)

    def count(self, name: str, hits: int, now: int) -> None:
        """Record that the rule with this name applied `hits` times."""
        for record in self.records:
            if record.rule.name == name:
                record.hit(now, hits)
                self.counted = True

    def _of(self, *scopes: str) -> Iterable[ArmedRule]:
        found = [record for record in self.records if record.rule.enabled and record.rule.on in scopes]
        self.counted = self.counted or bool(found)
        return found


def _plans(record: ArmedRule) -> bool:
    return record.fault is not None and record.fault.has("plan")


def plan_of(rules: Iterable[Rule]) -> Plan:
    """Return the plan for a batch with these rules: the last one that any of them makes."""
    plan = Plan()
    for fault in (rule.injected for rule in rules):
        plan = (fault and fault.plan()) or plan
    return plan


def _settled(rule: Rule) -> Rule:
    return replace(rule, id="", during=None, match=replace(rule.match, header=None, session=None))
