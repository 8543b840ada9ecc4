"""Clients of the official SDK that reach a server, by a socket or without one. The SDK is imported when one is made."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import anthropic


class Clients:
    """Makes clients for one server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def dialable_url(self) -> str:
        return self.url

    def sync(self, api_key: str, options: dict[str, Any]) -> "anthropic.Anthropic":
        sdk = _sdk()
        if "http_client" not in options and self.url.startswith("http:"):
            options = {
                **options,
                "http_client": sdk.DefaultHttpxClient(**self._transport(False), verify=_no_tls(), trust_env=False),
            }
        client: anthropic.Anthropic = sdk.Anthropic(base_url=self.url, api_key=api_key, **options)
        return client

    def asynchronous(self, api_key: str, options: dict[str, Any]) -> "anthropic.AsyncAnthropic":
        sdk = _sdk()
        if "http_client" not in options and self.url.startswith("http:"):
            options = {
                **options,
                "http_client": sdk.DefaultAsyncHttpxClient(**self._transport(True), verify=_no_tls(), trust_env=False),
            }
        client: anthropic.AsyncAnthropic = sdk.AsyncAnthropic(base_url=self.url, api_key=api_key, **options)
        return client

    def _transport(self, asynchronous: bool) -> dict[str, Any]:
        return {}


def _no_tls() -> Any:
    """A context without certificates: to load them takes longer than a test, and nothing here is encrypted."""
    import ssl

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _sdk() -> Any:
    try:
        import anthropic
    except ImportError:
        raise ImportError("a client needs the package anthropic: pip install anthropic") from None
    return anthropic
