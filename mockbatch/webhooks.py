"""Webhook deliveries over HTTP, signed as in Standard Webhooks."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mockbatch.core.hosts import is_local
from mockbatch.core.time.spans import SECOND

if TYPE_CHECKING:
    from httpx2 import AsyncClient

_SECONDS = 10.0


class Webhooks:
    """Posts webhook events. Redirects are not followed: only the configured host may be called."""

    def __init__(self) -> None:
        self._clients: dict[bool, AsyncClient] = {}

    async def post(self, url: str, body: bytes, *, id: str, secret: str, now: int) -> tuple[int | None, str]:
        """Return the response status, or None and the reason. `now` is the real time in microseconds."""
        # imported lazily: most servers have no webhooks
        from httpx2 import HTTPError, InvalidURL
        from standardwebhooks import Webhook

        moment = datetime.fromtimestamp(now // SECOND, UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(now // SECOND),
            "webhook-signature": Webhook(secret).sign(id, moment, body.decode()),
        }
        try:
            answer = await self._client(url).post(url, content=body, headers=headers)
        except (HTTPError, InvalidURL, OSError, ValueError) as error:
            return None, str(error) or type(error).__name__
        return answer.status_code, ""

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    def _client(self, url: str) -> "AsyncClient":
        from httpx2 import AsyncClient

        # proxies are only for hosts outside this machine
        trusting = not is_local(url)
        if trusting not in self._clients:
            self._clients[trusting] = AsyncClient(timeout=_SECONDS, follow_redirects=False, trust_env=trusting)
        return self._clients[trusting]
