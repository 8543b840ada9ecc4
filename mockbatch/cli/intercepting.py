"""`mockbatch run --intercept`: redirects programs that call the official host itself to the server."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from mockbatch.cli import BadConfig
from mockbatch.intercept import HOST

# the first minor releases of Node, by major, that honour proxy variables; all do from 25 on
_FOLLOWS = {22: 21, 24: 5}


class Trust(NamedTuple):
    """A certificate for the official host, and the variables that make programs trust it."""

    context: ssl.SSLContext
    variables: dict[str, str]


@contextmanager
def trusted() -> Iterator[Trust]:
    """Create a certificate; its files are deleted on exit. Raises BadConfig."""
    from mockbatch.intercept import InterceptError
    from mockbatch.intercept.certificate import certified
    from mockbatch.intercept.roots import write_bundles

    try:
        folder = TemporaryDirectory(prefix="mockbatch-run-", ignore_cleanup_errors=True)
    except OSError as error:
        raise BadConfig(f"--intercept: cannot create a folder for the certificate: {error.strerror}") from None
    with folder as path:
        try:
            context, root = certified(Path(path))
            variables = write_bundles(Path(path), os.environ, root)
        except InterceptError as error:
            raise BadConfig(f"--intercept: {error}") from None
        yield Trust(context, variables)


class Interception:
    """A proxy in front of a server's TLS port; stopped on exit of the context."""

    def __init__(self, tls_port: int, *, offline: bool) -> None:
        """Start the proxy. Raises BadConfig for unsupported proxy settings."""
        from mockbatch.intercept import InterceptError
        from mockbatch.intercept.proxy import Proxy, Routes
        from mockbatch.intercept.settings import Bypass, upstream_of, variables
        from mockbatch.intercept.tunnels import Target

        bypass = Bypass.of(os.environ)
        try:
            upstream = None if offline else upstream_of(os.environ)
            self._proxy = Proxy(Routes(Target("127.0.0.1", tls_port), bypass, upstream, offline))
        except InterceptError as error:
            raise BadConfig(f"--intercept: {error}") from None
        except OSError as error:
            raise BadConfig(f"--intercept: the proxy cannot listen on 127.0.0.1: {error.strerror}") from None
        self.variables = variables(self._proxy.url, bypass, offline=offline)

    def __enter__(self) -> "Interception":
        return self

    def __exit__(self, *_: object) -> None:
        self._proxy.stop()

    def summary(self) -> dict[str, Any]:
        """Return the connections by target, for the summary."""
        proxy = self._proxy
        return {
            "host": HOST,
            "connections": proxy.caught,
            "passed": dict(proxy.passed),
            "refused": dict(proxy.refused),
            "failed": dict(proxy.failed),
        }


def without_a_call(intercepted: Mapping[str, Any]) -> str:
    """Return why nothing may have called the API, and what to try."""
    if intercepted["connections"]:
        return (
            f"the connections to {HOST} were caught, but sent no request; the command may trust only certificates of "
            "its own, not those in SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or NODE_EXTRA_CA_CERTS"
        )
    return (
        f"no connection to {HOST} came through the proxy; the command may ignore HTTPS_PROXY, as do "
        f"aiohttp without trust_env=True and Node before 22.21 and 24.5{_here()}; point it to ANTHROPIC_BASE_URL"
    )


def _here() -> str:
    """Return a remark if the Node on the path ignores proxy variables, else an empty string."""
    version = _node()
    ignores = version and version[0] < 25 and version[1] < _FOLLOWS.get(version[0], 1000)
    return f" (here it is {'.'.join(map(str, version))})" if version and ignores else ""


def _node() -> tuple[int, ...] | None:
    """Return the version of the Node on the path, None without one."""
    program = shutil.which("node")
    if program is None:
        return None
    try:
        output = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5, check=False).stdout
        return tuple(map(int, output.strip().removeprefix("v").split(".")))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
