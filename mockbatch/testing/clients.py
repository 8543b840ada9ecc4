"""Create clients of the official SDK for a server, with or without a socket. Imports the SDK on first use."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import anthropic


class Clients:
    """A factory of clients for one server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def dialable_url(self) -> str:
        return self.url

    def sync(self, api_key: str, options: dict[str, Any]) -> "anthropic.Anthropic":
        sdk = _sdk()
        if "http_client" not in options and self.url.startswith("http:"):
            options = {**options, "http_client": sdk.DefaultHttpxClient(**self._plain(), **self._transport(False))}
        client: anthropic.Anthropic = sdk.Anthropic(base_url=self.url, api_key=api_key, **options)
        return client

    def asynchronous(self, api_key: str, options: dict[str, Any], keep_alive: bool) -> "anthropic.AsyncAnthropic":
        sdk = _sdk()
        if "http_client" not in options and self.url.startswith("http:"):
            more = self._plain() if keep_alive else {**self._plain(), "limits": _no_idle_connection()}
            options = {**options, "http_client": sdk.DefaultAsyncHttpxClient(**more, **self._transport(True))}
        client: anthropic.AsyncAnthropic = sdk.AsyncAnthropic(base_url=self.url, api_key=api_key, **options)
        return client

    def _plain(self) -> dict[str, Any]:
        """Disable proxies and certificates: loading them takes longer than a test, and nothing here is encrypted."""
        import ssl

        return {"trust_env": False, "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}

    def _transport(self, asynchronous: bool) -> dict[str, Any]:
        return {}


def _no_idle_connection() -> Any:
    import httpx2

    return httpx2.Limits(max_keepalive_connections=0)


def _sdk() -> Any:
    try:
        import anthropic
    except ImportError:
        raise ImportError("a client needs the package anthropic: pip install anthropic") from None
    return anthropic
