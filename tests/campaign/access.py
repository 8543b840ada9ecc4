"""Ways in: templates, patterns, files, functions, keys, pages, URLs. What is secret never shows, and nobody waits."""

import json
import re
import secrets
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.campaign import ways_in
from tests.campaign.answers import wrong
from tests.campaign.plan import Plan
from tests.campaign.report import Report
from tests.campaign.sentinel import kept_waiting, watching
from tests.campaign.target import Target, target
from tests.campaign.wire import Answer, Connection, Hung, Lost, request, shown
from tests.receiver import receiving

_KEY, _OTHER, _CONTROL, _ADMITTED = "sk-ant-mine", "sk-ant-other", "control-key-of-campaign", "sk-ant-admitted"
_CANARY = "canary-" + secrets.token_hex(12)
_MODULE = 'open("imported", "w").close()\n\n\ndef answer(request):\n    return "canary"\n'
_LEAKS = re.compile(r"<class |<function |<bound method |<built-in |<module | object at 0x|__builtins__'|environ\(")
_MODEL = {"model": "claude-haiku-4-5", "max_tokens": 100}
_PATIENCE = 8.0


class Intruder:
    """Somebody who calls a server, and looks for canaries in all that comes back."""

    def __init__(self, server: Target, report: Report, known: Counter[str]) -> None:
        self.server, self.report, self.known = server, report, known
        self.host = server.host

    def fault(self, kind: str, text: str) -> None:
        self.known[kind] += 1
        if self.known[kind] == 1:
            self.report.fault(text)

    def raw(self, data: bytes, host: str | None = None) -> Answer:
        """Send these bytes; raise Lost or Hung."""
        connection = Connection(host or self.host, self.server.port, _PATIENCE)
        try:
            connection.send(data)
            answer = connection.answer()
        finally:
            connection.close()
        everything = answer.body + repr(answer.headers).encode()
        if _CANARY.encode() in everything:
            self.fault("canary", f"a canary came back; sent {shown(data)}")
        if problem := wrong(answer):
            self.fault(re.sub(r"\d+", "", problem)[:60], f"{problem}; sent {shown(data)}")
        return answer

    def call(
        self, method: str, path: str, key: str | None = _KEY, value: Any = None, at: str | None = None, **more: str
    ) -> Answer:
        headers = {name.replace("_", "-"): text for name, text in more.items()}
        body = None if value is None else json.dumps(value).encode()
        return self.raw(request(method, path, key, body, headers), at)

    def message(self, prompt: str = "Hello", key: str = _KEY, **more: Any) -> Answer:
        return self.call("POST", "/v1/messages", key, _message(prompt, **more))


def _message(prompt: str, **more: Any) -> dict[str, Any]:
    return {**_MODEL, "messages": [{"role": "user", "content": prompt}], **more}


@contextmanager
def _entered(plan: Plan, report: Report, known: Counter[str], *options: str) -> Iterator[Intruder]:
    """A server with canaries around it: a file, a variable and a module in its folder."""
    with target(*options, environ={"CAMPAIGN_CANARY": _CANARY}) as server:
        (server.folder / "canary.txt").write_text(_CANARY)
        (server.folder / "canary_module.py").write_text(_MODULE)
        intruder = Intruder(server, report, known)
        with watching(server.host, server.port, server.pid, report):
            try:
                yield intruder
            except (Lost, Hung, OSError) as error:
                intruder.fault(f"gone {error}", f"the server answers no more: {type(error).__name__} {error}")
        if (server.folder / "imported").exists():
            intruder.fault("imported", "the canary module was imported")
        if any(_CANARY in line for line in list(server.log)):
            intruder.fault("log", "a canary is in the log")
        if not server.process.stopped:
            server.stop(report)


