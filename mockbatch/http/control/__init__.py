"""`/_mockbatch/*`: what the tester does, on the same port. Looking changes nothing."""

from mockbatch.http.control import (
    batches,
    clock,
    events,
    info,
    ledger,
    metrics,
    problems,
    requests,
    rules,
    sessions,
    synth,
    webhooks,
)

_ROOMS = (info, clock, sessions, batches, requests, rules, problems, ledger, webhooks, synth, events, metrics)
routes = [route for room in _ROOMS for route in room.routes]
