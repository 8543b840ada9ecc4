"""The rules of a session, which can be changed while the server runs. An invalid change has no effect."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.config import Config
from mockbatch.core.contract.errors import InvalidRequest, NotFound
from mockbatch.core.rules.calls import ArmedRule, CallRules, SavedCounters
from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.rules.items import read_reply
from mockbatch.core.rules.match import test_of
from mockbatch.core.rules.options import RuleError
from mockbatch.core.rules.rules import ReadReply, Rule, parse_rule, together
from mockbatch.core.rules.written import dump_rule
from mockbatch.core.suggestions import did_you_mean
from mockbatch.core.time.spans import format_instant
from mockbatch.store import Counters


class RuleDefaults(Struct, frozen=True):
    """The rule defaults of sessions: the rules of the server, the seed, and how to parse new rules."""

    rules: tuple[Rule, ...] = ()
    seed: int = 0
    read_reply: ReadReply | None = None
    known_models: tuple[str, ...] = ()

    def patterns(self, key: str) -> tuple[str, ...]:
        """Return the `match.session` patterns of the rules that match this key."""
        patterns = {rule.match.session for rule in self.rules if rule.match.session is not None}
        return tuple(pattern for pattern in sorted(patterns) if test_of(pattern)(key))

    def of_patterns(self, patterns: Collection[str]) -> tuple[Rule, ...]:
        """Return the server's rules for a session whose key matches these patterns."""
        return tuple(
            rule
            for rule in self.rules
            if not _is_server_wide(rule) and (rule.match.session is None or rule.match.session in patterns)
        )

    def door(self, now: int) -> CallRules:
        """Return the rules for connections whose session is not known yet."""
        return CallRules(filter(_is_server_wide, self.rules), seed=self.seed, started_at=now)


def _is_server_wide(rule: Rule) -> bool:
    return rule.fault is not None and FAULTS[rule.fault].server_wide


def rule_defaults(config: Config) -> RuleDefaults:
    """Return the rule defaults under these options."""
    return RuleDefaults(config.all_rules(), config.seed, read_reply, config.known_models())


