"""`/_mockbatch/metrics`: metrics for Prometheus.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from starlette.routing import Route

from mockbatch.http.calls import Call, Endpoint
from mockbatch.http.operation import operation
from mockbatch.http.responses import Response, TextResponse
from mockbatch.service.admin.summary import by_name
from mockbatch.service.cooperative import in_turns
from mockbatch.service.services import Services

_KIND = b"text/plain; version=0.0.4; charset=utf-8"


@operation(None, kind="text/plain", caller="all")
async def metrics(call: Call) -> Response:
    """Count sessions, batches, rows and calls over all sessions."""
    # imported lazily: most servers are never scraped
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Figures(call.services, *await _counted(call.services)))
    return TextResponse(generate_latest(registry), _KIND)


class _Figures:
    """A collector of the metrics at one moment."""

    def __init__(self, mock: Services, statuses: Counter[str], rows: Counter[str]) -> None:
        self._sessions = mock.sessions.all()
        self._statuses, self._rows = statuses, rows
        journals = [mock.journal, *(session.journal for session in self._sessions)]
        self._calls = sum((journal.total for journal in journals), Counter[tuple[str, int]]())

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        yield GaugeMetricFamily("mockbatch_sessions", "Open sessions.", value=len(self._sessions))
        batches = GaugeMetricFamily("mockbatch_batches", "Batches, by their status.", labels=["status"])
        for status, count in self._statuses.items():
            batches.add_metric([status], count)
        yield batches
        rows = GaugeMetricFamily("mockbatch_rows", "Requests of batches, by outcome.", labels=["outcome"])
        for outcome, count in self._rows.items():
            rows.add_metric([outcome], count)
        yield rows
        calls = CounterMetricFamily("mockbatch_calls", "Calls, by kind and status.", labels=["op", "status"])
        for (op, code), count in self._calls.items():
            calls.add_metric([op, str(code)], count)
        yield calls


async def _counted(mock: Services) -> tuple[Counter[str], Counter[str]]:
    """Return the batches by status, and the rows by outcome."""
    statuses: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for session in mock.sessions.all():
        async for batch in in_turns(session.live()):
            now = session.now()
            if counts := await mock.usage.counts(batch, now):
                statuses[batch.timeline.status(now)] += 1
                rows += by_name(counts)
    return statuses, rows


routes = [Route("/_mockbatch/metrics", Endpoint(GET=metrics))]
