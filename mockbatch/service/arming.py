"""Changes of rules while the server runs, each saved before it is answered."""

from collections.abc import Callable
from typing import TypeVar

from mockbatch.core.contract.errors import ApiError
from mockbatch.service.rules import SessionRules
from mockbatch.service.sessions import Session
from mockbatch.store import Store, StoreError

T = TypeVar("T")


class Arming:
    """Changes the rules of sessions. What is refused or cannot be saved changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def change(self, session: Session, how: Callable[[SessionRules], T]) -> T:
        """Change the rules of a session. Raise InvalidRequest, NotFound, or StoreError if it cannot be saved."""
        rules = session.rules
        records, changed, ids = rules.records, rules.changed, rules.ids
        try:
            result = how(rules)
        except ApiError:
            rules.ids = ids
            raise
        try:
            await self._store.commit(session.facts(), session.counters())
        except StoreError:
            rules.replace(records)
            rules.changed = changed
            raise
        return result
