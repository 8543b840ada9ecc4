"""The tables of the Python API for tests, made of the docstrings of its public members."""

import inspect
from collections.abc import Iterable, Iterator

from mockbatch.testing.batches import BatchView, BatchViews
from mockbatch.testing.clock import SessionClock
from mockbatch.testing.money import LedgerView, TrackerDifference
from mockbatch.testing.requests import Requests
from mockbatch.testing.rules import On, Rules, RuleView
from mockbatch.testing.server import Server
from mockbatch.testing.session import Session

PARTS: dict[str, type] = {
    "Server": Server,
    "Session": Session,
    "session.clock": SessionClock,
    "session.batches": BatchViews,
    "A batch of session.batches": BatchView,
    "session.requests": Requests,
    "session.on(...)": On,
    "session.rules": Rules,
    "A rule": RuleView,
    "session.ledger": LedgerView,
    "session.ledger.diff(...)": TrackerDifference,
}


def rows_of(kind: type) -> Iterator[tuple[str, str]]:
    """Yield each public member of a class, as it is called, and the first sentence about it."""
    for name, member in inspect.getmembers_static(kind):
        if not name.startswith("_") and (doc := inspect.getdoc(member)):
            called = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            yield f"`{name}{_call(called)}`", sentence(doc)


def _call(member: object) -> str:
    """Return the names of the parameters in parentheses, or nothing for a property."""
    if not inspect.isfunction(member):
        return ""
    stars: dict[object, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    parameters = inspect.signature(member).parameters.values()
    names = [f"{stars.get(one.kind, '')}{one.name}" for one in parameters if one.name not in ("self", "cls")]
    return f"({', '.join(names)})"


def sentence(doc: str) -> str:
    """Return the first sentence of a docstring."""
    paragraph = " ".join(doc.partition("\n\n")[0].split())
    return _up_to_full_stop(paragraph.split(" "))


def _up_to_full_stop(words: Iterable[str]) -> str:
    taken: list[str] = []
    for word in words:
        taken.append(word)
        if word.endswith(".") and word not in ("...", "e.g."):
            break
    return " ".join(taken)
