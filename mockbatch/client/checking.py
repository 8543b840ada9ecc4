"""Validate requests before anything is sent: with the API's own messages, line by line.

Covers what the API checks at create and what it checks only during execution.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from mockbatch.client.cost import CostSum
from mockbatch.client.duplicate_ids import DuplicateIds
from mockbatch.client.splitting import Splitter
from mockbatch.core.contract.errors import ApiError, InvalidRequest
from mockbatch.core.contract.params import Terms, check_length, checked
from mockbatch.core.contract.request_slicer import RequestItem, item_of
from mockbatch.core.money.ledger import TokenCounts
from mockbatch.core.money.prices import Prices
from mockbatch.core.tokens import input_tokens
from mockbatch.files.documents import Line

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class LineProblem(Struct, frozen=True):
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
        self.least, self.most = CostSum(prices), CostSum(prices)
        self.splitter = splitter
        self._terms = terms
        self._seen = DuplicateIds()

    def check_line(self, line: Line) -> LineProblem | None:
        """Return the problem of a line, if any; a line without one counts as a request."""
        item: RequestItem | None = None
        try:
            if not self.splitter.fits(line):
                raise InvalidRequest("the request is larger than a batch may be")
            item = item_of(line.raw)
            if first := self._seen.line_of(item.custom_id, line.number):
                raise InvalidRequest(f"custom_id: {item.custom_id} is on line {first} already")
            self._validate(item)
        except ApiError as error:
            self.wrong.add(line.number)
            return LineProblem(line.number, item.custom_id if item else None, error.type, error.message)
        self.requests += 1
        self.splitter.add(line)
        return None

    def all(self, lines: Iterator[Line]) -> Iterator[LineProblem]:
        """Yield the problems of all lines as they are found."""
        for line in lines:
            if problem := self.check_line(line):
                yield problem

    def _validate(self, item: RequestItem) -> None:
        try:
            params = _decode(item.params)
        except (msgspec.DecodeError, RecursionError):
            raise InvalidRequest("params: a value is out of range") from None
        model = checked(params, self._terms)
        tokens = input_tokens(params, model)
        check_length(tokens, model)
        self.models[model.id] += 1
        geo = params.get("inference_geo") or model.inference_geo
        self.least.add(model.id, TokenCounts(tokens), geo)
        self.most.add(model.id, TokenCounts(tokens, output=params["max_tokens"]), geo)
