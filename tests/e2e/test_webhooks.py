"""Webhooks, which the official API does not have for batches: real calls, verified by the official SDK."""

import base64
import json
import signal
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from standardwebhooks import WebhookVerificationError

from mockbatch.core import webhook_delivery as notices
from mockbatch.core.time.timeline import NEVER
from mockbatch.core.webhook_delivery import WebhookDelivery
from tests.builders import BATCHES, HEADERS, Api, requests, serving
from tests.processes import Process, running
from tests.receiver import Called, receiving

FROZEN = ("--frozen", "--clock-start", "2026-01-01", "--delay", "1h", "--wait", "1h")


def created(server: Process, *custom_ids: str, **more: Any) -> dict[str, Any]:
    answer = server.http.post(BATCHES, json={"requests": requests(*custom_ids), **more})
    assert answer.status_code == 200, answer.text
    batch: dict[str, Any] = answer.json()
    return batch


def listed(server: Process) -> dict[str, Any]:
    content: dict[str, Any] = server.http.get("/_mockbatch/webhooks").json()
    return content


def settled(server: Process, attempts: int) -> dict[str, Any]:
    """The only notice, once so many attempts are known to the server."""
    while True:
        (known,) = listed(server)["webhooks"]
        if len(known["attempts"]) == attempts:
            return dict(known)


def unwrapped(called: Called, secret: str) -> Any:
    with anthropic.Anthropic(api_key="sk-ant-test") as client:
        return client.beta.webhooks.unwrap(called.body, headers=called.headers, key=secret)


def test_each_end_is_told_as_what_it_is_and_the_official_sdk_accepts_it(tmp_path: Path) -> None:
    """When the call comes, the batch is seen as ended."""
    seen: list[str] = []

    def look(called: Called) -> None:
        id = json.loads(called.body)["data"]["id"]
        with httpx2.Client(base_url=server.url, headers=HEADERS) as http:
            seen.append(http.get(f"{BATCHES}/{id}").json()["processing_status"])

    with receiving(look=look) as receiver, running(tmp_path, *FROZEN, "--webhook", receiver.url) as server:
        done = created(server, "a")
        canceled = created(server, "b")
        server.http.post(f"{BATCHES}/{canceled['id']}/cancel")
        server.advance(by="3h")
        expired = created(server, "c")
        server.http.post(f"/_mockbatch/batches/{expired['id']}/stick")
        server.advance(by="25h")
        calls = {json.loads(call.body)["data"]["id"]: call for call in (receiver.next() for _ in range(3))}
        types = {done["id"]: "ended", canceled["id"]: "canceled", expired["id"]: "expired"}
        secret = listed(server)["secret"]
        workspace = server.http.get(BATCHES).headers["anthropic-workspace-id"]
        organization = server.http.get(BATCHES).headers["anthropic-organization-id"]
        for id, kind in types.items():
            call, body = calls[id], json.loads(calls[id].body)
            event = unwrapped(call, secret)
            assert (event.type, event.id) == ("event", call.headers["webhook-id"])
            assert body["data"] == {
                "type": f"message_batch.{kind}",
                "id": id,
                "organization_id": organization,
                "workspace_id": workspace,
            }
            assert body["created_at"] == server.http.get(f"{BATCHES}/{id}").json()["ended_at"]
            assert body["id"].startswith("whe_01")
        assert seen == ["ended"] * 3
        with pytest.raises(WebhookVerificationError):
            unwrapped(calls[done["id"]]._replace(body="{}"), secret)


def test_a_batch_may_name_its_own_url_in_the_body_or_in_a_header(tmp_path: Path) -> None:
    """The body counts more than the header, both more than the option; JSONL has the header alone."""
    with receiving() as receiver, running(tmp_path, *FROZEN, "--webhook", receiver.url + "/all") as server:
        header = {"x-mockbatch-webhook": receiver.url + "/header"}
        created(server, "a", webhook_url=receiver.url + "/body")
        body = {"webhook_url": receiver.url + "/first", "requests": requests("b")}
        assert server.http.post(BATCHES, json=body, headers=header).status_code == 200
        lines = json.dumps(requests("c")[0])
        kind = {"content-type": "application/jsonl"}
        assert server.http.post(BATCHES, content=lines, headers={**header, **kind}).status_code == 200
        created(server, "d")
        server.advance(by="3h")
        assert sorted(receiver.next().path for _ in range(4)) == [
            "/hook/all",
            "/hook/body",
            "/hook/first",
            "/hook/header",
        ]


