"""`/_mockbatch/problems` and `/_mockbatch/summary`: what was not done, and what a run came to."""

from msgspec import Struct
from msgspec.structs import replace
from starlette.routing import Route

from mockbatch.core.cassette.showing import shown_text
from mockbatch.http.access import check_control
from mockbatch.http.answers import Answer, Json
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import entered
from mockbatch.http.described import described
from mockbatch.service.problems import Problem
from mockbatch.service.summary import Summary


class ProblemList(Struct, frozen=True):
    """What a program did not do, or should not have done."""

    problems: list[Problem]


@described(ProblemList, caller="own")
async def problems(call: Call) -> Answer:
    """The problems of a session."""
    mock, session = await entered(call)
    found = await mock.problems.of(session)
    return Json(ProblemList([replace(problem, text=shown_text(problem.text)) for problem in found]))


@described(Summary, caller="own")
async def summary(call: Call) -> Answer:
    """What a run came to: of one session, or of all, those that are gone too, where none is named."""
    mock = call.mock
    if "session" in call.query():
        _, session = await entered(call)
        return Json(await mock.summaries.of(session))
    check_control(call)
    return Json(await mock.summaries.of_all(mock.sessions.all()))


routes = [
    Route("/_mockbatch/problems", Endpoint(GET=problems)),
    Route("/_mockbatch/summary", Endpoint(GET=summary)),
]
