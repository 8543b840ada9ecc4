"""From a request to its line in the results.

An Examiner looks at each request of a batch once and keeps what its line is made of; `Lines` makes the lines, as often
as asked.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal, Protocol, cast

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from mockbatch.core.contract import ids, wire
from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.envelope import Item
from mockbatch.core.contract.errors import ApiError
from mockbatch.core.contract.extent import check_values
from mockbatch.core.contract.model import Model
from mockbatch.core.contract.params import Terms, check_length, checked, unchecked
from mockbatch.core.draws import LuckBy, luck_of, subseed
from mockbatch.core.files import check_files
from mockbatch.core.money.ledger import is_billed, refusal_of
from mockbatch.core.money.prompt_cache import CacheUse, Prefix, prefixes
from mockbatch.core.replies.forms import FUNCTION, Reply, ReplyError, ReplySpec, Request
from mockbatch.core.replies.kept import SHORT, KeptReply, dump_reply, load_reply
from mockbatch.core.replies.message import check_usage, message_of, reply_key, reply_message, usage_of
from mockbatch.core.replies.text import plain_text
from mockbatch.core.rules.faults import ROW_FAULTS, random_fault
from mockbatch.core.rules.items import Cutoffs, ItemDecision, ItemRules
from mockbatch.core.rules.replied import reply_of
from mockbatch.core.tokens import COUNTED, TokenRule, input_tokens

Unfinished = wire.Canceled | wire.Expired


class Failure(Struct, frozen=True, array_like=True):
    """How a row errs. `executed` tells an error of execution from one of the checks before it; such an error has a
    request_id of its own where none is told.
    """

    type: str
    message: str
    details: dict[str, Any] | None
    executed: bool
    request_id: str | None = None


class More(Struct, frozen=True, array_like=True):
    """What is kept of a row that is more than some text. Its reply is `kept` as it was made, or made of its params
    again where it is long. `prefixes` are the parts of its prompt that may be cached, and `cache` what came of them,
    once that is known.
    """

    spec: ReplySpec | None = None
    kept: bytes | None = None
    prefixes: tuple[Prefix, ...] = ()
    cache: CacheUse = CacheUse()
    said: dict[str, Any] | None = None
    thinking_tokens: int | None = None
    server_tool_use: wire.ServerToolUse | None = None
    result: bytes | None = None
    """The whole result, as JSON, where it was recorded."""
    written: bool = False
    """Whether its reply is more than the text that its key has."""
    refusal: str | None = None
    """The category of a refusal before any output, which may not be billed; None for other replies."""
    unmet: str = ""
    """Of which schema no value was found, so that the nearest is in the reply; empty where all are met."""


_PLAIN = More()


class Row(Struct, frozen=True, array_like=True):
    """What is kept of a request: how it fails, or that it ends without an answer, or what its reply is made of.

    `index` is its place in the batch, `limit` how many tokens the reply may have, `key` the bits that it is drawn from,
    `rule` the name of the rule that decided.
    """

    custom_id: str
    index: int
    failure: Failure | None = None
    unanswered: Literal["", "canceled", "expired"] = ""
    model: str = ""
    key: int = 0
    limit: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    geo: str = ""
    rule: str = ""
    more: More = _PLAIN

    def is_billed(self, day: str) -> bool:
        """Whether it is billed when it succeeds, at the rules of a day."""
        return is_billed(self.more.refusal, day)

    @property
    def succeeds(self) -> bool:
        """Whether it does, when it is done in time."""
        return self.failure is None and not self.unanswered


class Pending(Struct, frozen=True):
    """A row whose reply somebody else has to make: a function of the tester, or a recording."""

    row: Row
    spec: ReplySpec
    request: Request


_UNUSABLE = Failure(
    "invalid_request_error",
    "params: Input should be a valid dictionary",
    {"error_visibility": "user_facing"},
    False,
)
_UNEXPECTED = Failure("api_error", "Internal server error", None, executed=True)
_NOTHING_USED = wire.Usage(0, 0, 0, wire.CacheCreation(0, 0), 0, "batch", "")
_MOST_WORDS = 2_000
_QUICK = 256 << 10
_SLOW = (b"schema", b"document", b'"image', b"\\u")
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_pack, _unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Row]).decode


def _refused(error: Exception) -> Failure:
    if isinstance(error, ApiError):
        return Failure(error.type, error.message, error.details, executed=False)
    # a number beyond all ranges, or nesting beyond all depths: the bytes are JSON, the values are not usable
    return _UNUSABLE


def params_of(item: Item) -> dict[str, Any]:
    """The params of a request; none where they cannot be used."""
    try:
        return _decode(item.params)
    except (msgspec.DecodeError, RecursionError):
        return {}


class Player(Protocol):
    """Plays recordings: a row for a request, or nothing where it is to be looked at like others."""

    def row(self, params: dict[str, Any], custom_id: str, index: int, raw: bytes) -> Row | None: ...


class Conditions(Struct, frozen=True):
    """What the requests of a batch are looked at under. `files` are those that they may name, `rules` decide about
    rows, with `cutoffs` for those of them that are quotas, and a `player` has the recordings, if there are any.
    """

    terms: Terms
    seed: int = 0
    fail_rate: float = 0
    files: Collection[str] = ()
    tokens: TokenRule = COUNTED
    rules: ItemRules | None = None
    cutoffs: Cutoffs = ()
    session: str = ""
    batch: str = ""
    created_at: str = ""
    player: Player | None = None
    fail_attempts: int | None = None
    luck_by: LuckBy = "custom_id"

    @property
    def needs_attempts(self) -> bool:
        """Whether it matters how often a request was sent."""
        return bool(self.fail_rate and self.fail_attempts) or (self.rules is not None and self.rules.needs_attempts)

    def luck(self, item: Item) -> str:
        """The name under which the luck of a request is drawn."""
        return luck_of(item.custom_id, item.params, self.luck_by)

    def drawn_fault(self, item: Item, attempt: int) -> str | None:
        """The fault that is drawn for a request which is sent for the `attempt`th time, if any."""
        if self.fail_attempts is not None and attempt > self.fail_attempts:
            return None
        return random_fault(self.seed, self.luck(item), self.fail_rate)


class Examiner:
    """Looks at the requests of one batch: each is checked as the API checks it, its luck drawn, its reply made once and
    its tokens counted. `mishaps` are the replies of rules that could not be made.
    """

    def __init__(self, conditions: Conditions) -> None:
        self._under = conditions
        self.mishaps: list[tuple[Row, ReplyError]] = []

    def row(self, item: Item, index: int, attempt: int = 1) -> Row | Pending:
        """The row of the request at that place of the batch, which was sent the `attempt`th time."""
        try:
            return self._row(item, index, attempt)
        except (ApiError, msgspec.DecodeError, RecursionError) as error:
            failure = _refused(error)
        except Exception as error:
            # whatever is wrong with one row is no matter of the others
            self._note(Row(item.custom_id, index), error)
            failure = _UNEXPECTED
        return Row(item.custom_id, index, failure)

    def refusal(self, item: Item) -> Failure | None:
        """Return how the checks refuse a request; None where they take it."""
        try:
            check_values(item.params)
            self._checked(_decode(item.params))
        except (ApiError, msgspec.DecodeError, RecursionError) as error:
            return _refused(error)
        return None

    def is_quick(self, items: Sequence[Item]) -> bool:
        """Whether rows are made of these requests in no time: small ones, without rules, schemas and media."""
        if self._under.rules or self._under.player:
            return False
        joined = b"".join(bytes(item.params) for item in items)
        return len(joined) <= _QUICK and not any(word in joined for word in _SLOW)

    def _row(self, item: Item, index: int, attempt: int) -> Row | Pending:
        check_values(item.params)
        params, under = _decode(item.params), self._under
        decision = self._decided(item, params, attempt) if under.rules else None
        if decision is not None and decision.outcome != "succeeded":
            return _as_decided(item.custom_id, index, decision)
        if under.player and (decision is None or reply_of(decision) is None):
            played = under.player.row(params, item.custom_id, index, bytes(item.params))
            if played is not None:
                return played
        model, tokens = self._checked(params)
        if under.fail_rate and (fault := under.drawn_fault(item, attempt)):
            failed = ROW_FAULTS[fault]
            return Row(item.custom_id, index, Failure(failed.type, failed.message, None, executed=True))
        limit = params["max_tokens"] if under.terms.validated else limit_of(params, model)
        row = Row(
            item.custom_id,
            index,
            model=model.id,
            key=reply_key(under.seed, params),
            limit=limit,
            input_tokens=tokens,
            geo=geo_of(params, model),
            rule=decision.rule if decision else "",
        )
        return self.answered(row, params, model, reply_of(decision) if decision else None)

    def _checked(self, params: dict[str, Any]) -> tuple[Model, int]:
        """The model that a good request asks for, and how long its prompt is. Raises the ApiError of another one."""
        under = self._under
        model = checked(params, under.terms) if under.terms.validated else unchecked(params, under.terms)
        tokens = counted_input(params, model, under.tokens)
        if under.terms.validated:
            check_files(params, under.files)
            check_length(tokens, model)
        return model, tokens

    def _decided(self, item: Item, params: dict[str, Any], attempt: int) -> ItemDecision | None:
        under = self._under
        assert under.rules is not None
        model = model_name(params, under.terms)
        return under.rules.decide(item.custom_id, params, model, attempt, under.cutoffs, under.luck(item))

    def answered(self, row: Row, params: dict[str, Any], model: Model, spec: ReplySpec | None) -> Row | Pending:
        """The row of a good request with what its reply comes to, which a rule may have decided."""
        # not before: a start needs none
        from mockbatch.core.replies.plain import is_plain

        cached = self._prefixes(row, params, model)
        if spec is None and is_plain(params, model):
            output_tokens = plain_text(row.key, row.limit, model)[1]
            return self._kept(row, output_tokens, More(prefixes=cached) if cached else _PLAIN)
        request = self.request_of(row, params, model)
        row = replace(row, more=More(spec, prefixes=cached, written=True))
        if spec is not None and spec.kind == FUNCTION:
            return Pending(row, spec, request)
        try:
            return self.replied(row, reply_to(request, spec))
        except Exception as error:
            return self.failed(row, error)

    def _prefixes(self, row: Row, params: dict[str, Any], model: Model) -> tuple[Prefix, ...]:
        """What of the prompt may be cached: no more of it than it is said to have."""
        if "cache_control" not in params and not _marks(params):
            return ()
        found = prefixes(params, model)
        if self._under.tokens.input is None:
            return tuple(found)
        return tuple(replace(prefix, tokens=min(prefix.tokens, row.input_tokens)) for prefix in found)

    def request_of(self, row: Row, params: dict[str, Any], model: Model) -> Request:
        """What the reply of a row is made from."""
        under = self._under
        return request_of(row, params, model, under.session, under.batch, under.seed, under.created_at)

    def replied(self, row: Row, reply: Reply, *, long: bool = False) -> Row:
        """The row with what is kept of its reply, whatever its length if it may be `long`.

        Raises ReplyError for a reply that cannot be sent.
        """
        kept = _sendable(reply)
        more = replace(
            row.more,
            kept=kept if long or len(kept) <= SHORT else None,
            said=reply.usage,
            thinking_tokens=reply.thinking_tokens,
            server_tool_use=reply.server_tool_use,
            refusal=refusal_of(msgspec.structs.asdict(reply)),
            unmet=reply.unmet,
        )
        if reply.usage:
            check_usage(usage_of(reply, _NOTHING_USED))
        return self._kept(row, reply.output_tokens, more)

    def made(self, row: Row, reply: Reply | ReplyError) -> Row:
        """The row with a reply that somebody else made, and that is not made again."""
        if isinstance(reply, ReplyError):
            return self.failed(row, reply)
        try:
            return self.replied(row, reply, long=True)
        except Exception as error:
            return self.failed(row, error)

    def failed(self, row: Row, error: Exception) -> Row:
        """The row when its reply could not be made: with the reason where a rule asked for it."""
        bare = Row(row.custom_id, row.index, rule=row.rule)
        if row.more.spec is None:
            self._note(row, error)
            return replace(bare, failure=_UNEXPECTED)
        message = f"rule {row.rule!r}: {_plain_words(self._note(row, error).message)}"
        return replace(bare, failure=Failure("api_error", message, None, executed=True))

    def _note(self, row: Row, error: Exception) -> ReplyError:
        """Keep what went wrong for the log."""
        if not isinstance(error, ReplyError):
            found = ReplyError(f"the reply could not be made: {type(error).__name__}: {error}")
            found.__cause__, error = error, found
        self.mishaps.append((row, error))
        return error

    def _kept(self, row: Row, output_tokens: int, more: More) -> Row:
        fixed = self._under.tokens.output
        if fixed is None:
            return replace(row, output_tokens=output_tokens, more=more)
        if more.thinking_tokens is not None:
            more = replace(more, thinking_tokens=min(more.thinking_tokens, fixed))
        return replace(row, output_tokens=fixed, more=more)


def model_name(params: dict[str, Any], terms: Terms) -> str:
    """The id of the model that params ask for, or the name where there is none of that name."""
    name = params.get("model")
    if not isinstance(name, str):
        return ""
    model = terms.models.find(name, terms.day)
    return model.id if model else name


def request_of(
    row: Row, params: dict[str, Any], model: Model, session: str, batch: str | None, seed: int, created_at: str
) -> Request:
    """What the reply of a row is made from."""
    name = row.custom_id or None  # outside of batches there is none
    return Request(params, model, row.key, row.limit, name, row.index, session, batch or None, seed, created_at)


def reply_to(request: Request, spec: ReplySpec | None) -> Reply:
    """The reply that a request gets, which a rule may have decided. Raises ReplyError."""
    if spec is None:
        # not before: what makes them takes long to import, and plain replies need nothing of it
        from mockbatch.core.replies.reply import natural_reply

        return natural_reply(request)
    from mockbatch.core.replies.kinds import make_reply

    return make_reply(spec, request)


def _as_decided(custom_id: str, index: int, decision: ItemDecision) -> Row:
    if decision.outcome == "errored":
        error = decision.error
        assert error is not None
        failure = Failure(error.type, error.message, error.details, executed=True, request_id=error.request_id)
        return Row(custom_id, index, failure, rule=decision.rule)
    unanswered: Literal["canceled", "expired"] = "canceled" if decision.outcome == "canceled" else "expired"
    return Row(custom_id, index, unanswered=unanswered, rule=decision.rule)


def _marks(params: dict[str, Any]) -> bool:
    """Whether anything can carry a cache breakpoint, which a bare text cannot."""
    if isinstance(params.get("system"), list) or params.get("tools"):
        return True
    messages = params.get("messages")
    return isinstance(messages, list) and any(
        isinstance(message, dict) and isinstance(message.get("content"), list) for message in messages
    )


def counted_input(params: dict[str, Any], model: Model, rule: TokenRule) -> int:
    """The tokens of a prompt, or how many it is said to have."""
    return input_tokens(params, model) if rule.input is None else rule.input


def geo_of(params: dict[str, Any], model: Model) -> str:
    """Where a request is said to have run."""
    asked = params.get("inference_geo")
    return asked if asked == "us" and model.inference_geo != "not_available" else model.inference_geo


def limit_of(params: dict[str, Any], model: Model) -> int:
    """How many tokens a reply to params that were not checked may have."""
    limit = params.get("max_tokens")
    return limit if type(limit) is int and limit > 0 else model.max_output


def usage_of_row(row: Row, service_tier: Literal["standard", "batch"] = "batch") -> wire.Usage:
    """What a row that succeeds has used."""
    more, cache = row.more, row.more.cache
    usage = wire.Usage(
        max(row.input_tokens - cache.total, 0),
        cache.write_5m + cache.write_1h,
        cache.read,
        wire.CacheCreation(cache.write_5m, cache.write_1h),
        row.output_tokens,
        service_tier,
        row.geo,
    )
    if not more.written:
        return usage
    said = Reply([], "", row.output_tokens, thinking_tokens=more.thinking_tokens, server_tool_use=more.server_tool_use)
    usage = usage_of(said, usage)
    return usage if more.said is None else _with_said(usage, more.said)


def _with_said(usage: wire.Usage, said: dict[str, Any]) -> wire.Usage:
    """The usage with what the reply says of it, where that can be used: rows of older servers were not checked."""
    try:
        whole = usage_of(Reply([], "", usage.output_tokens, usage=said), usage)
        check_usage(whole)
    except ReplyError:
        return usage
    return whole


def _sendable(reply: Reply) -> bytes:
    """A reply as it is kept. Raises ReplyError for one that is not JSON, or no message."""
    try:
        kept = dump_reply(reply)
        load_reply(kept)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ReplyError(f"the reply cannot be sent: {error}") from error
    return kept


def _plain_words(message: str) -> str:
    """A message that can be sent, whatever it quotes."""
    return message[:_MOST_WORDS].encode("utf-8", "replace").decode()


def dump_rows(rows: list[Row]) -> bytes:
    """Rows as they are stored."""
    return _pack(rows)


def load_rows(data: bytes) -> list[Row]:
    """Rows as they were stored."""
    return _unpack(data)


Params = Callable[[int], dict[str, Any]]
"""The params of the request at a place of the batch."""


class Lines:
    """The result lines of one batch. Ids depend on the batch and the custom_id, so every download is the same.

    `params` are those of a request, which some replies are made of again; `mishaps` are those that could not be.
    """

    def __init__(self, conditions: Conditions, params: Params) -> None:
        self._under = conditions
        self._models: Models = conditions.terms.models
        self._params = params
        self.mishaps: list[tuple[Row, Exception]] = []
        self._message_seed = subseed(conditions.seed, "message", conditions.batch)
        self._worker_seed = subseed(conditions.seed, "worker", conditions.batch)
        self._encode = msgspec.json.Encoder().encode_lines

    def encode(self, rows: list[Row], done: Sequence[bool] | None, unfinished: Unfinished) -> bytes:
        """One compact line a row; `unfinished` for the rows that `done` says are not (None: all are)."""
        result, line = self._result, wire.ResultLine
        if done is None:
            return self._encode([line(row.custom_id, result(row)) for row in rows])
        return self._encode(
            [
                line(row.custom_id, result(row) if finished else unfinished)
                for row, finished in zip(rows, done, strict=True)
            ]
        )

    def message_id(self, row: Row) -> str:
        """The id of the message of a row."""
        return ids.message_id(self._message_seed, row.custom_id)

    def _result(self, row: Row) -> wire.Result:
        try:
            return self._whole_result(row)
        except Exception as error:
            # a reply that was made once and cannot be made again: the other rows are sent all the same
            self.mishaps.append((row, error))
            return self._errored(row, _UNEXPECTED)

    def _whole_result(self, row: Row) -> wire.Result:
        if row.more.result is not None:
            # JSON already, of the same shape
            return cast(wire.Result, Raw(row.more.result))
        if row.failure is not None:
            return self._errored(row, row.failure)
        if row.unanswered:
            return wire.Canceled() if row.unanswered == "canceled" else wire.Expired()
        return wire.Succeeded(self.message(row, self.message_id(row), "batch"))

    def message(self, row: Row, message_id: str, service_tier: Literal["standard", "batch"]) -> wire.Message:
        """The message of a row that succeeds."""
        model, usage = self._models.named(row.model), usage_of_row(row, service_tier)
        if not row.more.written:
            return reply_message(message_id, model, row.key, row.limit, usage)
        return message_of(self._reply(row, model), message_id, model, usage)

    def _reply(self, row: Row, model: Model) -> Reply | KeptReply:
        more, under = row.more, self._under
        if more.kept is not None:
            return load_reply(more.kept)
        params = self._params(row.index)
        request = request_of(row, params, model, under.session, under.batch, under.seed, under.created_at)
        return reply_to(request, more.spec)

    def _errored(self, row: Row, failure: Failure) -> wire.Errored:
        request_id = failure.request_id
        if request_id is None and failure.executed:
            request_id = ids.worker_request_id(self._worker_seed, row.custom_id)
        return wire.Errored(
            wire.RowError(
                error=wire.RowErrorDetail(failure.details, failure.type, failure.message), request_id=request_id
            )
        )
