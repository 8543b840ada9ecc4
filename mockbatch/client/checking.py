"""Validate requests before anything is sent: with the API's own messages, line by line.

Covers what the API checks at create and what it checks only during execution.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from mockbatch.client.cost import Bill
from mockbatch.client.seen import Seen
from mockbatch.client.splitting import Splitter
from mockbatch.core.contract.envelope import Item, item_of
from mockbatch.core.contract.errors import ApiError, InvalidRequest
from mockbatch.core.contract.params import Terms, check_length, checked
from mockbatch.core.money.ledger import Counts
from mockbatch.core.money.prices import Prices
from mockbatch.core.tokens import input_tokens
from mockbatch.files.documents import Line

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Problem(Struct, frozen=True):
    """A problem with a line. `custom_id` is set if the line could be parsed that far."""

    line: int
    custom_id: str | None
    type: str
    message: str


class Check:
    """Validates lines, counts the valid ones, assigns them to parts, and remembers which are wrong.

    `least` is the cost without any output, `most` with output of max_tokens; both without the prompt cache, and with
    estimated tokens.
    """

    def __init__(self, terms: Terms, splitter: Splitter, prices: Prices) -> None:
        self.requests = 0
        self.wrong: set[int] = set()
        self.models: Counter[str] = Counter()
        self.least, self.most = Bill(prices), Bill(prices)
        self.splitter = splitter
        self._terms = terms
        self._seen = Seen()

    def look_at(self, line: Line) -> Problem | None:
        """Return the problem of a line, if any; a line without one counts as a request."""
        item: Item | None = None
        try:
            if not self.splitter.fits(line):
                raise InvalidRequest("the request is larger than a batch may be")
            item = item_of(line.raw)
            if first := self._seen.line_of(item.custom_id, line.number):
                raise InvalidRequest(f"custom_id: {item.custom_id} is on line {first} already")
            self._validate(item)
        except ApiError as error:
            self.wrong.add(line.number)
            return Problem(line.number, item.custom_id if item else None, error.type, error.message)
        self.requests += 1
        self.splitter.add(line)
        return None

    def all(self, lines: Iterator[Line]) -> Iterator[Problem]:
        """Yield the problems of all lines as they are found."""
        for line in lines:
            if problem := self.look_at(line):
                yield problem

    def _validate(self, item: Item) -> None:
        try:
            params = _decode(item.params)
        except (msgspec.DecodeError, RecursionError):
            raise InvalidRequest("params: a value is out of range") from None
        model = checked(params, self._terms)
        tokens = input_tokens(params, model)
        check_length(tokens, model)
        self.models[model.id] += 1
        geo = params.get("inference_geo") or model.inference_geo
        self.least.add(model.id, Counts(tokens), geo)
        self.most.add(model.id, Counts(tokens, output=params["max_tokens"]), geo)
