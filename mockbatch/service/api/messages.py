"""Messages outside of batches, and token counts."""

import asyncio
import logging
import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from msgspec.structs import replace

from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.errors import ApiError, Internal, InvalidRequest
from mockbatch.core.contract.model import Model
from mockbatch.core.contract.params import Terms, check_length, checked
from mockbatch.core.contract.shape_check import Surface
from mockbatch.core.files import check_files
from mockbatch.core.rows.builder import RowBuilder
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.lines import Lines
from mockbatch.core.rows.params import RowParams
from mockbatch.core.rows.reading import geo_of
from mockbatch.core.rows.row import Pending, Row, RowFailure
from mockbatch.core.rules.items import read_reply
from mockbatch.core.rules.rules import Rule
from mockbatch.core.seeded_hash import derive_seed
from mockbatch.core.time.spans import format_instant
from mockbatch.core.tokens import parse_tokens
from mockbatch.service.api.ledger import LedgerService
from mockbatch.service.rows.prompt_caches import Caches
from mockbatch.service.sessions.files import Files
from mockbatch.service.sessions.replay import ReplaySessions
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import MessageUsage

if TYPE_CHECKING:
    from mockbatch.core.cassette.interaction import Kind

QUICK = 32 << 10
"""The largest request answered on the event loop, in bytes, unless it has schemas or documents."""
_IMPORTED = "mockbatch.core.replies.kinds"
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Messages:
    """The use cases of `/v1/messages` and `count_tokens`."""

    def __init__(
        self,
        files: Files,
        caches: Caches,
        ledger: LedgerService,
        playback: ReplaySessions,
        check_spending: Callable[[SessionState], Awaitable[None]],
    ) -> None:
        self._files = files
        self._check_spending = check_spending
        self._playback = playback
        self._caches = caches
        self._ledger = ledger
        self._sent: defaultdict[str, Counter[int]] = defaultdict(Counter)

    def restore(self, spent: Iterable[MessageUsage]) -> None:
        """Load the number of times each request was answered."""
        for one in spent:
            self._sent[one.session][one.key] += 1

    def forget(self, session: SessionState) -> None:
        """Reset the request counts of a session."""
        self._sent.pop(session.name, None)

    async def create(
        self,
        session: SessionState,
        params: dict[str, Any],
        terms: Terms,
        rule: Rule | None,
        size: int = 0,
        note_unmet: Callable[[str], None] = lambda unmet: None,
    ) -> wire.Message | dict[str, Any]:
        """Return the reply, which may come from a rule or a recording. `size` is the size of the request in bytes.

        `note_unmet` is called with the schema for which the reply is only the nearest value.

        Raises the ApiError with which the API would respond.
        """
        if rule is None and (played := self._played(session, params, "message")) is not None:
            await self._ledger.note_played(session, played, *self._playback.unsaved(session.name))
            return played
        model, tokens = await self._apart(size, self._checked, session, params, terms, "messages")
        await self._check_spending(session)
        conditions = self._conditions(session, terms)
        builder = RowBuilder(conditions)
        answered = await self._apart(size, self._answered, params, model, tokens, builder, rule)
        row = await _settled(answered, builder)
        sent = self._sent[session.name]
        before = self._caches.entries(session) if row.more.prefixes else None
        row = await self._cached(session, row)
        ordinal = sent[row.key] = sent[row.key] + 1
        seed = derive_seed(conditions.seed, "message", session.name)
        message_id = ids.message_id(seed, f"{row.key}/{ordinal}")
        lines = Lines(conditions, lambda place: params)
        try:
            message = await self._apart(size, lines.message, row, message_id, "standard")
            left = [self._caches.entries(session)] if before else []
            await self._ledger.note(session, message, row.key, *left, *self._playback.unsaved(session.name))
        except BaseException:
            if before:
                self._caches.take_back(before)
            sent[row.key] -= 1
            raise
        if row.more.unmet:
            note_unmet(row.more.unmet)
        return message

    async def count(
        self, session: SessionState, params: dict[str, Any], terms: Terms, size: int = 0
    ) -> wire.MessageTokensCount:
        """Count the tokens of a request. Raises the ApiError with which the API would respond."""
        if (played := self._played(session, params, "count_tokens")) is not None:
            return wire.MessageTokensCount(played["input_tokens"])
        _, tokens = await self._apart(size, self._checked, session, params, terms, "count_tokens")
        return wire.MessageTokensCount(tokens)

    @staticmethod
    async def _apart(size: int, work: Callable[..., T], *arguments: Any) -> T:
        """Run `work`, off the event loop if it may take long."""
        if _IMPORTED not in sys.modules:
            # the first reply needs a slow import
            await asyncio.to_thread(import_module, _IMPORTED)
        return await asyncio.to_thread(work, *arguments) if size > QUICK else work(*arguments)

    def _played(self, session: SessionState, params: dict[str, Any], kind: "Kind") -> dict[str, Any] | None:
        """Return the recording for a call; None if nothing is replayed, or the reply is to be generated."""
        player = self._playback.player(session.name, session.config)
        if player is None:
            return None
        request = {name: value for name, value in params.items() if name != "stream"}
        found = player.answer(request, kind)
        return None if found is None else found.message or found.answer

    def _answered(
        self,
        params: dict[str, Any],
        model: Model,
        tokens: int,
        builder: RowBuilder,
        rule: Rule | None,
    ) -> Row | Pending:
        request, limit = RowParams(params, builder.under), params.get("max_tokens")
        row = Row(
            "",
            0,
            model=model.id,
            key=request.key(),
            limit=limit if type(limit) is int else model.max_output,
            input_tokens=tokens,
            geo=geo_of(params, model),
            rule=rule.name if rule else "",
        )
        return builder.answered(row, request, model, read_reply(rule.given_reply) if rule else None)

    async def _cached(self, session: SessionState, row: Row) -> Row:
        if not row.more.prefixes:
            return row
        used = await self._caches.message(session, list(row.more.prefixes), session.now())
        return replace(row, more=replace(row.more, cache=used))

    @staticmethod
    def _conditions(session: SessionState, terms: Terms) -> Conditions:
        profile = session.settings.profile
        return Conditions(
            terms,
            profile.seed,
            tokens=parse_tokens(profile.tokens),
            session=session.name,
            created_at=format_instant(session.now()),
        )

    def _checked(
        self, session: SessionState, params: dict[str, Any], terms: Terms, surface: Surface
    ) -> tuple[Model, int]:
        """Return the requested model, and the number of tokens of the prompt."""
        request = RowParams(params, self._conditions(session, terms))
        if not terms.validated:
            model = request.model()
            return model, request.tokens(model)
        try:
            model = checked(params, terms, surface)
            check_files(params, self._files.there(session.name, session.now()))
            tokens = request.tokens(model)
            if surface == "messages":
                check_length(tokens, model)
            return model, tokens
        except ApiError as error:
            _plainly(error)


async def _settled(answered: Row | Pending, builder: RowBuilder) -> Row:
    """Return the row with its reply, calling the reply function if there is one. Raise the ApiError of a row that
    fails.
    """
    row = await _made(answered, builder) if isinstance(answered, Pending) else answered
    for _, error in builder.reply_errors:
        _log.error("rule %r, a message: %s", row.rule, error.message, exc_info=error.__cause__)
    if row.failure:
        _raise(row.failure)
    return row


async def _made(pending: Pending, builder: RowBuilder) -> Row:
    """Return the row with the reply of a function."""
    # imported lazily: most servers have no such replies
    from mockbatch.service.sessions.functions import replies_of

    (reply,) = await replies_of([(pending.spec, pending.request)])
    return builder.made(pending.row, reply)


def _raise(failure: RowFailure) -> NoReturn:
    """Raise the failure of a row as an ApiError."""
    raise Internal(failure.message) if failure.executed else InvalidRequest(failure.message)


def _plainly(error: ApiError) -> NoReturn:
    """Raise the error of a row without its visibility detail."""
    details = {name: value for name, value in (error.details or {}).items() if name != "error_visibility"}
    raise type(error)(error.message, details=details or None) from None
