"""Which rule decides a row. All randomness is hash-based, so order, splits and parallelism change nothing."""

from collections.abc import Callable, Iterable
from heapq import heappush, heapreplace
from itertools import takewhile
from typing import Any

from msgspec import Struct
from xxhash import xxh3_64_intdigest

from mockbatch.core.replies.draft import ReplySpec
from mockbatch.core.rules.actions import ItemError, Outcome
from mockbatch.core.rules.faults import ROW_FAULTS, weighted
from mockbatch.core.rules.match import Prompt, Test, params_test, test_of
from mockbatch.core.rules.rules import ReadReply, Rule
from mockbatch.core.seeded_hash import derive_seed, hash64, threshold, to_unit_interval

_HEAD = 4
"""The shortest common prefix worth searching for."""

Cutoffs = tuple[int, ...]
"""For each rule of a batch, the highest rank that it applies to; -1 if it is not a quota or applies to no row."""


class ItemDecision(Struct, frozen=True):
    """The decision of a rule about a row.

    `error` is that of an `errored` row, `reply` the reply of a `succeeded` one if the rule gives one.
    """

    rule: str
    outcome: Outcome
    error: ItemError | None = None
    reply: Any = None


class _Entry(Struct, frozen=True):
    """A compiled rule: its draw under `seed` must be below `bound`, and all tests must pass.

    `wanted` is a text in the prompt, kept apart from the tests in `asked` because it is the most common condition.
    `head` is the prefix that it shares with other rules, so that it is searched for only once.
    """

    index: int
    seed: int
    bound: int
    share: int
    named: Test | None
    wanted: str | None
    head: str | None
    asked: Callable[[Prompt], Any] | None
    attempts: range | None
    quota: bool
    act: Callable[[str], ItemDecision | None]


