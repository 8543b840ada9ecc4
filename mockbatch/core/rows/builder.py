"""Build the reply of a row that succeeds, and its usage."""

from functools import cache
from types import ModuleType
from typing import Any

import msgspec
from msgspec.structs import replace

from mockbatch.core.contract import wire
from mockbatch.core.contract.model import Model
from mockbatch.core.contract.request_slicer import RequestItem
from mockbatch.core.money.ledger import refusal_of
from mockbatch.core.replies.draft import FUNCTION, Reply, ReplyError, ReplySpec, Request
from mockbatch.core.replies.message import check_usage, usage_of
from mockbatch.core.replies.stored_reply import SHORT, dump_reply, load_reply
from mockbatch.core.replies.text import plain_text
from mockbatch.core.rows.conditions import Conditions
from mockbatch.core.rows.params import ParamsReader, RowParams
from mockbatch.core.rows.reading import geo_of, limit_of
from mockbatch.core.rows.row import PLAIN, More, Pending, Row, RowFailure

UNEXPECTED = RowFailure("api_error", "Internal server error", None, executed=True)
_NOTHING_USED = wire.Usage(0, 0, 0, wire.CacheCreation(0, 0), 0, "batch", "")
_MOST_WORDS = 2_000


class RowBuilder:
    """Builds rows that succeed. `reply_errors` lists replies that failed."""

    def __init__(self, conditions: Conditions) -> None:
        self.under = conditions
        self._reader = ParamsReader(conditions)
        self.reply_errors: list[tuple[Row, ReplyError]] = []

    def build(self, item: RequestItem, index: int) -> Row:
        """Return the row of a checked request, with the default reply for its params."""
        params = self._read(item)
        model = params.model()
        row = self.begun(item.custom_id, index, params, model, params.tokens(model))
        try:
            answered = self._answered(row, params, model, None)
            assert isinstance(answered, Row)
            return answered
        except Exception as error:
            # the row may already have been reported as succeeded
            self.note(row, error)
            return self._plain(row, params, model)

    def begun(self, custom_id: str, index: int, asked: RowParams, model: Model, tokens: int, rule: str = "") -> Row:
        """Return a row with everything that is known without its reply."""
        under, params = self.under, asked.params
        return Row(
            custom_id,
            index,
            model=model.id,
            key=asked.key(),
            limit=params["max_tokens"] if under.terms.validated else limit_of(params, model),
            input_tokens=tokens,
            geo=geo_of(params, model),
            rule=rule,
        )

    def answered(self, row: Row, params: RowParams, model: Model, spec: ReplySpec | None) -> Row | Pending:
        """Return the row of a valid request with its reply, which a rule may have decided."""
        try:
            return self._answered(row, params, model, spec)
        except Exception as error:
            return self._failed(replace(row, more=More(spec)), error)

    def made(self, row: Row, reply: Reply | ReplyError) -> Row:
        """Return the row with a reply that was made elsewhere and is not made again."""
        if isinstance(reply, ReplyError):
            return self._failed(row, reply)
        try:
            return self._replied(row, reply, long=True)
        except Exception as error:
            return self._failed(row, error)

    def note(self, row: Row, error: Exception) -> ReplyError:
        """Record an error for the log."""
        if not isinstance(error, ReplyError):
            found = ReplyError(f"the reply failed: {type(error).__name__}: {error}")
            found.__cause__, error = error, found
        self.reply_errors.append((row, error))
        return error

    def _answered(self, row: Row, params: RowParams, model: Model, spec: ReplySpec | None) -> Row | Pending:
        wishes, prose = _texts()
        wish = wishes.wish_alone(params.params, model) if spec is None else None
        if wish is not None and wish.is_none:
            return self._plain(row, params, model)
        under = self.under
        request = request_of(row, params.params, model, under.session, under.batch, under.seed, under.created_at)
        row = replace(row, more=More(spec, prefixes=params.prefixes(model, row.input_tokens), written=True))
        if spec is not None and spec.kind == FUNCTION:
            return Pending(row, spec, request)
        if wish is None:
            return self._replied(row, reply_to(request, spec))
        return self._replied(row, prose.text_reply(request, wish))

    def _read(self, item: RequestItem) -> RowParams:
        try:
            return self._reader.read(item.params)
        except (msgspec.DecodeError, RecursionError):
            return RowParams({}, self.under)

    def _plain(self, row: Row, params: RowParams, model: Model) -> Row:
        """Return the row with plain text as the reply."""
        cached = params.prefixes(model, row.input_tokens)
        output_tokens = plain_text(row.key, row.limit, model)[1]
        return self._kept(row, output_tokens, More(prefixes=cached) if cached else PLAIN)

    def _replied(self, row: Row, reply: Reply, *, long: bool = False) -> Row:
        """Return the row with its reply, stored regardless of its length if `long`.

        Raises ReplyError for a reply that cannot be sent.
        """
        # built-in replies can always be sent
        kept = _sendable(reply) if row.more.spec else dump_reply(reply)
        more = replace(
            row.more,
            kept=kept if long or len(kept) <= SHORT else None,
            said=reply.usage,
            thinking_tokens=reply.thinking_tokens,
            server_tool_use=reply.server_tool_use,
            refusal=refusal_of(msgspec.structs.asdict(reply)) if reply.stop_reason == "refusal" else None,
            unmet=reply.unmet,
        )
        if reply.usage:
            check_usage(usage_of(reply, _NOTHING_USED))
        return self._kept(row, reply.output_tokens, more)

    def _failed(self, row: Row, error: Exception) -> Row:
        """Return the row of a reply that failed, with the reason if a rule had requested it."""
        bare = Row(row.custom_id, row.index, rule=row.rule)
        if row.more.spec is None:
            self.note(row, error)
            return replace(bare, failure=UNEXPECTED)
        message = f"rule {row.rule!r}: {_plain_words(self.note(row, error).message)}"
        return replace(bare, failure=RowFailure("api_error", message, None, executed=True))

    def _kept(self, row: Row, output_tokens: int, more: More) -> Row:
        fixed = self.under.tokens.output
        if fixed is None:
            return replace(row, output_tokens=output_tokens, more=more)
        if more.thinking_tokens is not None:
            more = replace(more, thinking_tokens=min(more.thinking_tokens, fixed))
        return replace(row, output_tokens=fixed, more=more)


