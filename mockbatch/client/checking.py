"""What is wrong with requests, found before anything is sent: with the API's own words, line by line.

What the API checks at create and what it checks only when it executes a request are found alike.
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
    """What is wrong with a line. `custom_id` is known where the line could be read so far."""

    line: int
    custom_id: str | None
    type: str
    message: str


class Check:
    """Looks at lines; counts the good ones, puts them into parts, and keeps which were wrong.

    `least` is what they come to without any answer, `most` what with answers as long as they may be; both without the
    prompt cache, and as far as tokens can be estimated.
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
        """What is wrong with the line, which counts as a request where nothing is."""
        item: Item | None = None
        try:
            if not self.splitter.fits(line):
                raise InvalidRequest("the request is larger than a batch may be")
            item = item_of(line.raw)
            if first := self._seen.line_of(item.custom_id, line.number):
                raise InvalidRequest(f"custom_id: {item.custom_id} is on line {first} already")
            self._look_into(item)
        except ApiError as error:
            self.wrong.add(line.number)
            return Problem(line.number, item.custom_id if item else None, error.type, error.message)
        self.requests += 1
        self.splitter.add(line)
        return None

    def all(self, lines: Iterator[Line]) -> Iterator[Problem]:
        """What is wrong with all these lines, as it is found."""
        for line in lines:
            if problem := self.look_at(line):
                yield problem

    def _look_into(self, item: Item) -> None:
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
