"""`/_mockbatch/*`: the control plane for testers, on the same port. Reading never changes state."""

from mockbatch.http.control import (
    actions,
    clock,
    events,
    info,
    ledger,
    metrics,
    pages,
    problems,
    requests,
    rows,
    rules,
    sessions,
    settings,
    synth,
    webhooks,
)
from mockbatch.http.origin_check import same_site_only

_ROOMS = (
    info,
    clock,
    sessions,
    settings,
    actions,
    rows,
    requests,
    rules,
    problems,
    ledger,
    webhooks,
    synth,
    events,
    metrics,
    pages,
)

routes = [same_site_only(route) for room in _ROOMS for route in room.routes]