def _templates(intruder: Intruder, plan: Plan) -> None:
    """Each template as the reply of a rule; what it says must show nothing of the inside."""
    name = "{{ fake.name() }}"
    before = _rendered(intruder, name)
    payloads = ways_in.templates(str(intruder.server.folder / "canary.txt"))
    luck = plan.luck("templates")
    if plan.short:
        first = len(ways_in.templates("")) - len(payloads) + 40
        payloads = payloads[:first] + luck.sample(payloads[first:], 60)
    for payload in payloads:
        if plan.short and plan.over:
            break
        intruder.report.tried["templates that want out"] += 1
        said = _rendered(intruder, payload)
        if said is not None and _LEAKS.search(said):
            intruder.fault(f"leak {payload[:24]}", f"the template {payload!r} shows {said[:200]!r}")
    if (after := _rendered(intruder, name)) != before:
        intruder.fault("isolation", f"templates of one session changed {name!r} in another: {before!r}, then {after!r}")


def _rendered(intruder: Intruder, template: str) -> str | None:
    """What a template says; None if it was refused."""
    intruder.call("POST", "/_mockbatch/reset", value={"scope": "all"})
    rule = {"on": "messages", "reply": {"template": template}}
    if intruder.call("PUT", "/_mockbatch/rules", value=[rule]).status != 200:
        return None
    answer = intruder.message()
    if answer.status != 200:
        return None
    return "".join(block.get("text", "") for block in answer.json()["content"])


def _held_up(intruder: Intruder, kind: str, name: str, prepare: Callable[[], Answer | None], call: bytes) -> bool:
    """Whether the server still answers after this; a fault if others had to wait."""
    intruder.report.tried[kind] += 1
    server = intruder.server
    try:
        prepared = prepare()
        if prepared is not None and prepared.status >= 400:
            return True
        waited = kept_waiting(server.host, server.port, server.pid, call)
        if waited > intruder.report.longest_wait:
            intruder.fault(f"{kind} {name[:20]}", f"{kind}: {name!r} keeps all others waiting {waited:.2f} s")
        intruder.call("PUT", "/_mockbatch/rules", value=[])
    except (Lost, Hung, OSError) as error:
        intruder.fault(f"{kind} {name[:20]}", f"{kind}: after {name!r} nothing is answered ({type(error).__name__})")
        server.kill()
        return False
    return True


def _endless(intruder: Intruder, plan: Plan, tried: set[str]) -> bool:
    """Templates, patterns and schemas without end, each once; return False when the server hangs."""
    for kind, name, prepare, call in _attacks(intruder):
        if name in tried or (plan.short and plan.over and len(tried) >= 3):
            continue
        tried.add(name)
        if not _held_up(intruder, kind, name, prepare, call):
            return False
    return True


