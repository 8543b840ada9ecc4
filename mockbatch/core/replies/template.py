"""Replies written as Jinja2 templates, in a sandbox: they see the request and touch nothing else.

Source: https://jinja.palletsprojects.com/en/stable/sandbox/
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mockbatch.core.replies.allowance import Allowance
from mockbatch.core.replies.draft import ReplyError, Request
from mockbatch.core.replies.fakes import Fake
from mockbatch.core.replies.request_access import prompt_of, text_in

if TYPE_CHECKING:
    from jinja2 import Template

    from mockbatch.core.replies.sandbox import Sandbox

_LONGEST_MESSAGE = 500


def rendered(source: str, request: Request) -> str:
    """Return the text of a template for a request. Raise ReplyError with the reason and place of a failure."""
    template = compiled(source)
    from mockbatch.core.replies.sandbox import own

    own.allowance = allowance = Allowance()
    try:
        return template.render(_variables(request, allowance))
    except ReplyError:
        raise
    except Exception as error:  # a template may raise anything
        # the sentence suffices for the author of the template: no traceback of Jinja2 or ours
        raise ReplyError(f"the template raised {type(error).__name__}: {str(error)[:_LONGEST_MESSAGE]}") from None
    finally:
        del own.allowance


@lru_cache(maxsize=64)
def compiled(source: str) -> "Template":
    """Return a compiled template. Raises ReplyError if it is invalid."""
    from jinja2 import TemplateSyntaxError

    try:
        return _environment().from_string(source)
    except TemplateSyntaxError as error:
        raise ReplyError(f"the template has an error in line {error.lineno}: {error.message}") from None
    except (RecursionError, MemoryError, SyntaxError, OverflowError, ValueError, UnicodeError) as error:
        raise ReplyError(f"the template is too deeply nested, or cannot be compiled: {type(error).__name__}") from None


@lru_cache(maxsize=1)
def _environment() -> "Sandbox":
    # imported lazily: most runs have no templates
    from mockbatch.core.replies.sandbox import Sandbox

    return Sandbox()


def _variables(request: Request, allowance: Allowance) -> dict[str, Any]:
    """Return the variables of a template."""
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
        "fake": Fake(request.key, allowance),
    }
