"""The params of a request, and the facts that its row needs.

Requests of one batch often differ only in one user text; facts about the rest are shared.
"""

from functools import cached_property
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from mockbatch.core.contract.errors import ApiError
from mockbatch.core.contract.model import Model
from mockbatch.core.contract.params import check_length, checked, unchecked
from mockbatch.core.files import check_files
from mockbatch.core.money.prompt_cache import Prefix, prefixes
from mockbatch.core.replies.message import reply_key, reply_key_of, sorted_json
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.reading import decode_params, may_have_breakpoints
from mockbatch.core.tokens import FixedWeight, fixed_weight, input_tokens, tokens_with

_SOME_TEXT = [{"role": "user", "content": "text"}]
# sharing stops after this many other requests in a slice
_PATIENCE = 20


class RowParams:
    """The params of one request."""

    def __init__(self, params: dict[str, Any], under: Conditions) -> None:
        self.params = params
        self._under = under

    def model(self) -> Model:
        """Return the requested model without further checks. Raise NotFound if it does not exist."""
        return unchecked(self.params, self._under.terms)

    def tokens(self, model: Model) -> int:
        """Return the tokens of the prompt, or the fixed number to report."""
        said = self._under.tokens.input
        return self._counted(model) if said is None else said

    def check(self) -> tuple[Model, int]:
        """Return the model and the prompt tokens. Raise the ApiError of a request that the API rejects."""
        if not self._under.terms.validated:
            model = self.model()
            return model, self.tokens(model)
        model = self._checked()
        tokens = self.tokens(model)
        check_length(tokens, model)
        return model, tokens

    def key(self) -> int:
        """Return the 64-bit key that seeds the reply."""
        return reply_key(self._under.seed, self.params)

    def prefixes(self, model: Model, tokens: int) -> tuple[Prefix, ...]:
        """Return the cacheable parts of the prompt, limited to its `tokens`."""
        if "cache_control" not in self.params and not may_have_breakpoints(self.params):
            return ()
        found = self._prefixes(model)
        if self._under.tokens.input is None:
            return found
        return tuple(replace(prefix, tokens=min(prefix.tokens, tokens)) for prefix in found)

    def _counted(self, model: Model) -> int:
        return input_tokens(self.params, model)

    def _checked(self) -> Model:
        model = checked(self.params, self._under.terms)
        check_files(self.params, self._under.files)
        return model

    def _prefixes(self, model: Model) -> tuple[Prefix, ...]:
        return tuple(prefixes(self.params, model))


class TextParams(RowParams):
    """The params of a request whose only message is one user text that is not blank."""

    def __init__(self, shared: "SharedParams", messages: list[Any], under: Conditions) -> None:
        self.params = shared.with_messages(messages)
        self._under = under
        self._shared = shared

    def model(self) -> Model:
        return self._shared.model

    def key(self) -> int:
        return self._shared.key(self.params["messages"])

    def _counted(self, model: Model) -> int:
        return tokens_with(self._shared.weight(model), self.params["messages"], model)

    def _checked(self) -> Model:
        return self._shared.checked()

    def _prefixes(self, model: Model) -> tuple[Prefix, ...]:
        return self._shared.prefixes(model) if "cache_control" not in self.params else super()._prefixes(model)


