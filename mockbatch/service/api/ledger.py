"""The ledger: batches from their sums, messages as they were answered."""

from collections.abc import AsyncIterator, Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from mockbatch.core.batch import Batch
from mockbatch.core.contract import wire
from mockbatch.core.contract.limits import spent_too_much
from mockbatch.core.money.ledger import (
    REFUSED,
    Account,
    LedgerEntry,
    Origin,
    Sums,
    TokenCounts,
    context_window,
    counts_of,
    entries_of,
    is_billed,
    net,
    refusal_of,
    unbilled,
)
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.rates import total
from mockbatch.core.money.spending import Dated
from mockbatch.core.replayed_rows import row_from_recording
from mockbatch.core.rows.row import Row
from mockbatch.core.rows.usage import usage_of_row
from mockbatch.core.time.spans import MINUTE, format_day, format_instant
from mockbatch.service.cooperative import in_turns
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import Change, MessageUsage, Store

# more than any session has
_ACCOUNTS = 1 << 32


class _Used(Struct, frozen=True, array_like=True):
    """Usage of messages in one minute, in one account."""

    requests: int
    counts: TokenCounts


class _Messages:
    """Usage of the messages of a session, by minute and account, in order of first use.

    Each entry is kept as JSON, since a session may have one for each of its messages.
    """

    def __init__(self) -> None:
        self._accounts: dict[Account, int] = {}
        self._used: dict[int, bytes] = {}

    def add(self, minute: int, account: Account, counts: TokenCounts) -> None:
        """Count one more message."""
        key = minute * _ACCOUNTS + self._accounts.setdefault(account, len(self._accounts))
        kept = self._used.get(key)
        used = _Used(0, TokenCounts()) if kept is None else msgspec.json.decode(kept, type=_Used)
        self._used[key] = msgspec.json.encode(_Used(used.requests + 1, used.counts.plus(counts)))

    def __iter__(self) -> Iterator[tuple[int, Account, _Used]]:
        accounts = list(self._accounts)
        for key, kept in list(self._used.items()):
            minute, account = divmod(key, _ACCOUNTS)
            yield minute * MINUTE, accounts[account], msgspec.json.decode(kept, type=_Used)


