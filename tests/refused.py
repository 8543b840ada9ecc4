"""Entries of the table of refusals, tried."""

import re
from typing import Any

from mockbatch.core.contract.errors import ApiError
from mockbatch.core.contract.params import Terms, check_length, checked
from mockbatch.core.contract.refusals import Example, Refusal
from mockbatch.core.tokens import input_tokens

_PLACE = re.compile(r"{\w+}")


def answer(example: Example, **change: Any) -> ApiError | None:
    """What a request is answered with; nothing where it is taken."""
    try:
        params = example.params | change
        terms = Terms(example.version, example.betas, profile=example.profile)
        model = checked(params, terms, example.surface)
        check_length(input_tokens(params, model), model)
    except ApiError as error:
        return error
    return None


def is_worded(message: str, entry: Refusal) -> bool:
    """Whether a message is the sentence of an entry, whatever stands in its braces."""
    says = entry.says
    if _PLACE.search(says):
        pieces = [re.escape(piece.replace("{{", "{").replace("}}", "}")) for piece in _PLACE.split(says)]
        return re.fullmatch(".+".join(pieces), message, re.DOTALL) is not None
    return message == says
