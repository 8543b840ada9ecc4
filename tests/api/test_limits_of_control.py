"""What the control plane takes: bodies of a limited size, and numbers of any length."""

import json

import pytest

from mockbatch.http.control.entry import LARGEST
from tests.builders import Api

RULES = "/_mockbatch/rules"
NINES = "9" * 5_000


@pytest.mark.parametrize("path", [RULES, "/_mockbatch/clock/advance", "/_mockbatch/requests/find"])
@pytest.mark.parametrize(
    "body",
    [
        b'{"a": NaN}',
        b"\xef\xbb\xbf{}",
        b"[" * 1_000_000,
        b'{"a": ' + b"9" * 1_000_000 + b"}",
        b'{"a": "\xff"}',
        b"[" + b"[]," * 400_000 + b"[]]",
        b"[" + b'"",' * 400_000 + b'""]',
    ],
    ids=["NaN", "BOM", "deep", "digits", "no UTF-8", "many lists", "many texts"],
)
def test_a_body_that_is_no_json_or_too_much_of_it_is_refused(api: Api, path: str, body: bytes) -> None:
    """With a sentence, by every path alike."""
    answer = api.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("The request ")


@pytest.mark.parametrize("path", [RULES, "/_mockbatch/clock/advance"])
def test_a_body_that_is_too_large_is_refused(api: Api, path: str) -> None:
    """As the API refuses one."""
    answer = api.post(path, content=b" " * (LARGEST + 1))
    assert (answer.status_code, answer.json()["error"]["type"]) == (413, "request_too_large")


def test_a_large_text_in_a_rule_is_taken(api: Api) -> None:
    """Whatever characters it is made of."""
    text = ',[{\\"' * 800_000
    rule = {"name": "large", "reply": {"static": text}}
    answer = api.post(RULES, content=json.dumps(rule))
    assert answer.status_code == 200, answer.text[:300]


def test_so_many_rules_are_not_taken_at_once(api: Api) -> None:
    """And none of them is kept."""
    answer = api.post(RULES, json=[{"fault": "http.error"}] * 1_001)
    assert answer.status_code == 400
    assert api.get(RULES).json()["rules"] == []


@pytest.mark.parametrize("digits", [NINES, "²", "1_0", "-1", "+1"])
def test_a_retry_count_of_any_kind_is_shown(api: Api, digits: str) -> None:
    """And does not keep others from being shown."""
    api.get("/v1/models", headers=[(b"x-stainless-retry-count", digits.encode("latin-1"))])
    assert api.get("/_mockbatch/requests").status_code == 200
    assert api.post("/_mockbatch/requests/find", json={}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/_mockbatch/batches?start={}", "/_mockbatch/batches?limit={}", "/v1/models?limit={}"]
)
def test_a_place_of_any_length_is_read(api: Api, path: str) -> None:
    """As far beyond the end, or as too much."""
    assert api.get(path.format(NINES)).status_code in (200, 400)
