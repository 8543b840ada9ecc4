"""Synthetic batches: large or unusual ones, for tests of lists and downloads."""

import re
from collections.abc import AsyncIterator, Iterator

import msgspec
from msgspec import Struct

from mockbatch.core.batch import ended_by_hand
from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.params import Terms
from mockbatch.core.rules.options import RuleError
from mockbatch.core.rules.rules import Rule, parse_rule
from mockbatch.service.api.batches import BatchService
from mockbatch.service.api.registry import BatchRegistry
from mockbatch.service.sessions.session import SessionState

_PIECE = 1_000
_MOST = 1_000_000
_OPTION = re.compile(r"^with[.:] ?\w+: ")
_encode = msgspec.json.encode


class SyntheticSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """The batches to create: `batches` of them with `items` requests each. `bytes` is the size of the text of each
    reply, like `4kB`; `mix` the shares of outcomes, like `90/5/3/2`; `ended` is whether they have ended already.
    """

    items: int = 10
    batches: int = 1
    bytes: int | str | None = None
    mix: str | None = None
    model: str = "claude-haiku-4-5"
    ended: bool = True
    prefix: str = "row-"


class SyntheticBatches:
    """Creates synthetic batches."""

    def __init__(self, batches: BatchService, registry: BatchRegistry) -> None:
        self._batches = batches
        self._registry = registry

    async def make(
        self, session: SessionState, wanted: SyntheticSpec, terms: Terms, origin: str
    ) -> list[wire.MessageBatch]:
        """Create the batches, and return the API's view of them. Raises InvalidRequest for invalid values."""
        if not 1 <= wanted.items * wanted.batches <= _MOST or min(wanted.items, wanted.batches) < 1:
            raise InvalidRequest(f"items: Input should be from 1 to {_MOST:,} requests, over all batches")
        rules = _rules(wanted)
        made = []
        for number in range(wanted.batches):
            body = _body(wanted, number)
            created = await self._batches.create(session, body, terms, origin, {}, rules)
            if wanted.ended:
                await self._registry.change(session, created.id, ended_by_hand)
            made.append(await self._batches.view(session, session.get(created.id), origin))
        return made


def _rules(wanted: SyntheticSpec) -> tuple[Rule, ...]:
    """Return the rules that shape the rows."""
    rules = []
    if wanted.mix is not None:
        rules.append(_rule("mix", {"name": "synth mix", "fault": "item.mix", "mix": wanted.mix}))
    if wanted.bytes is not None:
        rules.append(_rule("bytes", {"name": "synth text", "fault": "item.output_bytes", "size": wanted.bytes}))
    return tuple(rules)


def _rule(wish: str, table: dict[str, object]) -> Rule:
    try:
        return parse_rule(table, "")
    except RuleError as error:
        # the caller sees its own option, not the rule
        raise InvalidRequest(_OPTION.sub(f"{wish}: ", str(error))) from None


async def _body(wanted: SyntheticSpec, number: int) -> AsyncIterator[bytes]:
    """Yield the body of the create of one batch, in pieces."""
    yield b'{"requests":['
    requests = _requests(wanted, number)
    first = True
    while piece := [request for _, request in zip(range(_PIECE), requests, strict=False)]:
        yield (b"" if first else b",") + b",".join(piece)
        first = False
    yield b"]}"


def _requests(wanted: SyntheticSpec, number: int) -> Iterator[bytes]:
    for index in range(wanted.items):
        text = f"Request {index} of batch {number}, made up by mockbatch."
        params = {"model": wanted.model, "max_tokens": 1024, "messages": [{"role": "user", "content": text}]}
        yield _encode({"custom_id": f"{wanted.prefix}{index}", "params": params})