class LedgerService:
    """Computes what sessions were billed. Reading changes nothing."""

    def __init__(self, store: Store, prices: Prices, lag: int) -> None:
        self._store = store
        self._lag = lag
        self._messages: dict[str, _Messages] = {}
        self.prices = prices

    def restore(self, spent: Iterable[MessageUsage]) -> None:
        """Load the usage of messages."""
        for one in spent:
            self._add(one)

    async def note(self, session: SessionState, message: wire.Message, key: int, *more: Change) -> None:
        """Save the usage of a message together with `more`; `key` identifies its request."""
        details = message.stop_details
        refusal = refusal_of({"stop_reason": message.stop_reason, "content": message.content, "stop_details": details})
        await self._note(session, message.id, message.model, message.usage, refusal, key, *more)

    async def note_played(self, session: SessionState, message: dict[str, Any], *more: Change) -> None:
        """Save the usage of a replayed message together with `more`."""
        from mockbatch.core.cassette.tape import Recorded

        row = row_from_recording(Recorded("succeeded", message, None, None, 200, None, None, 0), "", 0)
        usage = usage_of_row(row, "standard")
        await self._note(session, str(message.get("id")), row.model, usage, row.more.refusal, 0, *more)

    async def _note(
        self,
        session: SessionState,
        message_id: str,
        model: str,
        usage: wire.Usage,
        refusal: str | None,
        key: int,
        *more: Change,
    ) -> None:
        counts = counts_of(usage) if is_billed(refusal, format_day(session.now())) else TokenCounts()
        lengths = session.settings.profile.prompt_lengths
        account = _account(model, counts, usage.inference_geo, usage.service_tier, lengths)
        spent = MessageUsage(session.name, message_id, session.now(), account, counts, key)
        await session.commit(spent, *more)
        self._add(spent)
        session.events.publish(spent.at, "ledger", message=message_id)

    def forget(self, session: SessionState) -> None:
        self._messages.pop(session.name, None)

    def check(self, session: SessionState, limit: Decimal) -> None:
        """Raise RateLimited if a session was billed `limit` or more in the current calendar month."""
        month = format_day(session.now())[:7]
        sums: dict[str, Sums] = {}
        for used in self.used(session):
            if format_day(used.at).startswith(month):
                sums.setdefault(used.priced, Sums()).add_all(used.account, used.requests, used.counts)
        if total(net(part, day, self.prices).net for day, part in sums.items()) >= limit:
            year, number = map(int, month.split("-"))
            raise spent_too_much(f"{year + number // 12:04}-{number % 12 + 1:02}-01")

    async def usage_between(self, start: int, end: int, sessions: Iterable[SessionState]) -> list[Dated]:
        """Return the usage of sessions in `[start, end)`, as far as reports include it by now."""
        found: list[Dated] = []
        for session in sessions:
            known = session.now() - self._lag
            async for used in self.used_in_turns(session):
                if start <= used.at < end and used.at <= known:
                    found.append(used)
        return found

    def used_in_turns(self, session: SessionState) -> AsyncIterator[Dated]:
        """Yield the usage of a session, letting other tasks run."""
        return in_turns(self.used(session))

    def used(self, session: SessionState) -> Iterator[Dated]:
        """Yield the usage of a session: by batch, at its end, and by minute outside of batches."""
        now = session.now()
        for batch in session.ever():
            yield from _of_batch(session, batch, now)
        yield from self._of_messages(session)

    def _of_messages(self, session: SessionState) -> Iterator[Dated]:
        workspace, key = session.workspace or None, session.key_id
        for minute, account, used in self._messages.get(session.name, ()):
            yield Dated(
                minute,
                format_day(minute),
                account,
                used.requests,
                used.counts,
                session.name,
                workspace,
                key,
            )

    def used_by(self, session: SessionState, batch: Batch, row: Row, lengths: Iterable[int]) -> Dated:
        """Return the usage of a row that succeeded."""
        counts = counts_of(usage_of_row(row))
        account = _account(row.model, counts, row.geo, "batch", lengths)
        return Dated(
            batch.timeline.ended_at,
            batch.terms.day,
            account,
            1,
            counts,
            session.name,
            session.workspace or None,
            session.key_id,
            batch.id,
            row.custom_id,
        )

    def entries(
        self, session: SessionState, batch: Batch, row: Row, outcome: str, message_id: str, usage: wire.Usage | None
    ) -> list[LedgerEntry]:
        """Return the entries of one row of a batch that has ended; without a usage, a single unbilled one."""
        origin = Origin(
            batch.id,
            row.custom_id,
            message_id if usage else None,
            row.model,
            session.workspace or None,
            session.key_id,
            format_instant(batch.timeline.ended_at),
        )
        if usage is None:
            return [unbilled(origin, outcome)]
        if not row.is_billed(batch.terms.day):
            return [unbilled(origin, REFUSED)]
        counts = counts_of(usage)
        rates = self.prices.of(row.model, batch.terms.day, counts.prompt_tokens)
        return entries_of(counts, origin, rates, "batch", usage.inference_geo)

    async def message_entries(self, session: SessionState) -> AsyncIterator[list[LedgerEntry]]:
        """Yield the entries of messages outside of batches."""
        for spent in await self._store.spent(session.name):
            origin = Origin(
                None,
                None,
                spent.id,
                spent.account.model,
                session.workspace or None,
                session.key_id,
                format_instant(spent.at),
            )
            rates = self.prices.of(spent.account.model, format_day(spent.at), spent.counts.prompt_tokens)
            account = spent.account
            entries = entries_of(spent.counts, origin, rates, account.service_tier, account.inference_geo)
            yield entries or [unbilled(origin, REFUSED)]

    def _add(self, spent: MessageUsage) -> None:
        messages = self._messages.setdefault(spent.session, _Messages())
        messages.add(spent.at // MINUTE, spent.account, spent.counts)


def _of_batch(session: SessionState, batch: Batch, now: int) -> Iterator[Dated]:
    """Yield the usage of a batch, if it has ended."""
    if batch.timeline.has_ended(now):
        for row in batch.sums or ():
            yield Dated(
                batch.timeline.ended_at,
                batch.terms.day,
                row.account,
                row.requests,
                row.counts,
                session.name,
                session.workspace or None,
                session.key_id,
                batch.id,
            )


def _account(model: str, counts: TokenCounts, geo: str, tier: str, lengths: Iterable[int]) -> Account:
    """Return the account of a request. `lengths` are the prompt lengths at which prices change."""
    above = max((length for length in lengths if counts.prompt_tokens > length), default=0)
    return Account(model, above, context_window(counts.prompt_tokens), geo, tier)