def test_what_is_not_acknowledged_is_tried_again_in_virtual_time_three_times_at_most(tmp_path: Path) -> None:
    """With pauses that grow; a redirect is not followed; then a person can send it once more."""
    with receiving(500, 302, 404) as receiver, running(tmp_path, *FROZEN, "--webhook", receiver.url) as server:
        created(server, "a")
        server.advance(by="2h")
        calls = [receiver.next()]
        assert settled(server, 1)["state"] == "pending"
        for attempts in (2, 3):
            server.advance(to=settled(server, attempts - 1)["due_at"])
            calls.append(receiver.next())
            known = settled(server, attempts)
        assert (known["state"], known["due_at"]) == ("failed", None)
        assert [attempt["status"] for attempt in known["attempts"]] == [500, 302, 404]
        times = [attempt["at"] for attempt in known["attempts"]]
        assert times == sorted(set(times))
        assert {call.path for call in calls} == {"/hook"}
        assert {call.headers["webhook-id"] for call in calls} == {known["id"]}
        again = server.http.post(f"/_mockbatch/webhooks/{known['id']}/resend").json()
        assert (again["state"], again["attempts"][-1]["status"]) == ("delivered", 204)
        assert receiver.next().headers["webhook-id"] == known["id"]
        assert server.http.post("/_mockbatch/webhooks/whe_01nope/resend").status_code == 404
        server.advance(by="30d")
        assert receiver.queue.empty()


def test_what_was_not_acknowledged_before_a_kill_is_sent_after_the_restart(tmp_path: Path) -> None:
    """The attempts that were made count; what was acknowledged is not sent again."""
    path = str(tmp_path / "state.db")
    with receiving(204, 503) as receiver:
        with running(tmp_path, "--db", path, *FROZEN, "--webhook", receiver.url) as server:
            created(server, "a")
            server.advance(by="2h")
            first = receiver.next()
            settled(server, 1)
            created(server, "b")
            server.advance(by="2h")
            second = receiver.next()
            while not any(known["due_at"] and known["attempts"] for known in listed(server)["webhooks"]):
                pass
            waiting = created(server, "c")
            server.stop(signal.SIGKILL)
        with running(tmp_path, "--db", path, *FROZEN) as server:
            server.advance(by="1d")
            later = {call.headers["webhook-id"]: json.loads(call.body) for call in (receiver.next(), receiver.next())}
            assert later.keys() - {second.headers["webhook-id"]} != later.keys()
            assert first.headers["webhook-id"] not in later
            assert waiting["id"] in {body["data"]["id"] for body in later.values()}
            while {known["state"] for known in listed(server)["webhooks"]} != {"delivered"}:
                pass
            assert len(listed(server)["webhooks"]) == 3


def test_time_alone_is_enough_and_so_is_a_poll(tmp_path: Path) -> None:
    """Nobody has to touch the clock; where polls end a batch, the last of them does it."""
    with receiving() as receiver:
        fast = ("--speedup", "100000", "--delay", "1h", "--wait", "1h")
        with running(tmp_path, *fast, "--webhook", receiver.url) as server:
            batch = created(server, "a")
            assert json.loads(receiver.next().body)["data"]["id"] == batch["id"]
        with running(tmp_path, "--frozen", "--progression", "polls:2", "--webhook", receiver.url) as server:
            batch = created(server, "a")
            for _ in range(2):
                assert receiver.queue.empty()
                server.http.get(f"{BATCHES}/{batch['id']}")
            assert json.loads(receiver.next().body)["data"]["id"] == batch["id"]


def test_nobody_there_is_an_attempt_too(tmp_path: Path) -> None:
    """With the reason in place of a status."""
    with receiving() as receiver:
        url = receiver.url
    with running(tmp_path, *FROZEN, "--webhook", url) as server:
        created(server, "a")
        server.advance(by="2h")
        while not (known := listed(server)["webhooks"]) or not known[0]["attempts"]:
            pass
        assert known[0]["attempts"][0]["status"] is None
        assert known[0]["attempts"][0]["error"]


