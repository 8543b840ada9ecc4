"""No secret is left, wherever it stands; and what is no secret stays."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.cassette.redaction import Redaction, Redactor, secrets_in
from mockbatch.core.cassette.secrets import CARDS, MAILS, SECRETS, parse_pattern
from mockbatch.core.cassette.values import canonical

# made here, so that no scanner takes this file for a leak
KEYS = {
    "anthropic": "sk-ant-" + "api03-Ab_9" * 4,
    "openai": "sk-" + "proj-" + "a1B2" * 8,
    "stripe": "sk_" + "live_" + "a1B2" * 6,
    "aws": "AKIA" + "ABCDEFGH12345678",
    "google": "AIza" + "Sy" + "a1B2_" * 6 + "abc",
    "github": "ghp_" + "a1B2" * 9,
    "github fine": "github_pat_" + "a1B2_" * 10,
    "slack": "xoxb-" + "123456-abcdef",
    "jwt": "eyJ" + "hbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
    "bearer": "Bearer " + "a1B2" * 6,
    "header": "x-api-key: " + "whatever_it_is",
    "authorization": "Authorization: Basic " + "dXNlcjpwYXNz",
    "private": "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE\n-----END RSA PRIVATE " + "KEY-----",
}
CARD_NUMBERS = ("4111111111111111", "5500 0000 0000 0004", "3782-822463-10005", "6011 1111 1111 1117")
MAIL_ADDRESSES = ("bob@example.com", "a.b+c@sub.example.co.uk", "żółw@example.pl", "o'neil@example.org")
ALL = Redactor(Redaction(("metadata.user_id", "token"), ("mail", "card", r"ORD-\d{4}"), True), ["literal-secret"])
SECRET_TEXTS = (*KEYS.values(), *CARD_NUMBERS, *MAIL_ADDRESSES, "ORD-1234", "literal-secret")

# what may stand beside a secret without being a part of it
beside = st.text(st.sampled_from(" \n\t\"'(),;<>|é你\u2028"), max_size=4)
plain = st.text(st.characters(categories=["L", "P", "Zs"]), max_size=8)


@st.composite
def placed(draw: st.DrawFn) -> tuple[str, Any]:
    """A secret, and a JSON value that has it somewhere: in a text, in a key, in a list in an object."""
    secret = draw(st.sampled_from(SECRET_TEXTS))
    value: Any = f"{draw(beside)}{secret}{draw(beside)}"
    if draw(st.booleans()):
        value = {value: draw(plain)}
    for _ in range(draw(st.integers(0, 4))):
        others = draw(st.lists(plain, max_size=2))
        value = (
            [*others, value]
            if draw(st.booleans())
            else {**{f"k{n}": other for n, other in enumerate(others)}, draw(plain): value}
        )
    return secret, value


@given(placed())
def test_no_secret_is_left_wherever_it_stands(case: tuple[str, Any]) -> None:
    """Not whole, and not escaped."""
    secret, value = case
    cleaned = ALL.value(value)
    assert secret not in json.dumps(cleaned, ensure_ascii=False)
    assert json.dumps(secret)[1:-1] not in json.dumps(cleaned)
    assert not list(secrets_in(cleaned, ALL.patterns))


@given(placed())
def test_what_is_left_of_the_value_is_as_it_was(case: tuple[str, Any]) -> None:
    """Its shape is the same: as many keys, as many parts."""
    _, value = case
    assert shape(ALL.value(value)) == shape(value)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [shape(part) for part in value.values()]
    return [shape(part) for part in value] if isinstance(value, list) else type(value)


@pytest.mark.parametrize("name", KEYS)
def test_keys_and_tokens_are_always_found(name: str) -> None:
    """Without any rule, and they are told by name only."""
    text = f"use {KEYS[name]} please"
    assert list(secrets_in({"a": [text]}, SECRETS))
    cleaned = Redactor().text(text)
    assert cleaned.startswith("use [redacted: ")
    assert cleaned.endswith("] please")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a sk- b",
            "the task-force-of-the-year",
            "eyJust",
            "bearer of bad news",
            "gh issue",
            "-----BEGIN CERTIFICATE-----",
        ),
        *("4111111111111112", "1234 5678 9012", "2026-01-01T00:00:00.123456", "0000000000000000", "9" * 30),
        *("me @ home", "@name", "a@b", "v1@latest"),
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert ALL.text(text) == text
    assert not list(secrets_in(text, (*SECRETS, CARDS, MAILS)))


@pytest.mark.parametrize(
    "text",
    ["12 4111111111111111", "4111 1111 1111 1111 2028", "a4111-1111-1111-1111b", "4111111111111111 5500000000000004"],
)
def test_cards_are_found_among_other_digits(text: str) -> None:
    cleaned = ALL.text(text)
    assert "1111" not in cleaned
    assert "5500" not in cleaned


def test_numbers_are_looked_at_too() -> None:
    """A card that was not sent as a text."""
    assert ALL.value({"card": 4111111111111111, "id": 4111111111111112}) == {
        "card": "[redacted: card]",
        "id": 4111111111111112,
    }


def test_fields_go_by_their_path() -> None:
    """Under any parent; a path in full; keys that are always secret."""
    value = {"metadata": {"user_id": "u", "other": "o"}, "user_id": "stays", "x": [{"token": [1, 2]}], "API_KEY": "abc"}
    assert ALL.value(value) == {
        "metadata": {"user_id": "[redacted]", "other": "o"},
        "user_id": "stays",
        "x": [{"token": "[redacted]"}],
        "API_KEY": "[redacted]",
    }
    schema = {"properties": {"password": {"type": "string"}}}
    assert ALL.value(schema) == schema


def test_payloads_become_a_hash() -> None:
    """The same one for the same bytes, so that the request can be known again; once is enough."""
    block = {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}
    cleaned = ALL.value(block)
    assert cleaned["data"] == f"sha256:{sha256(b'aGVsbG8=').hexdigest()}"
    assert ALL.value(cleaned) == cleaned
    assert Redactor().value(block) == block
    url = ALL.text("see data:image/png;base64,aGVsbG8= here")
    assert url.startswith("see data:image/png;base64,sha256:")
    assert url.endswith(" here")


def test_keys_that_look_alike_without_their_secrets_stay_apart() -> None:
    assert ALL.value({"a@example.com": 1, "b@example.com": 2}) == {"[redacted: mail]": 1, "[redacted: mail] 2": 2}


@given(st.dictionaries(plain, plain))
def test_what_has_no_secret_is_as_it_was(value: dict[str, str]) -> None:
    cleaned = Redactor().value(value)
    if not list(secrets_in(value, SECRETS)):
        assert canonical(cleaned) == canonical(value)


def test_a_pattern_that_is_none_is_refused() -> None:
    assert parse_pattern("mail") is MAILS
    with pytest.raises(ValueError, match="neither card nor mail nor a regular expression"):
        parse_pattern("(")
