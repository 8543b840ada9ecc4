"""Replies written as Jinja2 templates, in a sandbox: they see the request and touch nothing else.

Source: https://jinja.palletsprojects.com/en/stable/sandbox/
"""

import json
from functools import lru_cache
from threading import local
from typing import TYPE_CHECKING, Any

from mockbatch.core.replies.asked import prompt_of, text_in
from mockbatch.core.replies.forms import ReplyError, Request

if TYPE_CHECKING:
    from faker import Faker
    from jinja2 import Environment, Template

_LARGEST = 16 << 20
_own = local()


def rendered(source: str, request: Request) -> str:
    """The text of a template for a request. Raises ReplyError, which says what went wrong where."""
    template = compiled(source)
    try:
        text = template.render(_seen(request))
    except Exception as error:  # a template may raise anything
        raise ReplyError(f"the template raised {type(error).__name__}: {error}") from error
    if len(text) > _LARGEST:
        raise ReplyError(f"the template made {len(text)} characters, which are more than {_LARGEST}")
    return text


@lru_cache(maxsize=256)
def compiled(source: str) -> "Template":
    """A template, ready to be rendered. Raises ReplyError when it is not well written."""
    from jinja2 import TemplateSyntaxError

    try:
        return _environment().from_string(source)
    except TemplateSyntaxError as error:
        raise ReplyError(f"the template is wrong in line {error.lineno}: {error.message}") from None


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    # not before: most runs have no templates
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    # Jinja2's own `tojson` is made for HTML and writes \\u0027 for an apostrophe
    environment.filters["tojson"] = _as_json
    environment.globals.pop("lipsum", None)  # its luck is not ours
    environment.filters.pop("random", None)
    return environment


def _as_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _seen(request: Request) -> dict[str, Any]:
    """What a template can name."""
    dice = request.dice("template")
    return {
        "request": request.params,
        "prompt": prompt_of(request.params),
        "system": text_in(request.params.get("system")),
        "model": request.model.id,
        "max_tokens": request.limit,
        "custom_id": request.custom_id,
        "index": request.index,
        "session": request.session,
        "batch": request.batch,
        "choose": lambda *options: dice.choose(options),
        "number": dice.between,
        "fake": _Fake(request.key),
    }


class _Fake:
    """Faker, seeded by the request. It is only imported, and seeded, when a template asks it for something."""

    def __init__(self, key: int) -> None:
        self._key = key
        self._faker: Faker | None = None

    def __getattr__(self, name: str) -> Any:
        if self._faker is None:
            self._faker = _faker()
            self._faker.unique.clear()
            self._faker.seed_instance(self._key)
        return getattr(self._faker, name)


def _faker() -> "Faker":
    """One for each thread, because seeding and drawing are two steps."""
    if not hasattr(_own, "faker"):
        from faker import Faker

        _own.faker = Faker("en_US")
    faker: Faker = _own.faker
    return faker
