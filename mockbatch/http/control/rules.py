"""`/_mockbatch/rules` and `/_mockbatch/faults`: the rules of a session, and the available faults.

Reading never changes state. Rules have the same form as in a rules file; an invalid one is rejected before anything
changes.
"""

from typing import Any

from msgspec import Struct
from starlette.routing import Route

from mockbatch.config import Config
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.rules.calls import ArmedRule
from mockbatch.core.rules.faults import FAULTS, FaultView, fault_view
from mockbatch.core.rules.items import unsendable
from mockbatch.core.rules.presets import PRESETS
from mockbatch.core.rules.written import as_pytest, as_toml, dump_rule
from mockbatch.core.time.spans import format_instant
from mockbatch.http.access import is_owner
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import entered, json_of
from mockbatch.http.operation import operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.sessions.session import SessionState

# they are parsed on the event loop
_MOST = 1_000

Table = dict[str, Any]
Tables = dict[str, Any] | list[dict[str, Any]]


class RuleView(Struct, frozen=True):
    """A rule of a session: its hits so far, its remaining hits (null: unlimited), and the time of the last one."""

    id: str
    name: str
    rule: dict[str, Any]
    hits: int
    remaining: int | None
    last_hit: str | None
    warning: str | None
    toml: str
    pytest: str


class RuleList(Struct, frozen=True):
    """The rules of a session, in order of evaluation."""

    rules: list[RuleView]


class PresetView(Struct, frozen=True):
    """A preset: a summary, the options it sets and the rules it arms."""

    name: str
    summary: str
    options: dict[str, str]
    rules: list[Table]


class FaultList(Struct, frozen=True):
    """All kinds of faults, and all presets."""

    faults: list[FaultView]
    presets: list[PresetView]


@operation(RuleList, caller="own")
async def rules(call: Call) -> Response:
    """List the rules of a session."""
    _, session = await entered(call)
    return JsonResponse(_list(session))


@operation(RuleList, takes=Tables, caller="own")
async def add(call: Call) -> Response:
    """Append a rule, or a list of them; returns the added ones."""
    mock, session = await entered(call)
    values = _several(await _body(call))
    added = await mock.rule_changes.change(session, lambda rules: rules.add(values))
    _tell(session)
    return JsonResponse(RuleList([_view(session, record) for record in added]))


@operation(RuleList, takes=Tables, caller="own")
async def put(call: Call) -> Response:
    """Replace all rules."""
    mock, session = await entered(call)
    values = _several(await _body(call))
    await mock.rule_changes.change(session, lambda rules: rules.put(values))
    _tell(session)
    return JsonResponse(_list(session))


@operation(RuleList, takes=Tables, caller="own")
async def merge(call: Call) -> Response:
    """Update the rules that exist by name, and add the others."""
    mock, session = await entered(call)
    values = _several(await _body(call))
    await mock.rule_changes.change(session, lambda rules: rules.merge(values))
    _tell(session)
    return JsonResponse(_list(session))


@operation(RuleList, caller="own")
async def clear(call: Call) -> Response:
    """Remove all rules."""
    mock, session = await entered(call)
    await mock.rule_changes.change(session, lambda rules: rules.put([]))
    _tell(session)
    return JsonResponse(_list(session))


@operation(RuleView, caller="own")
async def rule(call: Call) -> Response:
    """Retrieve a rule."""
    _, session = await entered(call)
    return JsonResponse(_view(session, session.rules.named(call.path_value("id"))))


@operation(RuleView, takes=Table, caller="own")
async def put_one(call: Call) -> Response:
    """Replace a rule and reset its counters."""
    return await _changed(call, wholly=True)


@operation(RuleView, takes=Table, caller="own")
async def merge_one(call: Call) -> Response:
    """Update some keys of a rule; null removes one."""
    return await _changed(call, wholly=False)


@operation(RuleView, caller="own")
async def drop(call: Call) -> Response:
    """Remove a rule; returns its last state."""
    mock, session = await entered(call)
    dropped = await mock.rule_changes.change(session, lambda rules: rules.drop(call.path_value("id")))
    _tell(session)
    return JsonResponse(_view(session, dropped))


@operation(FaultList, caller="own")
async def faults(call: Call) -> Response:
    """List all kinds of faults with their options, and the presets."""
    presets = [PresetView(name, one.summary, one.options, list(one.tables)) for name, one in PRESETS.items()]
    return JsonResponse(FaultList(list(map(fault_view, FAULTS.values())), presets))


async def _changed(call: Call, *, wholly: bool) -> Response:
    mock, session = await entered(call)
    value = await _body(call)
    record = await mock.rule_changes.change(
        session, lambda rules: rules.change(call.path_value("id"), value, wholly=wholly)
    )
    _tell(session)
    return JsonResponse(_view(session, record))


def _tell(session: SessionState) -> None:
    session.events.publish(session.now(), "rule", count=len(session.rules.records))


def _list(session: SessionState) -> RuleList:
    return RuleList([_view(session, record) for record in session.rules.records])


def _view(session: SessionState, record: ArmedRule) -> RuleView:
    rule = record.rule
    return RuleView(
        rule.id,
        rule.name,
        dump_rule(rule),
        record.hits,
        record.remaining,
        None if record.last_hit is None else format_instant(record.last_hit),
        session.rules.warning(rule, session.now()),
        as_toml(rule),
        as_pytest(rule),
    )


async def _body(call: Call) -> Any:
    content = await json_of(call)
    if isinstance(rules := _several(content), list) and len(rules) > _MOST:
        raise InvalidRequest(f"rules: at most {_MOST:,} are allowed per call, not {len(rules):,}")
    if not is_owner(call):
        _check_sent(_several(content), call.services.config)
    return content


def _check_sent(tables: Any, config: Config) -> None:
    """Raise InvalidRequest for rules that are not allowed over HTTP. The server's own rules may be sent back."""
    for table in tables if isinstance(tables, list) else [tables]:
        reply = table.get("reply") if isinstance(table, dict) else None
        if (problem := unsendable(reply)) and all(rule.reply != reply for rule in config.all_rules()):
            raise InvalidRequest(f"rule: reply: {problem}")


def _several(content: Any) -> Any:
    """Return the rules of a body: the list in `{"rules": [...]}` as in a file, else the value itself."""
    if isinstance(content, dict) and set(content) == {"rules"}:
        return content["rules"]
    return content


routes = [
    Route("/_mockbatch/rules", Endpoint(GET=rules, POST=add, PUT=put, PATCH=merge, DELETE=clear)),
    Route("/_mockbatch/rules/{id}", Endpoint(GET=rule, PUT=put_one, PATCH=merge_one, DELETE=drop)),
    Route("/_mockbatch/faults", Endpoint(GET=faults)),
]