class SharedParams:
    """The facts shared by requests that differ only in one user text, each computed once.

    No check inspects a plain text that is not blank, and the price of a prompt depends only on its length.
    """

    def __init__(self, before: bytes, after: bytes, under: Conditions) -> None:
        self.before = before
        self.after = after
        self._params = decode_params(b"".join((before, b"null", after)))
        self._under = under
        self._weight: FixedWeight | None = None
        self._found: tuple[Prefix, ...] | None = None

    def with_messages(self, messages: list[Any]) -> dict[str, Any]:
        """Return the params with these messages."""
        params = self._params.copy()
        params["messages"] = messages
        return params

    def checked(self) -> Model:
        """Return the requested model. Raise the ApiError of requests that the API rejects."""
        if isinstance(self._verdict, ApiError):
            # raise the same error again without its old traceback
            raise self._verdict.with_traceback(None)
        return self._verdict

    def weight(self, model: Model) -> FixedWeight:
        """Return the weight of the prompt without the text."""
        if self._weight is None:
            self._weight = fixed_weight(self._params, model)
        return self._weight

    def prefixes(self, model: Model) -> tuple[Prefix, ...]:
        """Return the cacheable parts of tools and system prompt."""
        if self._found is None:
            self._found = tuple(prefixes(self._sample, model))
        return self._found

    @classmethod
    def of(cls, before: bytes, after: bytes, under: Conditions) -> "SharedParams | None":
        """Return the facts shared by requests with these bytes around their messages; None for unusual ones."""
        shared = cls(before, after, under)
        # the same bytes occur elsewhere too
        if shared._params["messages"] is not None:
            return None
        try:
            return shared if shared._sorted else None
        except OverflowError:  # an integer of more than 64 bits, which sorted JSON cannot hold
            return None

    def key(self, messages: list[dict[str, Any]]) -> int:
        """Return the key that seeds the reply to these messages."""
        before, after = self._sorted
        return reply_key_of(self._under.seed, b"".join((before, sorted_json(messages), after)))

    @cached_property
    def model(self) -> Model:
        """Return the requested model without further checks. Raises NotFound if it does not exist."""
        return unchecked(self._params, self._under.terms)

    @cached_property
    def _sample(self) -> dict[str, Any]:
        return self.with_messages(_SOME_TEXT)

    @cached_property
    def _verdict(self) -> Model | ApiError:
        try:
            return RowParams(self._sample, self._under)._checked()
        except ApiError as error:
            return error

    @cached_property
    def _sorted(self) -> tuple[bytes, bytes]:
        """Return the parts before and after the messages in the sorted JSON of the params."""
        others = {name: value for name, value in self._params.items() if name != "stream"}
        before = {name: others[name] for name in others if name < "messages"}
        after = {name: others[name] for name in others if name > "messages"}
        return (
            b"{" + b"".join((_members(before), b"," if before else b"", b'"messages":')),
            b"".join((b"," if after else b"", _members(after), b"}")),
        )


def _members(params: dict[str, Any]) -> bytes:
    return sorted_json(params)[1:-1]


_decode_parts = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_messages = msgspec.json.Decoder(list[Any]).decode


class ParamsReader:
    """Reads the params of the requests of a slice."""

    def __init__(self, under: Conditions) -> None:
        self._under = under
        # user functions may modify their arguments
        self._tries = 0 if under.rules or under.player else _PATIENCE
        self._shared: SharedParams | None = None

    def read(self, raw: bytes | Raw) -> RowParams:
        """Parse params. Raise msgspec.DecodeError or RecursionError if they are unusable."""
        data = bytes(raw)
        if self._tries:
            found = self._parted(data)
            if found is not None:
                return found
            self._tries -= 1  # requests of one batch are mostly alike
        return RowParams(decode_params(data), self._under)

    def _parted(self, data: bytes) -> TextParams | None:
        """Return params that differ from others only in one text; None for other params."""
        shared = self._shared
        try:
            if shared is not None and data.startswith(shared.before) and data.endswith(shared.after):
                messages = _decode_messages(data[len(shared.before) : len(data) - len(shared.after)])
            else:
                part = bytes(_decode_parts(data)["messages"])
                messages = _decode_messages(part)
                before, _, after = data.partition(part)
                self._shared = shared = SharedParams.of(before, after, self._under)
        except (msgspec.DecodeError, RecursionError, KeyError):
            return None
        if shared is None or len(messages) != 1 or not _is_plain(messages[0]):
            return None
        return TextParams(shared, messages, self._under)


def _is_plain(message: Any) -> bool:
    """Return whether a message is a user text that is not blank."""
    if type(message) is not dict or len(message) != 2 or message.get("role") != "user":
        return False
    text = message.get("content")
    return type(text) is str and bool(text) and not text.isspace()
