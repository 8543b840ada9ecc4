"""`/_mockbatch/problems` and `/_mockbatch/summary`: mistakes of a program, and the totals of a run."""

from msgspec import Struct
from msgspec.structs import replace
from starlette.routing import Route

from mockbatch.core.cassette.display import shown_text
from mockbatch.http.access import check_control
from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.control.entry import entered
from mockbatch.http.operation import operation
from mockbatch.http.responses import JsonResponse, Response
from mockbatch.service.admin.problems import FoundProblem
from mockbatch.service.admin.queries import FailedBatch
from mockbatch.service.admin.summary import Summary

# how many batches of a kind are named
_SHOWN = 200


class ProblemList(Struct, frozen=True):
    """What a program failed to do, or should not have done."""

    problems: list[FoundProblem]


@operation(ProblemList, caller="own")
async def problems(call: Call) -> Response:
    """List the problems of a session."""
    mock, session = await entered(call)
    found = await mock.problems.of(session)
    return JsonResponse(ProblemList([replace(problem, text=shown_text(problem.text)) for problem in found]))


class ProblemGroup(Struct, frozen=True):
    """All problems of a kind: their number, the text of the first, and the first batches and rows.

    In addition to the kinds of problems there is `all_failed`, for batches of which no row has succeeded.
    """

    kind: str
    count: int
    text: str
    batches: list[str]
    custom_ids: list[str]


class ProblemGroups(Struct, frozen=True):
    """The problems of a session, grouped by kind."""

    kinds: list[ProblemGroup]


@operation(ProblemGroups, caller="own")
async def kinds(call: Call) -> Response:
    """List the problems of a session by kind, including batches of which all rows have failed."""
    mock, session = await entered(call)
    failed = await mock.queries.all_failed(session)
    by_kind: dict[str, list[FoundProblem]] = {}
    for problem in await mock.problems.of(session):
        by_kind.setdefault(problem.kind, []).append(problem)
    groups = [_failed(failed)] if failed else []
    return JsonResponse(ProblemGroups([*groups, *(_group(kind, several) for kind, several in by_kind.items())]))


def _failed(batches: list[FailedBatch]) -> ProblemGroup:
    first = batches[0]
    text = f"all {first.size:,} rows of {first.id} failed; most often: {first.error}"
    return ProblemGroup(
        "all_failed", len(batches), shown_text(text), [batch.id for batch in batches[:_SHOWN]], first.custom_ids
    )


def _group(kind: str, problems: list[FoundProblem]) -> ProblemGroup:
    named = [problem for problem in problems if problem.custom_ids]
    batches = list(dict.fromkeys(name for problem in problems[:_SHOWN] for name in problem.batches))
    return ProblemGroup(
        kind, len(problems), shown_text(problems[0].text), batches[:_SHOWN], named[0].custom_ids if named else []
    )


@operation(Summary, caller="own")
async def summary(call: Call) -> Response:
    """Summarize one session, or, if none is named, all sessions, deleted ones included."""
    mock = call.services
    if "session" in call.query():
        _, session = await entered(call)
        return JsonResponse(await mock.summaries.of(session))
    check_control(call)
    return JsonResponse(await mock.summaries.of_all(mock.sessions.all(), mock.struck(), mock.unhit()))


routes = [
    Route("/_mockbatch/problems", Endpoint(GET=problems)),
    Route("/_mockbatch/problems/kinds", Endpoint(GET=kinds)),
    Route("/_mockbatch/summary", Endpoint(GET=summary)),
]
