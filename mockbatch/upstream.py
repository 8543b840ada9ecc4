"""The API that is being recorded: requests are forwarded unchanged, and responses streamed back."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpx2

Headers = list[tuple[bytes, bytes]]

# hop-by-hop headers, and those the next hop sets itself
_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    }
)
_NOT_SENT = _HOP | {b"host", b"accept-encoding", b"expect"}
_CONNECTING = 30.0


class UpstreamFailed(Exception):
    """The upstream cannot be reached, or broke off. The message is one sentence."""


class Upstream:
    """An HTTP client for one base URL. It does not retry, follow redirects, or time out after connecting."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        timeout = httpx2.Timeout(None, connect=_CONNECTING)
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
        self._client = httpx2.AsyncClient(timeout=timeout, limits=limits)

    async def close(self) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def call(
        self, method: str, path: str, headers: Iterable[tuple[bytes, bytes]], body: AsyncIterator[bytes] | None
    ) -> AsyncIterator["UpstreamResponse"]:
        """Forward a call. `path` begins with a slash and includes the query. Raises UpstreamFailed.

        Responses are requested uncompressed, so that they can be read on the way.
        """
        sent = [(name, value) for name, value in headers if name not in _NOT_SENT]
        sent.append((b"accept-encoding", b"identity"))
        request = httpx2.Request(method, f"{self.url}{path}", headers=sent, content=body)
        try:
            response = await self._client.send(request, stream=True)
        except httpx2.HTTPError as error:
            raise UpstreamFailed(f"{self.url} cannot be reached: {_reason(error)}") from None
        try:
            yield UpstreamResponse(response)
        finally:
            await response.aclose()


class UpstreamResponse:
    """The status and headers of a response; `pieces` yields the body."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Headers = [
            (name.lower(), value) for name, value in response.headers.raw if name.lower() not in _HOP
        ]

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body, byte for byte. Raises UpstreamFailed if it breaks off."""
        try:
            async for piece in self._response.aiter_raw():
                yield piece
        except httpx2.HTTPError as error:
            raise UpstreamFailed(f"the response broke off: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