@cache
def _texts() -> tuple[ModuleType, ModuleType]:
    # not before: startup needs none, and an import per row would cost as much as some checks
    from mockbatch.core.replies import plain, prose

    return plain, prose


def request_of(
    row: Row, params: dict[str, Any], model: Model, session: str, batch: str | None, seed: int, created_at: str
) -> Request:
    """Return the input for the reply of a row."""
    name = row.custom_id or None  # outside of batches there is none
    return Request(params, model, row.key, row.limit, name, row.index, session, batch or None, seed, created_at)


def reply_to(request: Request, spec: ReplySpec | None) -> Reply:
    """Make the reply to a request, which a rule may have decided. Raises ReplyError."""
    if spec is None:
        # not before: this is slow to import, and plain replies do not need it
        from mockbatch.core.replies.reply import natural_reply

        return natural_reply(request)
    from mockbatch.core.replies.kinds import make_reply

    return make_reply(spec, request)


def _sendable(reply: Reply) -> bytes:
    """Encode a reply for storage. Raises ReplyError if it is not JSON or not a valid message."""
    try:
        kept = dump_reply(reply)
        load_reply(kept)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ReplyError(f"the reply cannot be sent: {error}") from error
    return kept


def _plain_words(message: str) -> str:
    """Return a message that can be sent, even if it quotes unencodable text."""
    return message[:_MOST_WORDS].encode("utf-8", "replace").decode()