class ItemRules:
    """The item rules of one batch, in order. Rules that cannot match in this batch cost nothing.

    `rules` are those in force when the batch was created.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        seed: int,
        batch_id: str,
        created_at: int,
        started_at: int = 0,
        read_reply: ReadReply = lambda written: written,
    ) -> None:
        self._rules = [
            rule
            for rule in rules
            if rule.on == "item"
            and rule.enabled
            and (rule.match.batch is None or test_of(rule.match.batch)(batch_id))
            and (rule.during is None or rule.during.covers(created_at, started_at))
        ]
        self._share_seed = derive_seed(seed, "share")
        heads = _heads(filter(None, map(_wanted, self._rules)))
        self._entries = [self._compiled(at, rule, seed, read_reply, heads) for at, rule in enumerate(self._rules)]
        self._by_model: dict[str, list[_Entry]] = {}
        self.needs_attempts = any(rule.fail_attempts or rule.match.attempt for rule in self._rules)
        self.needs_params = any(entry.asked or entry.wanted for entry in self._entries)
        self.needs_quota = any(entry.quota for entry in self._entries)

    def __bool__(self) -> bool:
        """Return whether there are any rules."""
        return bool(self._entries)

    @property
    def names(self) -> list[str]:
        """The names of the rules, in the order of the cutoffs."""
        return [rule.name for rule in self._rules]

    def decide(
        self,
        custom_id: str,
        params: dict[str, Any],
        model_id: str,
        attempt: int = 1,
        cutoffs: Cutoffs = (),
        luck: str = "",
    ) -> ItemDecision | None:
        """Return the decision of the first rule that applies to a row, or None.

        `attempt` is the 1-based count of submissions of the row; `cutoffs` come from a Quota, if one is needed. Draws
        use the identity `luck`, by default the custom_id.
        """
        luck = luck or custom_id
        name = luck.encode()
        request = Prompt(params)
        text: str | None = None
        begun: dict[str, bool] = {}
        entries = self._by_model.get(model_id)
        for entry in self._of_model(model_id) if entries is None else entries:
            if entry.seed:
                rank = xxh3_64_intdigest(name, entry.seed)
                if rank > cutoffs[entry.index] if entry.quota else rank >= entry.bound:
                    continue
            if entry.named is not None and not entry.named(custom_id):
                continue
            if entry.attempts is not None and attempt not in entry.attempts:
                continue
            if entry.share and xxh3_64_intdigest(name, self._share_seed) >= entry.share:
                continue
            if entry.wanted is not None:
                if text is None:
                    text = request.prompt
                if (head := entry.head) is not None:
                    if (there := begun.get(head)) is None:
                        there = begun[head] = head in text
                    if not there:
                        continue
                if entry.wanted not in text:
                    continue
            if entry.asked is not None and not entry.asked(request):
                continue
            if (decision := entry.act(luck)) is not None:
                return decision
        return None

    def candidates(
        self, custom_id: str, params: dict[str, Any], model_id: str, attempt: int = 1, luck: str = ""
    ) -> list[tuple[int, int]]:
        """Return (index, rank) of each quota that may apply to a row, up to the first other rule that applies."""
        luck = luck or custom_id
        found = []
        for entry in self._of_model(model_id):
            if not self._holds(entry, custom_id, params, attempt, luck) or entry.act(luck) is None:
                continue
            if not entry.quota:
                break
            found.append((entry.index, hash64(entry.seed, luck)))
        return found

    def quota(self) -> "Quota":
        """Return an empty first pass over the rows of the batch."""
        return Quota(self, [rule.exactly for rule in self._rules])

    def _holds(self, entry: _Entry, custom_id: str, params: dict[str, Any], attempt: int, luck: str) -> bool:
        """Return whether a rule applies to a row, ignoring its quota."""
        return (
            (entry.quota or not entry.seed or hash64(entry.seed, luck) < entry.bound)
            and (entry.named is None or bool(entry.named(custom_id)))
            and (entry.attempts is None or attempt in entry.attempts)
            and (not entry.share or hash64(self._share_seed, luck) < entry.share)
            and (entry.wanted is None or entry.wanted in Prompt(params).prompt)
            and (entry.asked is None or bool(entry.asked(Prompt(params))))
        )

    def _of_model(self, model_id: str) -> list[_Entry]:
        found = self._by_model.get(model_id)
        if found is None:
            found = self._by_model[model_id] = [
                entry
                for entry, rule in zip(self._entries, self._rules, strict=True)
                if rule.match.model is None or test_of(rule.match.model)(model_id)
            ]
        return found

    def _compiled(self, index: int, rule: Rule, seed: int, read_reply: ReadReply, heads: dict[str, str]) -> _Entry:
        wanted = _wanted(rule)
        drawn = rule.rate is not None or rule.exactly is not None
        attempts = None
        if rule.match.attempt is not None:
            attempts = range(rule.match.attempt, rule.match.attempt + 1)
        elif rule.fail_attempts is not None:
            attempts = range(1, rule.fail_attempts + 1)
        return _Entry(
            index,
            # 0 means no draw
            derive_seed(seed, "rule", rule.name) or 1 if drawn else 0,
            threshold(1.0 if rule.rate is None else rule.rate),
            threshold(rule.match.share) if rule.match.share is not None else 0,
            test_of(rule.match.custom_id) if rule.match.custom_id is not None else None,
            wanted,
            heads.get(wanted[:_HEAD]) if wanted else None,
            params_test(rule.match, prompt=False),
            attempts,
            rule.exactly is not None,
            _action(rule, seed, read_reply),
        )


def _wanted(rule: Rule) -> str | None:
    """Return the plain text that a rule searches for in the prompt, if any."""
    prompt = rule.match.prompt
    return prompt if prompt and not prompt.startswith("re:") else None


def _heads(texts: Iterable[str]) -> dict[str, str]:
    """Return the common prefix of texts that start alike, by their first characters; small groups are skipped."""
    alike: dict[str, list[str]] = {}
    for text in texts:
        alike.setdefault(text[:_HEAD], []).append(text)
    return {start: _common(group) for start, group in alike.items() if len(group) > 2 and len(start) == _HEAD}


def _common(texts: list[str]) -> str:
    """Return the common prefix."""
    pairs = zip(min(texts), max(texts), strict=False)
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


class Quota:
    """A first pass over the rows of a batch, in any order and any split, that finds the rows the quotas apply to.

    Memory grows with the quotas, not with the batch.
    """

    def __init__(self, rules: ItemRules, sizes: list[int | None]) -> None:
        self._rules = rules
        self._sizes = sizes
        earlier = 0
        self._room = [earlier := earlier + (size or 0) for size in sizes]
        self._lowest: list[list[tuple[int, str]]] = [[] for _ in sizes]

    def add(self, custom_id: str, params: dict[str, Any], model_id: str, attempt: int = 1, luck: str = "") -> None:
        """Add a row that is still to be decided."""
        for index, rank in self._rules.candidates(custom_id, params, model_id, attempt, luck):
            self._keep(index, rank, custom_id)

    def merge(self, other: "Quota") -> None:
        """Merge the findings of another pass, over other rows."""
        for index, kept in enumerate(other._lowest):
            for rank, custom_id in kept:
                self._keep(index, -rank, custom_id)

    def _keep(self, index: int, rank: int, custom_id: str) -> None:
        # earlier quotas can take at most their own size from the candidates of this one
        lowest = self._lowest[index]
        if len(lowest) < self._room[index]:
            heappush(lowest, (-rank, custom_id))
        elif -rank > lowest[0][0]:
            heapreplace(lowest, (-rank, custom_id))

    def cutoffs(self) -> Cutoffs:
        """Return the cutoffs for `decide`, after all rows were added."""
        taken: set[str] = set()
        cutoffs = []
        for size, lowest in zip(self._sizes, self._lowest, strict=True):
            left = sorted((-rank, name) for rank, name in lowest if name not in taken)[: size or 0]
            taken.update(name for _, name in left)
            cutoffs.append(left[-1][0] if left else -1)
        return tuple(cutoffs)


def _action(rule: Rule, seed: int, read_reply: ReadReply) -> Callable[[str], ItemDecision | None]:
    """Return the action of the rule for a custom_id; it returns None to leave the row to later rules."""
    fault = rule.injected
    if fault is not None and (outcome := fault.outcome(seed, rule.name)) is not None:
        return lambda custom_id: _ended(rule.name, seed, custom_id, outcome(custom_id))
    if rule.outcome == "errored":
        return lambda custom_id: _failed(rule.name, seed, custom_id)
    if rule.errored is not None:
        decision = ItemDecision(rule.name, "errored", rule.errored)
    else:
        reply = None if rule.given_reply is None else read_reply(rule.given_reply)
        decision = ItemDecision(rule.name, rule.outcome or "succeeded", reply=reply)
    return lambda custom_id: decision


def _ended(rule: str, seed: int, custom_id: str, outcome: Outcome) -> ItemDecision | None:
    if outcome == "errored":
        return _failed(rule, seed, custom_id)
    return None if outcome == "succeeded" else ItemDecision(rule, outcome)


def _failed(rule: str, seed: int, custom_id: str) -> ItemDecision:
    """Return one of the random failures."""
    failed = ROW_FAULTS[weighted(to_unit_interval(hash64(derive_seed(seed, "fault"), custom_id)))]
    return ItemDecision(rule, "errored", ItemError(failed.type, failed.message))


def read_reply(value: Any) -> ReplySpec:
    """Parse the reply of a rule with `parse_reply`. Raises ValueError."""
    # not before: the kinds of replies are a large part of the startup time, and startup needs none
    from mockbatch.core.replies.kinds import parse_reply

    return parse_reply(value)


def unsendable(value: Any) -> str | None:
    """Return why a reply may not be set over HTTP, or None if it may."""
    if value is None or isinstance(value, str):
        return None
    from mockbatch.core.replies.kinds import unsendable as problem_of

    return problem_of(value)


def reply_of(decision: ItemDecision) -> ReplySpec | None:
    """Return the reply that a rule decided on for a row, or None if the request determines it."""
    said = decision.reply
    return said if said is None or isinstance(said, ReplySpec) else read_reply(said)
