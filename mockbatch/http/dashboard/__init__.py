"""The files of the dashboard, served with a policy that allows only this origin and its scripts.

Source: https://www.w3.org/TR/CSP3/
"""

from pathlib import Path

from starlette.types import Receive, Send

from mockbatch.core.contract.errors import NotFound
from mockbatch.http.responses import Headers

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PAGE = "index.html"
_FOLDER = Path(__file__).parent
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_SAFETY = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


class Asset:
    """A file of the dashboard."""

    def __init__(self, name: str) -> None:
        """Raises NotFound for an unknown file."""
        kind = KINDS.get(Path(name).suffix)
        if kind is None or Path(name).name != name or not (_FOLDER / name).is_file():
            raise NotFound(f"The dashboard has no file {name!r}.")
        self._kind = kind
        self._body = (_FOLDER / name).read_bytes()

    async def send(self, own: Headers, receive: Receive, send: Send) -> None:
        headers = {"content-type": self._kind, "content-length": str(len(self._body)), **_SAFETY}
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": [*encoded, *own]})
        await send({"type": "http.response.body", "body": self._body})
