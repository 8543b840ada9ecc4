"""`/_mockbatch/settings`: the effective options of a session, and the rules shared by all sessions."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from starlette.routing import Route

from mockbatch.config import OPTIONS, Config, readable
from mockbatch.core.rules.calls import ArmedRule
from mockbatch.core.rules.presets import PRESETS
from mockbatch.core.rules.written import as_toml, dump_rule
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import entered
from mockbatch.http.operation import operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.sessions.session import SessionState


class Setting(Struct, frozen=True):
    """An option as written, and its origin: `default`, a flag, a variable, a file, a preset, or `session`."""

    name: str
    value: Any
    default: Any
    origin: str
    help: str


class SharedRule(Struct, frozen=True):
    """A rule of the server that applies before the session of a call is known."""

    name: str
    rule: dict[str, Any]
    hits: int
    toml: str


class SettingList(Struct, frozen=True):
    """The options of a session, the configuration files of the server, and the rules shared by all sessions."""

    settings: list[Setting]
    files: list[str]
    shared_rules: list[SharedRule]


@operation(SettingList, caller="all")
async def settings(call: Call) -> Response:
    """List the effective options of a session, with the origin of each."""
    mock, session = await entered(call)
    found = [_setting(session, mock.config, name) for name, option in OPTIONS.items() if not option.of_server]
    return JsonResponse(SettingList(found, list(mock.config.files), list(map(_shared, mock.connection_rules.records))))


def _setting(session: SessionState, base: Config, name: str) -> Setting:
    option = OPTIONS[name]
    value = readable(name, getattr(session.config, name))
    return Setting(name, value, readable(name, option.default), _origin(session, base, name), option.help)


def _origin(session: SessionState, base: Config, name: str) -> str:
    if name in set(_of_session(session)):
        return "session"
    return base.origins.get(name, "default" if getattr(base, name) == OPTIONS[name].default else "server")


def _of_session(session: SessionState) -> Iterator[str]:
    """Yield the options that a session has set, directly or by its preset."""
    for name in session.options:
        yield name.replace("-", "_")
    preset = PRESETS.get(str(session.options.get("preset")))
    yield from preset.options if preset else ()


def _shared(record: ArmedRule) -> SharedRule:
    return SharedRule(record.rule.name, dump_rule(record.rule), record.hits, as_toml(record.rule))


routes = [Route("/_mockbatch/settings", Endpoint(GET=settings))]
