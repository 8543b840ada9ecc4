"""Words that there are not are refused where a test writes them, with the nearest one: else a test would agree with
anything.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mockbatch.client.control import ControlError
from mockbatch.core.vocabulary import EVENTS, OPERATIONS, PROBLEM_KINDS
from mockbatch.http.app import all_routes
from mockbatch.http.calls import Endpoint
from mockbatch.http.operation import op_of
from mockbatch.testing.server import Server
from mockbatch.testing.session import Session


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Server(how="memory") as server:
        yield server.session()


WRONG: list[tuple[str, Callable[[Session], Any]]] = [
    ("op: Invalid enum value 'retreive'. Did you mean 'retrieve'?", lambda s: s.requests.count("retreive")),
    ("op: Invalid enum value 'Create'. Did you mean 'create'?", lambda s: s.requests.find("Create")),
    ("method: Invalid enum value 'get'. Did you mean 'GET'?", lambda s: s.requests.count(method="get")),
    ("stauts: unknown key. Did you mean 'status'?", lambda s: s.requests.count(stauts=200)),
    (
        "expectations[0].op: Invalid enum value 'mesages'. Did you mean 'messages'?",
        lambda s: s.requests.verify("mesages", count=0),
    ),
    (
        "expectations[0]: at_mots: unknown key. Did you mean 'at_most'?",
        lambda s: s.requests.verify("create", at_mots=1),
    ),
    ("event: there is no 'batch.finished'. Did you mean 'batch.ended'?", lambda s: s.wait_for("batch.finished")),
    ("event: there is no 'retreive'. Did you mean 'retrieve'?", lambda s: s.wait_for("retreive", count=0)),
    ("ignore: there is no 'orphn'. Did you mean 'orphan'?", lambda s: s.check(ignore=["orphan", "orphn"])),
    ("ignore: there is no 'duplicates'. Did you mean 'duplicate'?", lambda s: s.check(ignore="duplicates")),
    (
        "until: Invalid enum value 'batch.end'. Did you mean 'batch.ended'?",
        lambda s: s.clock.advance(until="batch.end"),  # type: ignore[arg-type]
    ),
    ("scope: Invalid enum value 'rule'. Did you mean 'rules'?", lambda s: s.reset("rule")),  # type: ignore[arg-type]
    ("finish_fraction: 2 is not between 0 and 1", lambda s: s.queue(finish_fraction=2)),
    ("finish_fraction: 'half' is not between 0 and 1", lambda s: s.queue(finish_fraction="half")),  # type: ignore[arg-type]
    ("duration: '10x' is not a span", lambda s: s.queue(duration="10x")),
    ("queue: there is no 'durtion'. Did you mean 'duration'?", lambda s: s.queue(durtion="10m")),  # type: ignore[call-arg]
    ("options: delay: 'x' is not a span", lambda s: s.queue(delay="x")),
    ("options: hits: 'many' is not one of them", lambda s: s.cache(hits="many")),
    ("unknown option scpoe. Did you mean scope?", lambda s: s.cache(scpoe="x")),  # type: ignore[call-arg]
    ("options: mode: 'nonee' is not one of them. Did you mean 'none'?", lambda s: s.replay("x", mode="nonee")),
    (
        "options: match: 'modl' is not a field of a request. Did you mean 'model'?",
        lambda s: s.replay("x", match=["modl"]),
    ),
    ("group_by: 'modle' is not one of them. Did you mean 'model'?", lambda s: s.ledger.groups("modle")),
    ("endd: unknown key. Did you mean 'ended'?", lambda s: s.batches.synthetic(1, endd=True)),
    ("how: there is no 'proces'. Did you mean 'process'?", lambda s: Server(how="proces")),  # type: ignore[arg-type]
    ("op: Invalid enum value 'creat'. Did you mean 'create'?", lambda s: s._control.get("requests", op="creat")),
    ("opp: unknown parameter. Did you mean 'op'?", lambda s: s._control.get("requests", opp="create")),
    ("limt: unknown parameter. Did you mean 'limit'?", lambda s: s._control.get("batches", limt=5)),
    ("bodies: 'flase' is neither true nor false", lambda s: s._control.get("requests", bodies="flase")),
    ("state: Invalid enum value 'procesing'. Did you mean 'processing'?", lambda s: items(s, state="procesing")),
    ("outcome: Invalid enum value 'failed'. Known: succeeded", lambda s: items(s, outcome="failed")),
]


def items(session: Session, **query: str) -> Any:
    return session._control.get("batches", session.batches.synthetic(1).id, "items", **query)


@pytest.mark.parametrize(("message", "ask"), WRONG, ids=[message[:50] for message, _ in WRONG])
def test_a_word_that_there_is_not_is_refused(session: Session, message: str, ask: Callable[[Session], Any]) -> None:
    """In the words of whoever wrote it, and at once."""
    with pytest.raises((ControlError, ValueError)) as raised:
        ask(session)
    assert message in str(raised.value)


def test_all_words_that_there_are_are_taken(session: Session) -> None:
    """Those of the documentation."""
    for op in OPERATIONS:
        session.requests.verify(op, at_least=0)
        session.wait_for(op, count=0)
    for event in EVENTS:
        session.wait_for(event, count=0)
    for kind in PROBLEM_KINDS:
        session.check(ignore=[*PROBLEM_KINDS, kind])
    session.queue(duration="10m", finish_fraction=0.5, capacity=3)
    session.cache(hits="all")


def test_the_operations_are_those_of_the_endpoints() -> None:
    """Whatever the journal may call a call can be asked for, and nothing else."""
    endpoints = [route.app for route in all_routes() if isinstance(route.app, Endpoint)]
    named = {op_of(handler) for endpoint in endpoints for handler in endpoint.handlers.values()}
    assert named - {""} == {*OPERATIONS, "organization"}
