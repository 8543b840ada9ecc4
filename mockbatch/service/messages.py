"""Messages outside batches: one request, answered at once, and its tokens counted."""

import logging
from collections import Counter
from typing import Any, NoReturn

from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.catalog import Model
from mockbatch.core.contract.errors import ApiError
from mockbatch.core.contract.params import Surface, Terms, check_length, checked, unchecked
from mockbatch.core.draws import subseed
from mockbatch.core.files import check_files
from mockbatch.core.replies.message import reply_key, reply_message
from mockbatch.core.tokens import input_tokens
from mockbatch.service.files import Files
from mockbatch.service.sessions import Session

_log = logging.getLogger(__name__)


class Messages:
    """The use cases of `/v1/messages` and `count_tokens`."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._sent: Counter[tuple[str, int]] = Counter()

    def create(self, session: Session, params: dict[str, Any], terms: Terms) -> wire.Message:
        """The reply. Raises the ApiError that the API answers."""
        model, tokens = self._checked(session, params, terms, "messages")
        seed = session.settings.profile.seed
        key = reply_key(seed, params)
        self._sent[session.name, key] += 1
        ordinal = self._sent[session.name, key]
        limit = params.get("max_tokens")
        return reply_message(
            ids.message_id(subseed(seed, "message", session.name), f"{key}/{ordinal}"),
            model,
            key,
            max_tokens=limit if type(limit) is int else model.max_output,
            input_tokens=tokens,
            service_tier="standard",
        )

    def count(self, session: Session, params: dict[str, Any], terms: Terms) -> wire.MessageTokensCount:
        """How many tokens the request has. Raises the ApiError that the API answers."""
        _, tokens = self._checked(session, params, terms, "count_tokens")
        return wire.MessageTokensCount(tokens)

    def _checked(self, session: Session, params: dict[str, Any], terms: Terms, surface: Surface) -> tuple[Model, int]:
        """The model that is asked for, and the tokens of the prompt."""
        if not terms.validated:
            model = unchecked(params, terms)
            return model, input_tokens(params, model)
        try:
            model = checked(params, terms, surface)
            check_files(params, self._files.there(session.name, session.now()))
            tokens = input_tokens(params, model)
            if surface == "messages":
                check_length(tokens, model)
            return model, tokens
        except ApiError as error:
            _plainly(error)


def _plainly(error: ApiError) -> NoReturn:
    """The error of a row as an answer, which says nothing of who may see it."""
    details = {name: value for name, value in (error.details or {}).items() if name != "error_visibility"}
    raise type(error)(error.message, details=details or None) from None
