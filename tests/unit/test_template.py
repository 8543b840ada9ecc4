"""Replies written as templates."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from mockbatch.core.replies.draft import ReplyError, Request
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
    (
        "{% for a in [1, 2] %}{{ loop.index }}/{{ loop.length }}{% if not loop.last %},{% endif %}{% endfor %}",
        "1/2,2/2",
    ),
    ("{{ ['a', 'b'] | map('upper') | join('-') }}", "A-B"),
    (
        "{{ 'a b'.split() | length }} {{ 'x' ~ 1 ~ 'y' }} {{ '%02d' | format(7) }} {{ '{:03d}'.format(7) }}",
        "2 x1y 07 007",
    ),
    ("{% macro hi(x) %}<{{ x }}>{% endmacro %}{{ hi(1) }}{{ hi(2) }}", "<1><2>"),
    ("{{ request.get('nope', 'd') }}{{ nope | default('e') }}{{ prompt | truncate(8) }}", "deWhere..."),
    ("{% set ns = namespace(n=0) %}{% for i in range(5) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "10"),
    ("{{ {'a': 1} | dictsort }}{{ 'a' in 'abc' }}{{ [3, 1] | sort | first }}{{ none is none }}", "[('a', 1)]True1True"),
    ("{% if index % 2 %}odd{% else %}even{% endif %}\n", "odd\n"),
]


@pytest.mark.parametrize(("source", "text"), TEMPLATES)
def test_templates_see_the_request(source: str, text: str) -> None:
    """Nothing is escaped, and line ends stay."""
    assert rendered(source, REQUEST) == text


BOMBS = [
    "{% for a in range(1000) %}{% for b in range(1000) %}x{% endfor %}{% endfor %}",
    "{{ 'a' * 10**9 }}",
    "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "{% set n = namespace(x=[]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x=9) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for a in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
    "{{ ('a' * 10000) | replace('a', 'b' * 10000) }}",
    "{{ 'a'.center(10**9) }}",
    "{{ 'a' | center(10**9) }}",
    "{{ '%999999999d' | format(1) }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '{:>999999999}'.format(1) }}",
    "{{ '{:>{w}}'.format(1, w=10**9) }}",
    "{{ [1] * 10**8 }}",
    "{{ 'a' | indent(10**9, true) }}",
    "{{ range(100000) | join('a' * 10000) }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ fake.paragraphs(nb=10**8) }}",
    "{{ fake.text(10**9) }}",
    "{{ fake.words(10**6) }}",
    "{{ " + "(" * 20000 + "1" + ")" * 20000 + " }}",
    "{{ " + "-" * 5000 + "1 }}",
    "{% for i in range(45000) %}" + "x" * 60_000 + "{% endfor %}",
    "{% for i in range(9999) %}{{ fake.text(9999) }}{% endfor %}",
    "{% set a = 'a' * 10**6 %}{% for i in range(9999) %}{% if a is lower %}{% endif %}{% endfor %}",
    "{% set a = 'a' * 10**6 %}{% for i in range(9999) %}{% set b = a[::-1] %}{% endfor %}",
    "{{ 1 }}" * 5_000,
    "x" * 70_000,
]


@pytest.mark.parametrize("source", BOMBS)
def test_work_is_bounded(source: str) -> None:
    """Whatever is made of loops, recursion, operators, filters, methods and nesting."""
    with pytest.raises(ReplyError):
        rendered(source, REQUEST)


@pytest.mark.parametrize(
    "name",
    [
        "factories",
        "get_formatter",
        "set_formatter",
        "add_provider",
        "unique",
        "seed",
        "seed_instance",
        "random",
        "format",
        "parse",
        "json",
        "zip",
        "image",
        "binary",
        "pystr",
        "regexify",
        "del_arguments",
        "optional",
        "provider",
        "_key",
        "_budget",
        "__class__",
        "__init__",
    ],
)
def test_nothing_of_faker_but_values(name: str) -> None:
    """Its generator and what could change it do not exist."""
    with pytest.raises(ReplyError):
        rendered("{{ fake." + name + " }}", REQUEST)
    with pytest.raises(ReplyError):
        rendered("{{ fake['" + name + "']() }}", REQUEST)
    with pytest.raises(ReplyError):
        rendered("{{ (fake | attr('" + name + "'))() }}", REQUEST)


ERRORS: list[tuple[str, str]] = [
    ("{{ custom_ID }}", "UndefinedError: 'custom_ID' is undefined"),
    ("{{ request.nothing.there }}", "UndefinedError"),
    ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ("{{ ''.__class__.__mro__ }}", "SecurityError"),
    ("{{ request.update(a=1) }}", "SecurityError"),
    ("{{ request.messages.clear() }}", "SecurityError"),
    ("{{ [dict] | groupby('__class__') | list }}", "puts a type into a list"),
    ("{{ [choose] }}", "puts a function into a list"),
    ("{{ {'a': range} }}", "puts a function into a list or a dict"),
    ("{{ dict(a=choose) }}", "puts a function into"),
    ("{% macro m() %}{{ varargs | groupby('__class__') | list }}{% endmacro %}{{ m(dict) }}", "type"),
    ("{{ dict['x'] }}", "SecurityError"),
    ("{{ dict.x }}", "SecurityError"),
    ("{{ ('a', (fake,)) | last | first }}", "puts a Fake into"),
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


LUCK = "{{ fake.name() }} {{ fake.random_int(1, 3) }} {{ number(1, 1000) }} {{ choose('a', 'b') }}"


def test_luck_is_that_of_the_request() -> None:
    """The same names for the same request, on every thread at once."""
    alone = [rendered(LUCK, with_key(key)) for key in range(40)]
    assert len(set(alone)) == 40
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda key: rendered(LUCK, with_key(key)), range(40))) == alone
