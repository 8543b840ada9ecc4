"""Replies written as templates."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from mockbatch.core.replies.forms import ReplyError, Request
from mockbatch.core.replies.template import rendered
from tests.asked import asked

REQUEST = msgspec.structs.replace(
    asked("Where is <Łódź>?", system="Be kind.", metadata={"user_id": "u1"}),
    custom_id="row-7",
    index=7,
    session="sk-a",
    batch="msgbatch_1",
)

TEMPLATES: list[tuple[str, str]] = [
    ("plain", "plain"),
    ("{{ custom_id }} {{ index }} {{ session }} {{ batch }}", "row-7 7 sk-a msgbatch_1"),
    (
        "{{ prompt }} | {{ system }} | {{ model }} | {{ max_tokens }}",
        "Where is <Łódź>? | Be kind. | claude-haiku-4-5-20251001 | 1024",
    ),
    ("{{ request.messages[0].content | upper }}", "WHERE IS <ŁÓDŹ>?"),
    ("{{ request.metadata.user_id }}", "u1"),
    ('{"q": {{ prompt | tojson }}}', '{"q": "Where is <Łódź>?"}'),
    ("{% for n in range(3) %}{{ n }},{% endfor %}", "0,1,2,"),
    ("{% if index % 2 %}odd{% else %}even{% endif %}\n", "odd\n"),
]


@pytest.mark.parametrize(("source", "text"), TEMPLATES)
def test_templates_see_the_request(source: str, text: str) -> None:
    """Nothing is escaped, and line ends stay."""
    assert rendered(source, REQUEST) == text


ERRORS: list[tuple[str, str]] = [
    ("{{ custom_ID }}", "UndefinedError: 'custom_ID' is undefined"),
    ("{{ request.nothing.there }}", "UndefinedError"),
    ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ("{{ ''.__class__.__mro__ }}", "SecurityError"),
    ("{{ request.update(a=1) }}", "SecurityError"),
    ("{{ request.messages.clear() }}", "SecurityError"),
    ("{% include 'other' %}", "no loader"),
    ("{{ range(10000000) | list | length }}", "OverflowError"),
    ("{{ [1, 2] | random }}", "No filter named 'random'"),
    ("{{ fake.no_such_thing() }}", "no_such_thing"),
]


@pytest.mark.parametrize(("source", "sentence"), ERRORS)
def test_templates_that_fail_say_why(source: str, sentence: str) -> None:
    """With the exception; nothing outside can be reached, and the request cannot be changed."""
    with pytest.raises(ReplyError, match=sentence):
        rendered(source, REQUEST)


def with_key(key: int) -> Request:
    return msgspec.structs.replace(REQUEST, key=key)


LUCK = "{{ fake.name() }} {{ fake.unique.random_int(1, 3) }} {{ number(1, 1000) }} {{ choose('a', 'b') }}"


def test_luck_is_that_of_the_request() -> None:
    """The same names for the same request, on every thread at once."""
    alone = [rendered(LUCK, with_key(key)) for key in range(40)]
    assert len(set(alone)) == 40
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda key: rendered(LUCK, with_key(key)), range(40))) == alone
