"""Raw bytes: nothing is smuggled, refusals keep to the envelope, nothing hangs, nobody else is kept waiting."""

import re
import socket
import threading
import time
from collections import Counter
from contextlib import suppress

from tests.campaign.answers import wrong
from tests.campaign.plan import Plan
from tests.campaign.raw_requests import Raw, bodies, chunks, framing, headers, lines, mutated
from tests.campaign.report import Report
from tests.campaign.sentinel import LONG, Sentinel, Wait, kept_waiting, watching
from tests.campaign.target import Target, target
from tests.campaign.wire import Answer, Connection, Hung, Lost, request, shown

_PATIENCE = 60.0
_MOST_MB = 700.0


class Campaign:
    """One server and all that was sent to it."""

    def __init__(self, plan: Plan, report: Report, server: Target, sentinel: Sentinel) -> None:
        self.plan, self.report, self.server, self.sentinel = plan, report, server, sentinel
        self.known: Counter[str] = Counter()
        self.most = 0.0

    def fault(self, kind: str, text: str) -> None:
        self.known[kind] += 1
        if self.known[kind] == 1:
            self.report.fault(text)

    def send(self, raw: Raw, kind: str) -> None:
        """Send it, count and judge the answers, and see whether the sentinel had to wait meanwhile."""
        self.report.tried[kind] += 1
        began = time.monotonic()
        try:
            answers = self._answers(raw)
        except Hung:
            self.fault(f"hang {raw.name}", f"{raw.name}: no answer within {_PATIENCE:.0f} s; sent {shown(raw.data)}")
            return
        except OSError as error:
            self.fault("connect", f"{raw.name}: cannot connect: {error}")
            return
        self._judge(raw, kind, answers)
        self.most = max(self.most, self.server.megabytes())
        self._waits(raw, began)

    def _answers(self, raw: Raw) -> list[Answer]:
        """All answers to these bytes, until the server ends the connection or has nothing more to say."""
        connection = Connection(self.server.host, self.server.port, _PATIENCE)
        found: list[Answer] = []
        sender = threading.Thread(target=_send, args=(connection, raw), daemon=True)
        sender.start()
        try:
            while True:
                found.append(connection.answer())
                if len(found) >= max(raw.least, 1):
                    connection.socket.settimeout(raw.pause if len(found) >= raw.most else 0.5)
        except Lost:
            return found
        except Hung:
            if len(found) < raw.least:
                raise
            return found
        finally:
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
            sender.join(10)
            connection.close()

    def _judge(self, raw: Raw, kind: str, answers: list[Answer]) -> None:
        if len(answers) > raw.most:
            self.fault(
                f"smuggled {raw.name}", f"{raw.name}: {len(answers)} answers to {raw.most}; sent {shown(raw.data)}"
            )
        if len(answers) < raw.least:
            self.fault(
                f"silence {raw.name}", f"{raw.name}: {len(answers)} answers of {raw.least}; sent {shown(raw.data)}"
            )
        for answer in answers:
            self.report.tried[f"answers {answer.status // 100}xx"] += 1
            if raw.refused and answer.status < 400:
                self.fault(
                    f"taken {raw.name}", f"{raw.name}: answered {answer.status}, not refused; sent {shown(raw.data)}"
                )
            if problem := wrong(answer):
                what = re.sub(r"\d+", "", problem)[:50]
                self.fault(f"{kind} {what}", f"{raw.name}: {problem}; sent {shown(raw.data)}")

    def _waits(self, raw: Raw, began: float) -> None:
        if time.monotonic() - began < LONG or not any(wait.ended > began for wait in self._news()):
            return
        self.report.tried["suspects repeated alone"] += 1
        waited = kept_waiting(self.server.host, self.server.port, self.server.pid, raw.data)
        if waited > self.report.longest_wait:
            self.fault(
                f"waits {raw.name}", f"{raw.name} keeps all others waiting {waited:.2f} s; sent {shown(raw.data)}"
            )
        self._news()

    def _news(self) -> list[Wait]:
        time.sleep(0.03)
        return self.sentinel.look()


def _send(connection: Connection, raw: Raw) -> None:
    with suppress(Lost, Hung, OSError):
        connection.send(raw.data)
        if not raw.ends:
            connection.socket.shutdown(socket.SHUT_WR)


def _cut(campaign: Campaign, count: int) -> None:
    """Bodies that end too soon: the connection closed or reset at every place of a create."""
    body = b'{"requests":[{"custom_id":"a","params":{}}]}'
    data = request("POST", "/v1/messages/batches", "sk-ant-cut", body)
    luck = campaign.plan.luck("cut")
    for number in range(count):
        with suppress(Lost, Hung, OSError):
            connection = Connection(campaign.server.host, campaign.server.port)
            connection.send(data[: luck.randrange(1, len(data) - 1)])
            if number % 2:
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        campaign.report.tried["bodies cut or aborted"] += 1
    connection = Connection(campaign.server.host, campaign.server.port)
    connection.send(request("GET", "/v1/messages/batches", "sk-ant-cut"))
    if made := len(connection.answer().json()["data"]):
        campaign.fault("cut", f"{made} batches were made of bodies that were cut off")
    connection.close()


def _slow(campaign: Campaign, count: int, seconds: float) -> None:
    """Many connections that send a byte now and then, while one plain call is answered again and again."""
    open_ = [Connection(campaign.server.host, campaign.server.port) for _ in range(count)]
    campaign.report.tried["connections that send a byte now and then"] += count
    end = time.monotonic() + seconds
    for connection in open_:
        connection.send(b"POST /v1/messages/batches HTTP/1.1\r\nx-a: ")
    while time.monotonic() < end:
        for connection in open_:
            with suppress(Lost, Hung):  # the server may have had enough of it
                connection.send(b"a")
        plain = Connection(campaign.server.host, campaign.server.port)
        plain.send(request("GET", "/health"))
        if plain.answer().status != 200:
            campaign.fault("slow", "GET /health is refused beside slow connections")
        plain.close()
        time.sleep(0.2)
    for connection in open_:
        connection.close()


def run(plan: Plan, report: Report) -> None:
    """Send every kind once, then mutations until the time is over."""
    with target("--progression", "polls:2") as server:
        before = server.megabytes()
        with watching(server.host, server.port, server.pid, report) as sentinel:
            campaign = Campaign(plan, report, server, sentinel)
            _kinds(campaign)
            luck, count = plan.luck("mutations"), 0
            while server.alive and count < 200_000 and (count < 10 or not plan.over):
                campaign.send(mutated(luck), "mutations of valid requests")
                count += 1
            if not server.alive:
                campaign.fault("crash", f"the server ended: {''.join(list(server.log)[-5:])!r}")
        report.figures["RSS at the start / most / at the end"] = (
            f"{before:.0f} / {campaign.most:.0f} / {server.megabytes():.0f} MB"
        )
        if campaign.most > _MOST_MB:
            campaign.fault("memory", f"memory: {campaign.most:.0f} MB")
        server.stop(report)


def _kinds(campaign: Campaign) -> None:
    short = campaign.plan.short
    kinds = {
        "smuggling": framing(),
        "chunks": chunks(),
        "versions, targets, protocols": lines(),
        "headers": headers(),
        "bodies": bodies(short),
    }
    for kind, raws in kinds.items():
        for raw in raws:
            if not campaign.server.alive:
                return
            if short and campaign.plan.over:
                break
            campaign.send(raw, kind)
    _cut(campaign, 50 if short else 500)
    _slow(campaign, 100 if short else 400, 1.0 if short else 20.0)
