"""What comes over HTTP names neither a file nor code: it is refused before anything is opened or imported."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mockbatch.config import OPTIONS
from mockbatch.core.replies.kinds import REPLIES, Outside
from mockbatch.core.rules.faults import FAULTS
from mockbatch.http.app import create_app
from tests.api.test_sessions import opened
from tests.builders import OWNER, Api, config, params, serving

SESSIONS, RULES = "/_mockbatch/sessions", "/_mockbatch/rules"
MODULE = "a_module_that_nobody_may_import"
OUTSIDE = sorted(
    {name for kind in REPLIES.values() for name, type in kind.options.items() if isinstance(type, Outside)}
)

_watched: list[str] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched is not None and event in ("open", "import", "os.listdir", "os.scandir"):
        _watched.append(str(arguments[0]))


sys.addaudithook(_hook)


@contextmanager
def untouched(*names: str) -> Iterator[None]:
    """Fails where a file or a module with one of these names is opened or imported meanwhile."""
    global _watched
    touched: list[str] = []
    _watched = touched
    try:
        yield
    finally:
        _watched = None
    assert [one for one in touched if any(name in one for name in names)] == []


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is there, and a module."""
    (tmp_path / f"{MODULE}.py").write_text("def f(request):\n    return 'ran'\n")
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "secret.txt"
    file.write_text("5s\n")
    return file


def texts(file: Path) -> list[str]:
    """Whatever an option may be, as the name of something outside."""
    return [str(file), f"empirical:{file}", f" empirical:{file}", f"{MODULE}:f", f"1s,empirical:{file}"]


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("spelled", [str, lambda name: name.replace("_", "-"), str.upper, lambda name: f"--{name}"])
def test_no_option_of_a_session_opens_or_imports(api: Api, secret: Path, name: str, spelled: Any) -> None:
    """However it is spelled, at opening and later."""
    with untouched(secret.name, MODULE):
        view = opened(api)
        for text in texts(secret):
            for value in (text, [text], {"a": text}):
                sent = {"options": {spelled(name): value}}
                for answer in (api.post(SESSIONS, json=sent), api.patch(f"{SESSIONS}/{view['id']}", json=sent)):
                    assert answer.status_code in (200, 400)
                    assert "5s" not in answer.text


@pytest.mark.parametrize(
    "name", [name for name, spec in OPTIONS.items() if spec.means != "data" and not spec.of_server]
)
def test_what_is_there_is_refused_like_what_is_not(api: Api, secret: Path, name: str) -> None:
    """In the same words, so that nobody learns which files and modules there are."""
    there = {"data": "", "file": str(secret), "code": f"{MODULE}:f"}[OPTIONS[name].means]
    if OPTIONS[name].is_data:
        there = f"empirical:{there}"
    answers = []
    for text in (there, there.replace("secret", "nothing").replace(MODULE, "no_such_module")):
        answer = api.post(SESSIONS, json={"options": {name: text}})
        assert answer.status_code == 400
        answers.append(answer.json()["error"]["message"])
    assert answers[0] == answers[1]
    assert "not taken over HTTP" in answers[0]
    assert f"--{name.replace('_', '-')}" in answers[0]


def rules(file: Path) -> Iterator[dict[str, Any]]:
    """Rules that name something outside, rightly written and wrongly."""
    for name in OUTSIDE:
        for text in texts(file):
            yield {"on": "messages", "reply": {name: text}}
            yield {"on": "messages", "reply": {name: text, "no_such_key": 1}}
            yield {"on": "messages", "reply": {name: [text]}}
        for kind in REPLIES:
            yield {"on": "messages", "reply": {"kind": kind, name: str(file)}}
            yield {"on": "item", "reply": {kind: True, name: str(file)}}


