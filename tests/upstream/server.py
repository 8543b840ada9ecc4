"""Speaks enough of the API to be recorded, and misbehaves where it is told to. It keeps every byte that it sends.

What happens to a request stands in its last message: `[errored TYPE: MESSAGE]`, with a `!` behind the type where it was
refused before it was executed; `[canceled]`, `[expired]`, `[invalid]`. Or it is told by custom_id in `upstream.fates`.
How a call fails is set for calls to come: `upstream.misbehave("POST /v1/messages", Status(429))`.
"""

import json
import re
import threading
import time
import zlib
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.upstream.replies import message, stream

BATCHES = "/v1/messages/batches"
_SECOND = 1_767_225_600  # 2026-01-01


@dataclass(frozen=True)
class Status:
    """Answer with an error."""

    status: int
    kind: str = "rate_limit_error"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Cut:
    """Break off after so many bytes of the body."""

    after: int


@dataclass(frozen=True)
class Slow:
    """Send this many bytes at a time, with a pause between."""

    piece: int = 7
    pause: float = 0.002


@dataclass(frozen=True)
class Hang:
    """Close the connection without an answer."""


@dataclass
class Sent:
    """One answer as it was sent."""

    call: str
    status: int
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


class Upstream(ThreadingHTTPServer):
    """Batches end at the `polls`th retrieve. `sent` are all answers, `seen` the headers of all calls."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, polls: int = 2) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.polls = polls
        self.sent: list[Sent] = []
        self.seen: list[dict[str, str]] = []
        self.batches: dict[str, dict[str, Any]] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.fates: dict[str, str] = {}
        self._faults: dict[str, list[Any]] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> "Upstream":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def misbehave(self, call: str, *faults: Any) -> None:
        """What goes wrong with the next calls like this; None for one that goes well."""
        self._faults.setdefault(call, []).extend(faults)

    def fault(self, call: str) -> Any:
        with self._lock:
            waiting = self._faults.get(call) or self._faults.get(re.sub(r"msgbatch_\w+", "ID", call))
            return waiting.pop(0) if waiting else None

    def number(self) -> int:
        with self._lock:
            self._count += 1
            return self._count

    def reset(self) -> None:
        """Begin anew, as another day would: the same calls get the same answers."""
        self._count = 0
        self.batches.clear()

    def bodies(self, call: str) -> list[bytes]:
        """The bodies of all answers to this call that were sent to their end."""
        return [bytes(sent.body) for sent in self.sent if sent.call == call]


def moment(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(_SECOND + second)) + f".{second * 7919 % 10**6:06d}+00:00"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answer()

    do_POST = do_DELETE = do_GET

    def answer(self) -> None:
        body = self.read_body()
        path = self.path.partition("?")[0]
        self.call = f"{self.command} {path}"
        self.server.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.fault = self.server.fault(self.call)
        if isinstance(self.fault, Hang):
            self.close_connection = True
            return
        if isinstance(self.fault, Status):
            self.error(self.fault.status, self.fault.kind, "told to", self.fault.headers)
            return
        if self.headers.get("x-api-key", self.headers.get("authorization", "")) in ("", "Bearer wrong"):
            self.error(401, "authentication_error", "API key is invalid.")
            return
        self.route(path, body)

    def route(self, path: str, body: bytes) -> None:
        parts = path.removeprefix("/v1/").split("/")
        match self.command, parts:
            case "POST", ["messages"]:
                self.messages(json.loads(body))
            case "POST", ["messages", "count_tokens"]:
                self.json(200, {"input_tokens": len(body) // 4})
            case "POST", ["messages", "batches"]:
                self.create(json.loads(body))
            case "GET", ["messages", "batches"]:
                shown = [self.shown(batch) for batch in reversed(self.server.batches.values())]
                ids: list[Any] = [batch["id"] for batch in shown] or [None]
                self.json(200, {"data": shown, "has_more": False, "first_id": ids[0], "last_id": ids[-1]})
            case "GET", ["messages", "batches", name]:
                self.retrieve(name)
            case "GET", ["messages", "batches", name, "results"]:
                self.results(name)
            case "POST", ["files"]:
                self.upload(body)
            case "GET", ["files", file] if file in self.server.files:
                self.json(200, self.server.files[parts[1]])
            case "DELETE", ["files", name] if self.server.files.pop(name, None):
                self.json(200, {"id": name, "type": "file_deleted"})
            case _:
                self.error(404, "not_found_error", "The requested resource could not be found.")

    def read_body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def messages(self, params: dict[str, Any]) -> None:
        text = last_text(params)
        if "[invalid]" in text:
            self.error(400, "invalid_request_error", "messages: told to be invalid")
            return
        reply = message(params, self.server.number(), "standard")
        if params.get("stream"):
            self.send_all(200, stream(reply), "text/event-stream; charset=utf-8", chunked=True)
        else:
            self.json(200, reply)

    def create(self, body: dict[str, Any]) -> None:
        if not body["requests"]:
            self.error(
                400, "invalid_request_error", "requests: List should have at least 1 item after validation, not 0"
            )
            return
        number = self.server.number()
        batch = {"id": f"msgbatch_01Upstream{number:014d}", "number": number, "requests": body["requests"], "polls": 0}
        self.server.batches[batch["id"]] = batch
        self.json(200, self.shown(batch))

    def retrieve(self, name: str) -> None:
        batch = self.server.batches.get(name)
        if batch is None:
            self.error(404, "not_found_error", f"Message Batch {name} not found.")
            return
        batch["polls"] += 1
        self.json(200, self.shown(batch), (("retry-after", "0"),))

    def shown(self, batch: dict[str, Any]) -> dict[str, Any]:
        created, size = batch["number"] * 1000, len(batch["requests"])
        ended = batch["polls"] >= self.server.polls
        kinds = [self.outcome(request)[0] for request in batch["requests"]] if ended else []
        url = f"https://api.example.com{BATCHES}/{batch['id']}/results"
        return {
            "id": batch["id"],
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": {
                "processing": 0 if ended else size,
                **{kind: kinds.count(kind) for kind in ("succeeded", "errored", "canceled", "expired")},
            },
            "ended_at": moment(created + 252) if ended else None,
            "created_at": moment(created),
            "expires_at": moment(created + 86_400),
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": url if ended else None,
        }

    def results(self, name: str) -> None:
        batch = self.server.batches.get(name)
        if batch is None or batch["polls"] < self.server.polls:
            self.error(404, "not_found_error", f"Message Batch {name} has no available results.")
            return
        lines = [compact({"custom_id": one["custom_id"], "result": self.result(one)}) for one in batch["requests"]]
        # in no order, as the API says
        lines.sort(key=lambda line: hash_of(line))
        self.send_all(200, b"".join(line + b"\n" for line in lines), "application/x-jsonl", chunked=True)

    def result(self, request: dict[str, Any]) -> dict[str, Any]:
        kind, error = self.outcome(request)
        if kind == "succeeded":
            return {"type": kind, "message": message(request["params"], hash_of(compact(request)), "batch")}
        return {"type": kind} if error is None else {"type": kind, "error": error}

    def outcome(self, request: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
        fate = self.server.fates.get(request["custom_id"])
        return outcome(last_text(request["params"]) if fate is None else fate)

    def upload(self, body: bytes) -> None:
        found = re.search(rb'filename="([^"]*)"', body)
        number = self.server.number()
        file: dict[str, Any] = {
            "id": f"file_011Upstream{number:012d}",
            "type": "file",
            "filename": found[1].decode() if found else "unnamed",
            "mime_type": "text/plain",
            "size_bytes": len(body),
            "created_at": moment(number),
            "downloadable": False,
            "expires_at": None,
        }
        self.server.files[file["id"]] = file
        self.json(200, file)

    def json(self, status: int, content: Any, headers: tuple[tuple[str, str], ...] = ()) -> None:
        # spaces, so that whoever encodes it anew is found out
        self.send_all(status, json.dumps(content).encode(), "application/json", headers)

    def error(self, status: int, kind: str, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        error = {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_upstream"}
        self.json(status, error, headers)

    def send_all(
        self, status: int, body: bytes, kind: str, headers: tuple[tuple[str, str], ...] = (), *, chunked: bool = False
    ) -> None:
        sent = Sent(self.call, status, dict([("content-type", kind), ("request-id", "req_upstream"), *headers]))
        self.server.sent.append(sent)
        self.send_response(status)
        for name, value in sent.headers.items():
            self.send_header(name, value)
        self.send_header("transfer-encoding" if chunked else "content-length", "chunked" if chunked else str(len(body)))
        self.end_headers()
        cut = self.fault.after if isinstance(self.fault, Cut) else len(body)
        piece = self.fault.piece if isinstance(self.fault, Slow) else 1 << 16
        for start in range(0, cut, piece):
            part = body[start : min(start + piece, cut)]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
            self.wfile.flush()
            sent.body += part
            if isinstance(self.fault, Slow):
                time.sleep(self.fault.pause)
        if cut < len(body):
            self.close_connection = True
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")


def outcome(text: str) -> tuple[str, dict[str, Any] | None]:
    """The result type that a text asks for, and its error."""
    if found := re.search(r"\[errored (\w+)(!?): ([^\]]*)\]", text):
        details = {"error_visibility": "user_facing"} if found[2] else None
        error = {"details": details, "type": found[1], "message": found[3]}
        request_id = None if found[2] else f"workerreq_01{hash_of(text.encode()):022d}"
        return "errored", {"type": "error", "error": error, "request_id": request_id}
    for kind in ("canceled", "expired"):
        if f"[{kind}]" in text:
            return kind, None
    return "succeeded", None


def last_text(params: dict[str, Any]) -> str:
    content = params["messages"][-1]["content"] if params.get("messages") else ""
    return content if isinstance(content, str) else json.dumps(content)


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def hash_of(data: bytes) -> int:
    """A number that is the same in every process."""
    return zlib.crc32(data)
