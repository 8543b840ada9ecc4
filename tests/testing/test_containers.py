"""The testcontainers module, with a daemon that knows one container: a real server that it has not started."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from mockbatch.config import ConfigError
from mockbatch.testing import Server

ID = "a" * 64


class Daemon(BaseHTTPRequestHandler):
    """As much of Docker's API as a container needs that is started, asked for its port, and removed."""

    port: ClassVar[int]
    created: ClassVar[dict[str, Any]]

    def do_GET(self) -> None:
        if self.path.endswith("/version"):
            self._answer({"ApiVersion": "1.47", "MinAPIVersion": "1.24", "Version": "27"})
        elif "/networks" in self.path:
            self._answer([])
        elif "/containers/" in self.path:
            bound = {"8787/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(self.port)}]}
            self._answer(
                {
                    "Id": ID,
                    "Name": "/mockbatch",
                    "State": {"Status": "running", "Running": True},
                    "Config": {"Labels": {}, "Image": "mockbatch"},
                    "NetworkSettings": {"Ports": bound, "Networks": {"bridge": {"Gateway": "127.0.0.1"}}},
                    "HostConfig": {"NetworkMode": "bridge"},
                }
            )
        else:
            self._answer({"Id": "sha256:1", "Config": {}, "OperatingSystem": "linux"})

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        if "/containers/create" in self.path:
            type(self).created = json.loads(sent)
            self._answer({"Id": ID, "Warnings": []}, 201)
        else:
            self._answer(None, 204)

    def do_DELETE(self) -> None:
        self._answer(None, 204)

    def _answer(self, content: Any, status: int = 200) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told: Any) -> None:
        pass


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Daemon]]:
    with Server() as server, ThreadingHTTPServer(("127.0.0.1", 0), Daemon) as http:
        Daemon.port = int(server.url.rpartition(":")[2])
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{http.server_port}")
        yield Daemon
        http.shutdown()
        thread.join()


def test_a_container_has_its_options_and_is_ready(daemon: type[Daemon], monkeypatch: pytest.MonkeyPatch) -> None:
    """By environment; it waits for /health, and its sessions are those of any server."""
    from testcontainers.core.config import ConnectionMode, testcontainers_config

    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    # these tests may themselves run in a container
    monkeypatch.setattr(testcontainers_config, "connection_mode_override", ConnectionMode.docker_host)
    from mockbatch.testing.containers import MockbatchContainer

    with MockbatchContainer(seed=7, fail_rate=0.05, frozen=True) as container:
        assert container.url == f"http://127.0.0.1:{daemon.port}"
        with container.server() as server, server.session() as session:
            assert session.batches.orphans() == []
    assert daemon.created["Image"] == "mockbatch"
    assert set(daemon.created["Env"]) == {"MOCKBATCH_SEED=7", "MOCKBATCH_FAIL_RATE=0.05", "MOCKBATCH_FROZEN=True"}
    assert daemon.created["ExposedPorts"] == {"8787/tcp": {}}


def test_unknown_options_are_refused(daemon: type[Daemon]) -> None:
    """With the nearest name."""
    from mockbatch.testing.containers import MockbatchContainer

    with pytest.raises(ConfigError, match=r"unknown option fail_rat\. Did you mean fail_rate\?"):
        MockbatchContainer(fail_rat=1)  # type: ignore[call-arg]