class SessionRules(CallRules):
    """The rules of one session, each with a unique id; `ids` counts the ids assigned."""

    def __init__(self, armory: RuleDefaults, rules: Iterable[Rule], started_at: int) -> None:
        self._past: frozenset[str] = frozenset()
        self._armory = armory
        super().__init__((), seed=armory.seed, started_at=started_at)
        self.ids = 0
        self.changed = False
        self._first = self._numbered(rules)
        self.replace([ArmedRule(rule) for rule in self._first])

    def resume(self, kept: list[dict[str, Any]] | None, counters: Counters) -> None:
        """Restore saved rules, if they were changed, and the saved states of rules."""
        if kept is not None:
            self.put(kept)
        self.ids = max(self.ids, counters.rule_ids)
        self.replace([ArmedRule(record.rule, _seen_by(record.rule, counters)) for record in self.records])
        self.counted = False

    def replace(self, records: list[ArmedRule]) -> None:
        """Replace all rules, and remember which of the server's rules have matched something."""
        configured = {rule.name for rule in self._armory.rules}
        self._past |= configured & {record.rule.name for record in self.records if record.hits}
        super().replace(records)

    def that_struck(self) -> set[str]:
        """Return the names of the rules that matched something, also before they were reset or removed."""
        return {*self._past} | {record.rule.name for record in self.records if record.hits}

    def seen(self) -> dict[str, SavedCounters]:
        """Return the state of each rule, by its id."""
        return {record.rule.id: record.dump() for record in self.records}

    def reset(self) -> None:
        """Restore the rules of the server, with their counters reset."""
        self.replace([ArmedRule(rule) for rule in self._first])
        self.changed = False

    def dump(self) -> list[dict[str, Any]] | None:
        """Return the rules in serialized form if they differ from those of the server."""
        return [{**dump_rule(record.rule), "id": record.rule.id} for record in self.records] if self.changed else None

    def add(self, values: Any) -> list[ArmedRule]:
        """Append a rule, or a list of them. Raises InvalidRequest."""
        added = [ArmedRule(rule) for rule in self._read(values)]
        self._take([*self.records, *added])
        return self.records[-len(added) :] if added else []

    def put(self, values: Any) -> None:
        """Replace all rules. Raises InvalidRequest."""
        self._take([ArmedRule(rule) for rule in self._read(values)])

    def merge(self, values: Any) -> None:
        """Update the rules found by their id, or else by their name, and add the others."""
        changed, added = dict(enumerate(self.records)), []
        for value in values if isinstance(values, list) else [values]:
            at = self._place(value)
            if at is None:
                added += self._read([value])
            else:
                changed[at] = self._merged(changed[at], value)
        self._take([*changed.values(), *map(ArmedRule, added)])

    def change(self, rule_id: str, value: Any, *, wholly: bool) -> ArmedRule:
        """Update a rule, or replace it `wholly`. Raises NotFound, InvalidRequest."""
        at = self._index(rule_id)
        records = list(self.records)
        if wholly:
            (rule,) = self._read([value])
            records[at] = ArmedRule(replace(rule, id=rule_id))
        else:
            records[at] = self._merged(records[at], value)
        self._take(records)
        return self.records[at]

    def drop(self, rule_id: str) -> ArmedRule:
        """Remove a rule. Raises NotFound."""
        at = self._index(rule_id)
        dropped = self.records[at]
        self.replace([record for record in self.records if record is not dropped])
        self.changed = True
        return dropped

    def named(self, rule_id: str) -> ArmedRule:
        """Return the rule with an id. Raises NotFound."""
        return self.records[self._index(rule_id)]

    def warning(self, rule: Rule, now: int) -> str | None:
        """Return a warning about a valid rule that has no effect any more."""
        return past(rule, now, self.started_at)

    def _index(self, rule_id: str) -> int:
        ids = [record.rule.id for record in self.records]
        if rule_id not in ids:
            raise NotFound(f"There is no rule {rule_id!r}.{did_you_mean(rule_id, ids)}")
        return ids.index(rule_id)

    def _place(self, value: Any) -> int | None:
        if not isinstance(value, Mapping):
            return None
        for at, record in enumerate(self.records):
            if value.get("id") == record.rule.id or ("id" not in value and value.get("name") == record.rule.name):
                return at
        return None

    def _merged(self, record: ArmedRule, value: Any) -> ArmedRule:
        """Return a copy of a record whose rule has these keys changed; None removes one."""
        if not isinstance(value, Mapping):
            raise InvalidRequest(f"rule: {value!r} is not a table")
        table = {**dump_rule(record.rule), **value}
        (rule,) = self._read([{key: given for key, given in table.items() if given is not None}])
        copy = record.copy()
        copy.become(replace(rule, id=record.rule.id))
        return copy

    def _read(self, values: Any) -> list[Rule]:
        tables = values if isinstance(values, list) else [values]
        where = "rules[{}]".format if isinstance(values, list) and len(tables) > 1 else lambda at: "rule"
        try:
            rules = [self._parsed(table, where(at)) for at, table in enumerate(tables)]
        except RuleError as error:
            raise InvalidRequest(str(error)) from None
        return self._numbered(rules)

    def _parsed(self, table: Any, where: str) -> Rule:
        armory = self._armory
        rule = parse_rule(table, where, read_reply=armory.read_reply, known_models=armory.known_models)
        if _is_server_wide(rule):
            raise RuleError(
                f"{where}: fault: {rule.fault} applies before the session of a connection is known; "
                "configure it on the server, with --fault or in its file"
            )
        if rule.match.session is not None:
            raise RuleError(f"{where}: match.session: not allowed in the rules of a single session")
        return rule

    def _take(self, records: list[ArmedRule]) -> None:
        """Replace the records if their rules are compatible. Raises InvalidRequest."""
        try:
            rules = together([record.rule for record in records], lambda at: f"rule {records[at].rule.name!r}")
        except RuleError as error:
            raise InvalidRequest(str(error)) from None
        ids = [rule.id for rule in rules]
        if double := next((one for one in ids if ids.count(one) > 1), None):
            raise InvalidRequest(f"id: duplicate rule id {double!r}")
        for record, rule in zip(records, rules, strict=True):
            record.become(rule)
        self.replace(records)
        self.changed = True

    def _numbered(self, rules: Iterable[Rule]) -> list[Rule]:
        rules = list(rules)
        taken = {rule.id for rule in rules} | {record.rule.id for record in self.records}
        return [rule if rule.id else replace(rule, id=self._next_id(taken)) for rule in rules]

    def _next_id(self, taken: Collection[str]) -> str:
        """Return an id that was never assigned or chosen."""
        while True:
            self.ids += 1
            if f"rule_{self.ids}" not in taken:
                return f"rule_{self.ids}"


def _seen_by(rule: Rule, counters: Counters) -> SavedCounters:
    """Return the saved state of a rule, unless its id belonged to another: the server may have new rules."""
    seen = counters.rules.get(rule.id, SavedCounters())
    return seen if seen.rule == rule.name else SavedCounters()


def past(rule: Rule, now: int, started_at: int) -> str | None:
    """Return a warning if the time of a rule is over."""
    if rule.during is None:
        return None
    _, end = rule.during.span(started_at)
    return f"during: it ended at {format_instant(end)}, which has passed" if end <= now else None