def test_no_rule_opens_or_imports(api: Api, secret: Path) -> None:
    """By no way on which rules come."""
    mine = api.ok(api.post(RULES, json={"on": "messages", "reply": "echo"}))["rules"][0]["id"]
    view = opened(api)
    with untouched(secret.name, MODULE):
        for rule in rules(secret):
            sent = [
                *(
                    api.request(method, RULES, json=body)
                    for method in ("POST", "PUT", "PATCH")
                    for body in (rule, [rule])
                ),
                api.post(RULES, json={"rules": [rule]}),
                api.put(f"{RULES}/{mine}", json=rule),
                api.patch(f"{RULES}/{mine}", json=rule),
                api.post(SESSIONS, json={"options": {"rules": [rule]}}),
                api.patch(f"{SESSIONS}/{view['id']}", json={"options": {"rules": [rule]}}),
            ]
            assert {answer.status_code for answer in sent} <= {400, 404}
        assert api.ok(api.post("/v1/messages", json=params("hi")))["type"] == "message"


@pytest.mark.parametrize("kind", REPLIES)
def test_no_other_key_of_a_reply_opens_or_imports(api: Api, secret: Path, kind: str) -> None:
    """A kind of reply that came to read a file would have to say so."""
    with untouched(secret.name, MODULE):
        for name in REPLIES[kind].options:
            for text in texts(secret):
                if api.put(RULES, json=[{"on": "messages", "reply": {"kind": kind, name: text}}]).status_code == 200:
                    api.post("/v1/messages", json=params("hi"))


@pytest.mark.parametrize("name", FAULTS)
def test_no_fault_opens_or_imports(api: Api, secret: Path, name: str) -> None:
    """As a rule, and as a line of the option."""
    with untouched(secret.name, MODULE):
        for key in FAULTS[name].options:
            for text in texts(secret):
                api.post(RULES, json={"fault": name, "with": {key: text}})
                lines = f"results.cut\n{name},{key}={text}\n{name},reply={text}"
                answer = api.post(SESSIONS, json={"options": {"fault": lines}})
                assert answer.status_code in (200, 400)


def test_delays_that_are_values_may_be_sent(api: Api) -> None:
    """The spans of an empirical one as well."""
    view = api.ok(api.post(SESSIONS, json={"options": {"delay": "empirical:1s,5s", "wait": "lognormal:p50=1m,p99=1h"}}))
    assert view["options"]["delay"] == "empirical:1s,5s"


def test_who_started_the_server_names_files_and_functions(secret: Path) -> None:
    """And others may change what does not, without losing it."""
    with serving() as api:
        told = {"options": {"replies": f"{MODULE}:f", "delay": f"empirical:{secret}"}}
        view = api.ok(api.post(SESSIONS, json=told, headers=OWNER))
        api.headers["x-api-key"] = view["api_key"]
        api.ok(api.patch(f"{SESSIONS}/{view['id']}", json={"options": {"seed": 3}}))
        assert api.ok(api.post("/v1/messages", json=params("hi")))["content"][0]["text"] == "ran"
        assert api.post(SESSIONS, json=told, headers={"x-mockbatch-owner": "x"}).status_code == 400


def test_rules_of_the_server_may_come_back(secret: Path) -> None:
    """As they are when somebody looks at all rules and puts them back."""
    with serving(replies=f"{MODULE}:f") as api:
        rules = [view["rule"] for view in api.ok(api.get(RULES))["rules"]]
        api.ok(api.delete(RULES))
        api.ok(api.put(RULES, json=rules))
        assert api.ok(api.post("/v1/messages", json=params("hi")))["content"][0]["text"] == "ran"
        assert api.put(RULES, json=[{**rules[0], "reply": {"callable": f"{MODULE}:g"}}]).status_code == 400


@pytest.mark.parametrize("token", ["", "x", " "])
def test_without_an_owner_nobody_is_it(token: str) -> None:
    """A server that no program has started knows no token, not even an empty one."""
    app = create_app(replace(config(), owner=""))
    with Api(app, base_url="http://mockbatch", headers={"x-mockbatch-owner": token}) as api:
        answer = api.post(SESSIONS, json={"options": {"replies": "json:dumps"}})
    assert answer.status_code == 401
