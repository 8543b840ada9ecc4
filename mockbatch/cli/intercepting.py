"""`mockbatch run --intercept`: what catches programs that name the official host, around the server and its command."""

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

# the first releases of Node that follow the proxy settings of their environment; all from 25 on do
_FOLLOWS = {22: 21, 24: 5}


class Trust(NamedTuple):
    """A certificate for the official host, and the variables with which programs trust it."""

    context: ssl.SSLContext
    variables: dict[str, str]


@contextmanager
def trusted() -> Iterator[Trust]:
    """A certificate whose files are gone afterwards. Raises BadConfig."""
    from mockbatch.intercept import InterceptError
    from mockbatch.intercept.certificate import certified
    from mockbatch.intercept.roots import write_bundles

    try:
        folder = TemporaryDirectory(prefix="mockbatch-run-", ignore_cleanup_errors=True)
    except OSError as error:
        raise BadConfig(f"--intercept: no folder for the certificate can be made: {error.strerror}") from None
    with folder as path:
        try:
            context, root = certified(Path(path))
            variables = write_bundles(Path(path), os.environ, root)
        except InterceptError as error:
            raise BadConfig(f"--intercept: {error}") from None
        yield Trust(context, variables)


class Interception:
    """A proxy in front of a server's TLS port; gone after `with`."""

    def __init__(self, tls_port: int, *, offline: bool) -> None:
        """Raise BadConfig for proxy settings that cannot be followed."""
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

    def told(self) -> dict[str, Any]:
        """What came through, for the summary."""
        proxy = self._proxy
        return {
            "host": HOST,
            "connections": proxy.caught,
            "passed": dict(proxy.passed),
            "refused": dict(proxy.refused),
            "failed": dict(proxy.failed),
        }


def without_a_call(intercepted: Mapping[str, Any]) -> str:
    """Why nothing may have called the API, and what to try."""
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
    """That Node on the path is one of those, if it is."""
    version = _node()
    ignores = version and version[0] < 25 and version[1] < _FOLLOWS.get(version[0], 1000)
    return f" (here it is {'.'.join(map(str, version))})" if version and ignores else ""


def _node() -> tuple[int, ...] | None:
    """The version of Node on the path."""
    program = shutil.which("node")
    if program is None:
        return None
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5, check=False).stdout
        return tuple(map(int, said.strip().removeprefix("v").split(".")))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
