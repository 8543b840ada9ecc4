"""Changes to the rules of a running server, each saved before the response."""

from collections.abc import Callable
from typing import TypeVar

from mockbatch.service.sessions.rules import SessionRules
from mockbatch.service.sessions.session import SessionState

T = TypeVar("T")


class RuleChanges:
    """Changes the rules of sessions. A change that is invalid or cannot be saved has no effect."""

    async def change(self, session: SessionState, how: Callable[[SessionRules], T]) -> T:
        """Change the rules of a session. Raise InvalidRequest, NotFound, or StoreError if it cannot be saved."""
        with session.unless_saved():
            result = how(session.rules)
            await session.commit(session.facts(), session.counters())
        return result