def test_a_secret_of_ones_own(tmp_path: Path) -> None:
    """As `--webhook-secret`; without, the seed makes one."""
    secret = "whsec_" + base64.b64encode(b"x" * 32).decode()
    with (
        receiving() as receiver,
        running(
            tmp_path, "--progression", "immediate", "--webhook", receiver.url, "--webhook-secret", secret
        ) as server,
    ):
        created(server, "a")
        assert unwrapped(receiver.next(), secret).type == "event"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "https://example.com/hook",
            "webhook_url: example.com is not this machine; start mockbatch with --web",
        ),
        ("http://127.0.0.1.example.com", "webhook_url: 127.0.0.1.example.com is not this machine"),
        ("http://localhost@example.com", "webhook_url: example.com is not this machine"),
        ("http://169.254.169.254/latest", "webhook_url: 169.254.169.254 is not this machine"),
        ("ftp://localhost", "webhook_url: Input should be a valid URL"),
        ("http://[", "webhook_url: Input should be a valid URL"),
        ("nonsense", "webhook_url: Input should be a valid URL"),
        (5, "webhook_url: Input should be a valid string"),
        (None, "webhook_url: Input should be a valid string"),
    ],
)
def test_only_this_machine_is_called_unless_a_host_is_allowed(api: Api, url: object, message: str) -> None:
    """And a batch that names another one is refused as a whole."""
    answer = api.post(BATCHES, json={"requests": requests("a"), "webhook_url": url})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)
    assert api.get(BATCHES).json()["data"] == []
    if isinstance(url, str):
        answer = api.post(BATCHES, json={"requests": requests("a")}, headers={"x-mockbatch-webhook": url})
        assert answer.json()["error"]["message"].startswith(message)


def test_a_host_that_is_allowed_may_be_named() -> None:
    """It is called when the time comes; here it does not."""
    with serving(webhook_allow="example.com,hooks.test", delay="1h") as api:
        answer = api.post(BATCHES, json={"requests": requests("a"), "webhook_url": "https://hooks.test/x"})
        assert answer.status_code == 200


def test_a_session_that_is_reset_is_told_of_its_new_batches() -> None:
    """They have the ids of the old ones, for everything is drawn from the same."""
    with receiving() as receiver, serving(webhook=receiver.url, delay="1h") as api:
        ids = []
        for _ in range(2):
            batch = api.create("a")
            api.advance(by="2d")
            ids.append((batch["id"], receiver.next().headers["webhook-id"]))
            assert len(api.get("/_mockbatch/webhooks").json()["webhooks"]) == 1
            assert api.post("/_mockbatch/reset", json={"scope": "all"}).status_code == 200
            assert api.get("/_mockbatch/webhooks").json()["webhooks"] == []
        assert ids[0] == ids[1]


@pytest.mark.parametrize("name", ["lost", "twice", "late", "out_of_order", "bad_signature"])
def test_faults_of_webhooks_are_rules(name: str) -> None:
    """They strike the first of two batches, of which the second ends a minute later."""
    with receiving() as receiver, serving(webhook=receiver.url, delay="1h", wait="0s") as api:
        api.ok(api.post("/_mockbatch/rules", json={"fault": f"webhook.{name}", "nth": 1}))
        first = api.create("a")
        api.advance(by="1m")
        later = api.create("b")
        api.advance(by="59m")
        arrived = []
        if name in ("twice", "bad_signature"):
            arrived = [receiver.next()]
        if name == "twice":
            arrived.append(receiver.next())
            assert arrived[0].headers["webhook-id"] == arrived[1].headers["webhook-id"]
        if name == "bad_signature":
            with pytest.raises(WebhookVerificationError):
                unwrapped(arrived[0], api.get("/_mockbatch/webhooks").json()["secret"])
        api.advance(by="1m")
        assert json.loads(receiver.next().body)["data"]["id"] == later["id"]
        assert arrived or receiver.queue.empty()
        api.advance(by="1h")
        if name in ("late", "out_of_order"):
            assert json.loads(receiver.next().body)["data"]["id"] == first["id"]
        elif name == "lost":
            known = api.get("/_mockbatch/webhooks").json()["webhooks"]
            assert [one["state"] for one in known if one["batch"] == first["id"]] == ["lost"]
        assert receiver.queue.empty()
        (rule,) = api.get("/_mockbatch/rules").json()["rules"]
        assert rule["hits"] == 1


def test_the_pauses_grow_and_end() -> None:
    """Between five seconds and two minutes, drawn by the id."""
    for number in range(200):
        notice = WebhookDelivery(f"whe_{number}", "", "", "message_batch.ended", "", 0, due=0)
        pauses = []
        while notice.due != NEVER:
            at = notice.due
            notice = notices.attempted(notice, notices.Attempt(at, 500))
            pauses.append(notice.due - at)
        first, second, _ = pauses
        assert 5_000_000 <= first < second <= 120_000_000
        assert notice.state == "failed"
