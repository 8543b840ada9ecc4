"""How many values a request may have: what stands in texts does not count."""

import pytest

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.extent import MOST_VALUES, check_values

LONG = MOST_VALUES + 10
FINE = [
    b'{"a": "' + b"," * LONG + b'"}',
    b'{"a": "' + rb"\"," * LONG + b'"}',
    b'{"a": "' + rb"\\" * LONG + b'", "b": "' + b"[" * LONG + b'"}',
    b"[" + b"1," * (MOST_VALUES // 2) + b"1]",
]
TOO_MANY = [
    b"[" + b"1," * LONG + b"1]",
    b"[" + b"[]," * LONG + b"1]",
    b'["' + rb"\\" * LONG + b'",' + b"1," * LONG + b"1]",
]


@pytest.mark.parametrize("body", FINE, ids=range(len(FINE)))
def test_texts_may_hold_whatever_they_like(body: bytes) -> None:
    check_values(body)
    check_values(b" " * 7 + body)  # cut elsewhere


@pytest.mark.parametrize("body", TOO_MANY, ids=range(len(TOO_MANY)))
def test_too_many_values_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="too many values"):
        check_values(body)
