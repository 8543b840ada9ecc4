"""A key controls its own session; what reaches beyond wants a control key, or a caller on the machine of the server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from mockbatch.core.time.spans import parse_instant
from mockbatch.http.app import all_routes, create_app
from mockbatch.http.calls import Endpoint
from mockbatch.http.operation import description_of
from tests.builders import BATCHES, START, Api, config, reached_from

SESSIONS = "/_mockbatch/sessions"
KEY, OTHER = "sk-ant-mine", "sk-ant-other"
CONTROL = {"x-mockbatch-control-key": "open-sesame"}
LOCAL, ELSEWHERE = ("127.0.0.1", 1), ("192.0.2.7", 1)


@contextmanager
def reached(peer: tuple[str, int], **options: str) -> Iterator[Api]:
    """A server, called from an address, without a key."""
    app = create_app(config(**options), wall=lambda: parse_instant(START))
    headers = {"anthropic-version": "2023-06-01"}
    with Api(reached_from(peer, app), base_url="http://mockbatch", headers=headers) as api:
        yield api


def of(key: str) -> dict[str, str]:
    return {"x-api-key": key}


def endpoints() -> Iterator[tuple[str, str, str]]:
    for route in all_routes():
        assert isinstance(route.app, Endpoint)
        for method, handler in route.app.handlers.items():
            yield method, route.path, description_of(handler).caller


OF_NO_SESSION = {("POST", SESSIONS), ("GET", "/_mockbatch/openapi.json"), ("GET", "/_mockbatch/faults")}
CONTROLLED = [(method, path) for method, path, reach in endpoints() if reach in ("own", "all")]


def test_every_control_route_says_how_far_it_reaches() -> None:
    """Only the files of the dashboard and the health check are open to anyone."""
    open_to_all = {path for _, path, reach in endpoints() if reach == "anyone"}
    assert open_to_all == {"/", "/health", "/_mockbatch/dashboard/{id}"}
    for _, path, reach in endpoints():
        assert path.startswith("/_mockbatch") or path in open_to_all or reach in ("key", "admin")
        assert not path.startswith("/_mockbatch") or reach in ("own", "all", "anyone")


@pytest.mark.parametrize(("method", "path"), CONTROLLED)
def test_without_a_key_nothing_is_controlled_from_elsewhere(method: str, path: str) -> None:
    """Nor from the same machine once the server admits certain keys only; an unknown one does not help there."""
    url = path.replace("{id}", "x")
    with reached(ELSEWHERE) as api:
        assert error_of(api.request(method, url)) == (401, "authentication_error")
    with reached(LOCAL, api_key=KEY) as api:
        assert error_of(api.request(method, url)) == (401, "authentication_error")
        refusal = error_of(api.request(method, url, headers=of(OTHER)))
        assert refusal in ((401, "authentication_error"), (403, "permission_error"))


@pytest.mark.parametrize(("method", "path"), CONTROLLED)
def test_a_key_does_not_reach_another_session(method: str, path: str) -> None:
    """By no route, whether that names the session in its query or in its path; and nothing of it changes."""
    with reached(ELSEWHERE) as api:
        view = api.ok(api.post(SESSIONS, headers=of(OTHER), json={"label": "theirs", "api_key": OTHER}))
        url = path.replace("{id}", view["id"])
        answer = api.request(method, url, params={"session": view["id"]}, headers=of(KEY), json={})
        assert "theirs" not in answer.text
        if (method, path) not in OF_NO_SESSION:
            assert error_of(answer) == (403, "permission_error")
        assert api.ok(api.get(f"{SESSIONS}/{view['id']}", headers=of(OTHER)))["label"] == "theirs"


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["type"]


def test_a_key_controls_its_own_session_from_anywhere() -> None:
    """It is opened, used, changed and deleted by the key that its caller chose."""
    with reached(ELSEWHERE) as api:
        view = api.ok(api.post(SESSIONS, headers=of(KEY), json={"label": "mine", "api_key": KEY}))
        assert view["api_key"] == KEY
        headers = of(KEY)
        api.ok(api.patch(f"{SESSIONS}/{view['id']}", headers=headers, json={"options": {"seed": 1}}))
        api.ok(api.post("/_mockbatch/clock/advance", headers=headers, json={"by": "1h"}))
        api.ok(api.get("/_mockbatch/summary", params={"session": view["id"]}, headers=headers))
        api.ok(api.get(f"{SESSIONS}/{view['id']}", headers={"authorization": f"Bearer {KEY}"}))
        api.ok(api.delete(f"{SESSIONS}/{view['id']}", headers=headers))


@pytest.mark.parametrize("given", [{"api_key": OTHER}, {"api_key": ""}, {"api_key": f"{KEY}x"}])
def test_a_key_opens_no_session_of_another_key(given: dict[str, Any]) -> None:
    """Nor one of which the key was not shown."""
    with reached(ELSEWHERE) as api:
        assert error_of(api.post(SESSIONS, headers=of(KEY), json=given)) == (403, "permission_error")
        assert error_of(api.post(SESSIONS, json={"api_key": KEY})) == (401, "authentication_error")


def test_a_session_without_a_key_of_its_own_gets_the_one_that_was_shown() -> None:
    """The server makes up keys only for those who may reach beyond their own."""
    with reached(ELSEWHERE) as api:
        assert api.ok(api.post(SESSIONS, headers=of(KEY), json={}))["api_key"] == KEY


@pytest.mark.parametrize(
    "headers", [CONTROL, {"authorization": "Bearer open-sesame"}, {"x-api-key": "open-sesame"}, {**CONTROL, **of(KEY)}]
)
def test_a_control_key_reaches_everything(headers: dict[str, str]) -> None:
    """From anywhere, in any of the headers that carry keys."""
    with reached(ELSEWHERE, control_key="other,open-sesame") as api:
        assert api.get(BATCHES, headers=of(OTHER)).status_code == 200
        (session,) = api.ok(api.get(SESSIONS, headers=headers))["sessions"]
        api.ok(api.get("/_mockbatch/batches", params={"session": session["id"]}, headers=headers))
        for path in ("info", "metrics", "summary", "requests/unmatched"):
            assert api.get(f"/_mockbatch/{path}", headers=headers).status_code == 200
        wrong = {name: f"{value}." for name, value in headers.items()}
        assert api.get(SESSIONS, headers=wrong).status_code in (401, 403)


def test_an_admitted_key_reaches_everything() -> None:
    """With --api-key, from this machine and from elsewhere."""
    for peer in (LOCAL, ELSEWHERE):
        with reached(peer, api_key=f"{KEY},{OTHER}") as api:
            api.ok(api.get(SESSIONS, headers=of(KEY)))
            api.ok(api.get("/_mockbatch/info", headers=of(OTHER)))


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_callers_on_this_machine_reach_everything(peer: str) -> None:
    """As long as no key is asked for."""
    with reached((peer, 1)) as api:
        api.ok(api.get(SESSIONS))


@pytest.mark.parametrize("peer", ["192.0.2.7", "0.0.0.0", "::", "::ffff:192.0.2.7", "localhost", "", "10.0.0.1"])
def test_nobody_else_does(peer: str) -> None:
    """Only the address of the socket counts."""
    with reached((peer, 1)) as api:
        assert api.get(SESSIONS, headers={"host": "127.0.0.1"}).status_code == 401


@pytest.mark.parametrize(
    "header", ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "X-Forwarded-Anything", "via"]
)
def test_what_comes_through_a_proxy_is_not_local(header: str) -> None:
    """Whatever the proxy says of where it comes from."""
    with reached(LOCAL) as api:
        assert api.get(SESSIONS, headers={header: "127.0.0.1"}).status_code == 401


def test_a_peer_that_is_gone_is_not_local() -> None:
    """The address of a TCP connection that was reset is not known any more."""
    from mockbatch.http.access import is_local
    from mockbatch.http.calls import Call

    def called(server: tuple[str, int | None] | None) -> Call:
        state = {"mock": None}
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "headers": [],
            "state": state,
            "client": None,
            "server": server,
        }
        return Call(scope, None)  # type: ignore[arg-type]

    assert not is_local(called(("127.0.0.1", 8787)))
    assert is_local(called(("/tmp/socket", None)))
    assert is_local(called(None))


def test_reports_over_all_want_a_control_key() -> None:
    """An admin key may be any, so from elsewhere it reports on the session that it names alone."""
    with reached(ELSEWHERE, control_key="open-sesame") as api:
        view = api.ok(api.post(SESSIONS, headers=of(KEY), json={}))
        url, query = "/v1/organizations/cost_report", {"starting_at": "2026-01-01T00:00:00Z"}
        admin = of("sk-ant-admin01-x")
        assert error_of(api.get(url, params=query, headers=admin)) == (403, "permission_error")
        assert api.get(url, params=query, headers={**admin, **CONTROL}).status_code == 200
        assert api.get(url, params=query, headers=of(f"sk-ant-admin01-{view['id']}")).status_code == 200


def test_keys_are_in_no_listing() -> None:
    """However short they are."""
    with reached(LOCAL, api_key="k1,sk-ant-ci", control_key="open", webhook_secret="whsec_c2VjcmV0") as api:
        told = api.get("/_mockbatch/info", headers=of("k1")).text
        for secret in ("k1", "sk-ant-ci", "open", "whsec_c2VjcmV0"):
            assert f'"{secret}' not in told
    with reached(ELSEWHERE, webhook_secret="whsec_c2VjcmV0") as api:
        assert "c2VjcmV0" not in api.get("/_mockbatch/webhooks", headers=of(KEY)).text
