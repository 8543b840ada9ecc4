"""Of a call only what is harmless is shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.cassette.display import shown_header, shown_text, shown_value
from mockbatch.core.cassette.redaction import Redactor, secrets_in
from mockbatch.core.cassette.secrets import SECRETS
from mockbatch.core.cassette.urls import Urls

SECRET = "hunter2hunter2hunter2"


@pytest.mark.parametrize(
    "name",
    [
        *("x-api-key", "authorization", "proxy-authorization", "cookie", "x-auth-token", "x-mockbatch-control-key"),
        *("x-mockbatch-owner", "x-mockbatch-webhook", "x-anything-else", "x-forwarded-user", "referer", "anthropic-x"),
    ],
)
@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer  {}", "Basic {}", "a={}; b=c"])
def test_a_header_that_is_not_known_is_not_shown(name: str, form: str) -> None:
    """Whatever is in it."""
    assert shown_header(name, form.format(SECRET)) == "[redacted]"


@pytest.mark.parametrize(
    "name", ["content-type", "user-agent", "anthropic-version", "x-stainless-retry-count", "accept"]
)
def test_harmless_headers_are_shown(name: str) -> None:
    """Unless there is a key in them."""
    assert shown_header(name, "some/thing") == "some/thing"
    assert "abcdefgh" not in shown_header(name, "sk-ant-abcdefgh")


URLS = [
    "https://me:{}@mcp.example.com/sse",
    "https://{}@mcp.example.com",
    "https://mcp.example.com/sse?token={}",
    "https://mcp.example.com/sse?a=b&API_KEY={}#x",
    "https://mcp.example.com/sse#access_token={}",
    "wss://mcp.example.com/?X-Amz-Signature={}&x=1",
]
OF_SERVERS = ["https://mcp.example.com/s/{}/mcp", "https://mcp.example.com/sse?session={}"]


@pytest.mark.parametrize("url", [*URLS, *OF_SERVERS])
def test_tokens_in_the_urls_of_servers_are_neither_recorded_nor_shown(url: str) -> None:
    """And `fixtures check` finds them in what was recorded by other means."""
    request = {"mcp_servers": [{"type": "url", "url": url.format(SECRET), "name": "x"}]}
    assert SECRET in json.dumps(list(secrets_in({"request": request}, SECRETS)))
    recorded = Redactor().value(request)
    assert SECRET not in json.dumps(recorded)
    assert "mcp.example.com" in json.dumps(recorded)
    assert list(secrets_in({"request": recorded}, SECRETS)) == []
    assert Redactor().value(recorded) == recorded
    for text in (json.dumps(request), json.dumps(request)[:-9], f"see {url.format(SECRET)}."):
        assert SECRET not in shown_text(text)
    assert SECRET not in json.dumps(shown_value(request))


@pytest.mark.parametrize("url", URLS)
def test_tokens_in_any_other_url_are_not_recorded(url: str) -> None:
    """In prompts, tools and answers."""
    assert SECRET not in Redactor().text(f"Read <{url.format(SECRET)}> please")


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/a/b?page=2&sort=asc#top",
        "https://example.com/@someone/post",
        "mail me@example.com, or http://example.com:80",
        "://@ :// ?token= https://",
    ],
)
def test_plain_urls_are_recorded_as_they_are(text: str) -> None:
    """A query is no secret by itself."""
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    "body",
    [
        '{{"authorization_token": "{}"}}',
        '{{"Password":"{}"',
        '{{"text": "{{\\"api_key\\": \\"{}\\"}}"}}',
        "curl -H 'authorization: Bearer {}'",
        '{{"webhook_secret": "{}", "n": 1}}',
    ],
)
def test_fields_that_hold_secrets_are_not_shown(body: str) -> None:
    """In bodies that were cut, and inside of texts, as well."""
    assert SECRET not in shown_text(body.format(SECRET))


@given(st.text(st.sampled_from('ab1:/?#@&=[] ."\\'), max_size=60))
def test_spans_are_in_order_and_apart(text: str) -> None:
    """So that what is between them stays."""
    for strict in (True, False):
        at = 0
        for start, end in Urls(strict=strict).spans(text):
            assert at <= start < end <= len(text)
            at = end