def _attacks(intruder: Intruder) -> Iterator[tuple[str, str, Callable[[], Answer | None], bytes]]:
    def armed(rule: dict[str, Any]) -> Callable[[], Answer | None]:
        return lambda: intruder.call("PUT", "/_mockbatch/rules", value=[rule])

    attacks: list[tuple[str, str, Callable[[], Answer | None], bytes]] = []
    for text in ways_in.ENDLESS_TEMPLATES:
        rule = {"on": "messages", "reply": {"template": text}}
        attacks.append(("templates without end", text[:200], armed(rule), _post("/v1/messages", _message("Hello"))))
    for pattern, text in ways_in.ENDLESS_PATTERNS:
        rule = {"on": "messages", "match": {"prompt": pattern}, "reply": "echo"}
        attacks.append(("patterns that backtrack", pattern[:200], armed(rule), _post("/v1/messages", _message(text))))
        rule = {"on": "item", "match": {"custom_id": pattern}, "reply": "echo"}
        row = {"custom_id": "a" * 40, "params": _message(text)}
        create = _post("/v1/messages/batches", {"requests": [row]})
        attacks.append(("patterns that backtrack", f"custom_id {pattern[:200]}", armed(rule), create))
    for schema in ways_in.ENDLESS_SCHEMAS:
        told = {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
        message = _post("/v1/messages", _message("Hello", **told))
        attacks.append(("schemas that explode", json.dumps(schema)[:200], lambda: None, message))
    # those of one kind one after another would leave the others out where time is short
    yield from sorted(attacks, key=lambda attack: len(attack[1]) % 7)


def _post(path: str, value: Any) -> bytes:
    return request("POST", path, _KEY, json.dumps(value).encode())


def _files(intruder: Intruder, plan: Plan) -> None:
    """Options and rules that name files and functions, by every route: the same 400, whether they exist or not."""
    there, nowhere = str(intruder.server.folder / "canary.txt"), str(intruder.server.folder / "absent.txt")
    session = intruder.call("POST", "/_mockbatch/sessions", value={"api_key": _KEY}).json()["id"]
    pairs = zip(ways_in.names_of_files(there), ways_in.names_of_files(nowhere), strict=True)
    for (kind, name, value), (_, _, other) in pairs:
        for method, path, made in _routes(kind, session):
            intruder.report.tried["options and rules that name files and functions"] += 1
            answer = intruder.call(method, path, value=made(value))
            again = intruder.call(method, path, value=made(other))
            if answer.status < 400:
                intruder.fault(f"taken {kind} {name}", f"{method} {path} takes {json.dumps(made(value))}")
                intruder.message()
            elif _plain(answer) != _plain(again):
                intruder.fault(
                    f"tells {kind} {name}", f"{method} {path} with {json.dumps(value)} tells whether a file is there"
                )


def _routes(kind: str, session: str) -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
    """Every way to say an option or a rule, and how the body of the call is made of it."""
    options = _with_rules if kind == "rule" else _with_options
    yield "POST", "/_mockbatch/sessions", options
    yield "PATCH", f"/_mockbatch/sessions/{session}", options
    if kind == "rule":
        for method in ("POST", "PUT", "PATCH"):
            yield method, "/_mockbatch/rules", _as_list
        yield "POST", "/_mockbatch/rules", _as_it_is


def _with_rules(told: Any) -> Any:
    return {"options": {"rules": [told]}}


def _with_options(told: Any) -> Any:
    return {"options": told}


def _as_list(told: Any) -> Any:
    return [told]


def _as_it_is(told: Any) -> Any:
    return told


def _plain(answer: Answer) -> tuple[int, str]:
    text = answer.json().get("error", {}).get("message", "") if answer.body else ""
    return answer.status, text.replace("absent", "canary")


_REACHES = (
    *(
        ("GET", f"/_mockbatch/{name}")
        for name in ("sessions", "summary", "metrics", "problems", "requests/unmatched", "info")
    ),
    *(
        ("GET", f"/_mockbatch/{name}")
        for name in ("batches", "requests", "rules", "ledger", "clock", "webhooks", "snapshots")
    ),
    ("GET", "/_mockbatch/requests?session={other}"),
    ("GET", "/_mockbatch/batches?session={other}"),
    ("GET", "/_mockbatch/rules?session={other}"),
    ("GET", "/_mockbatch/ledger?session={other}"),
    ("GET", "/_mockbatch/sessions/{other}"),
    ("PATCH", "/_mockbatch/sessions/{other}"),
    ("POST", "/_mockbatch/reset?session={other}"),
    ("PUT", "/_mockbatch/rules?session={other}"),
    ("POST", "/_mockbatch/clock/freeze?session={other}"),
    ("DELETE", "/_mockbatch/sessions/{other}"),
)
_BODIES: dict[str, Any] = {"PATCH": {"options": {}}, "PUT": []}
_OPEN = ("/_mockbatch/info", "/_mockbatch/faults")


def _keys(intruder: Intruder, hosts: list[str]) -> None:
    """Control calls with no key and with wrong ones: nothing of another session may come back."""
    mark = "mark-" + secrets.token_hex(8)
    row = {"custom_id": mark, "params": _message(mark)}
    intruder.call("POST", "/v1/messages/batches", _ADMITTED, {"requests": [row]})
    sessions = intruder.call("GET", "/_mockbatch/sessions", _CONTROL).json()["sessions"]
    other = sessions[0]["id"] if sessions else "none"
    loopback = ("127.0.0.1", "::1")
    for host in hosts:
        for method, path in _REACHES:
            for key in (None, "", "x", _OTHER, "sk-ant-admin-mine", _ADMITTED[:-1], _CONTROL + "x", _CONTROL.upper()):
                for more in ({}, {"x_forwarded_for": "127.0.0.1"}, {"host": "127.0.0.1"}, {"x_mockbatch_owner": "x"}):
                    intruder.report.tried["control calls without the right key"] += 1
                    address = path.format(other=other)
                    body = {"scope": "all"} if "reset" in path else _BODIES.get(method)
                    answer = intruder.call(method, address, key, body, host, **more)
                    where = "this machine" if host in loopback else "elsewhere"
                    if mark.encode() in answer.body:
                        intruder.fault(
                            f"{address} tells",
                            f"{method} {address} with key {key!r} from {where} tells of another session",
                        )
                    elif answer.status < 400 and path not in _OPEN:
                        intruder.fault(
                            f"{path} open",
                            f"{method} {address} with key {key!r} from {where} is answered {answer.status}",
                        )
    if (
        mark.encode()
        not in intruder.call("GET", f"/_mockbatch/batches?session={other}", _CONTROL).body
        + intruder.call("GET", "/v1/messages/batches", _ADMITTED).body
        and not intruder.call("GET", "/v1/messages/batches", _ADMITTED).json()["data"]
    ):
        intruder.fault("lost", "the batch of the other session is gone after calls without the right key")


def _pages(intruder: Intruder) -> None:
    """Pages of other sites, and paths out of the folder of the dashboard."""
    origins = (
        "http://evil.invalid",
        "null",
        "http://127.0.0.1.evil.invalid",
        "file://",
    )
    for origin in origins:
        for method, path in (
            ("POST", "/_mockbatch/reset"),
            ("PUT", "/_mockbatch/rules"),
            ("GET", "/_mockbatch/sessions"),
        ):
            for site in ("cross-site", "same-site", "none"):
                intruder.report.tried["calls by pages of other sites"] += 1
                value: Any = {"scope": "all"} if "reset" in path else _BODIES.get(method)
                answer = intruder.call(method, path, _KEY, value, origin=origin, sec_fetch_site=site)
                if answer.status < 400:
                    intruder.fault(
                        f"origin {origin}", f"{method} {path} from {origin} ({site}) is answered {answer.status}"
                    )
                if "access-control-allow-origin" in answer.headers:
                    intruder.fault("cors", f"{path} lets {origin} read")
    for host in (
        "evil.example.com",
        "127.0.0.1.evil.example.com",
        "localhost.evil.example.com",
        "a@127.0.0.1",
    ):
        intruder.report.tried["hosts that are not ours"] += 1
        data = request("GET", "/_mockbatch/sessions", _KEY, None, {"origin": f"http://{host}"})
        answer = intruder.raw(data.replace(b"host: 127.0.0.1", b"host: " + host.encode()))
        if answer.status < 400:
            intruder.fault(f"host {host}", f"GET /_mockbatch/sessions of a page of {host} is answered {answer.status}")
    for path in ways_in.TRAVERSALS:
        for root in ("/_mockbatch/dashboard/", "/", "/v1/files/", "/_mockbatch/"):
            intruder.report.tried["paths that lead elsewhere"] += 1
            data = f"GET {root}{path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {_KEY}\r\n\r\n".encode("latin-1")
            with suppress(Lost):
                answer = intruder.raw(data)
                if b"root:" in answer.body or (b"import " in answer.body and b"def " in answer.body):
                    intruder.fault("traversal", f"GET {root}{path} shows a file")


def _webhooks(intruder: Intruder) -> None:
    """URLs that lead elsewhere are refused, and no redirect is followed."""
    row = {"custom_id": "a", "params": _message("Hello")}
    for url in ways_in.FOREIGN_URLS:
        for where in ("body", "header", "option"):
            intruder.report.tried["URLs of webhooks that lead elsewhere"] += 1
            if where == "option":
                answer = intruder.call("POST", "/_mockbatch/sessions", value={"options": {"webhook": url}})
            elif where == "body":
                answer = intruder.call("POST", "/v1/messages/batches", value={"requests": [row], "webhook_url": url})
            elif "\r" in url or not url.isascii() or not url:
                continue
            else:
                answer = intruder.call(
                    "POST", "/v1/messages/batches", _KEY, {"requests": [row]}, x_mockbatch_webhook=url
                )
            if answer.status < 400 and url:
                intruder.fault(f"webhook {where} {url}", f"a webhook to {url!r} as {where} is taken")
    with receiving(302, 307) as trap:
        key = "sk-ant-hooks"
        for _ in range(2):
            made = intruder.call("POST", "/v1/messages/batches", key, {"requests": [row], "webhook_url": trap.url})
            intruder.call("POST", f"/_mockbatch/batches/{made.json().get('id')}/end", key)
            trap.next()
        intruder.call("GET", "/_mockbatch/webhooks", key)
        if not trap.queue.empty() and trap.queue.get().path == "/moved":
            intruder.fault("redirect", "a webhook followed a redirect")


def _shown_secrets(intruder: Intruder) -> None:
    """Secrets in headers, bodies and URLs: the journal and what the dashboard reads must not show them."""
    sent = []
    for number, header in enumerate(ways_in.SECRET_HEADERS):
        secret = f"s3cr3t{number:02}{secrets.token_hex(8)}"
        sent.append((header, secret))
        name, _, text = header.format(secret).partition(": ")
        key = None if name in ("x-api-key", "authorization") else _KEY
        for path in ("/v1/messages", "/v1/nowhere"):
            intruder.report.tried["secrets sent"] += 1
            intruder.raw(request("POST", path, key, json.dumps(_message("Hello")).encode(), {name: text}))
    token = "s3cr3turl" + secrets.token_hex(8)
    sent.append(("the query of an MCP server", token))
    servers = [{"type": "url", "url": f"https://a.invalid/?token={token}", "name": "a", "authorization_token": token}]
    intruder.message(mcp_servers=servers)
    sessions = intruder.call("GET", "/_mockbatch/sessions").json()["sessions"]
    views = ["/_mockbatch/requests/unmatched", "/_mockbatch/problems", "/_mockbatch/summary", "/_mockbatch/sessions"]
    views += [
        f"/_mockbatch/{name}session={session['id']}"
        for session in sessions
        for name in ("requests?bodies=true&limit=1000&", "rules?", "webhooks?", "batches?")
    ]
    told = b"".join(intruder.call("GET", view).body for view in views) + "".join(list(intruder.server.log)).encode()
    for header, secret in sent:
        if secret.encode() in told:
            intruder.fault(
                f"secret {header}", f"what was sent as {header!r} is shown in the journal, a view or the log"
            )


def _own_address() -> str | None:
    """An address of this machine that is not a loopback one."""
    with suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(["hostname", "-I"], capture_output=True, text=True, timeout=5, check=True).stdout
        return next((word for word in told.split() if ":" not in word and not word.startswith("127.")), None)
    return None


def _reachable(host: str, port: int) -> bool:
    with suppress(OSError):
        socket.create_connection((host, port), 2).close()
        return True
    return False


@contextmanager
def _starting(report: Report) -> Iterator[None]:
    """Note a server that does not start, and go on."""
    try:
        yield
    except AssertionError as error:
        report.fault(f"the server does not start: {str(error)[-200:]!r}")


def run(plan: Plan, report: Report) -> None:
    """Try each way in once, on servers of its own."""
    known: Counter[str] = Counter()
    for part in (lambda own: _files(own, plan), _pages, _webhooks, _shown_secrets, lambda own: _templates(own, plan)):
        with _entered(plan, report, known) as intruder:
            part(intruder)
    address = _own_address()
    options = ("--host", "0.0.0.0", "--api-key", _ADMITTED, "--control-key", _CONTROL)
    with _starting(report), _entered(plan, report, known, *options) as intruder:
        hosts = ["127.0.0.1"]
        if address and _reachable(address, intruder.server.port):
            hosts.append(address)
        else:
            report.figures["calls from elsewhere"] = "skipped: this machine has only loopback addresses"
        _keys(intruder, hosts)
    tried: set[str] = set()
    for _ in range(20):
        with _entered(plan, report, known) as intruder:
            if _endless(intruder, plan, tried) or (plan.short and plan.over):
                break
    report.tried["kinds of faults seen again"] += sum(count - 1 for count in known.values())
