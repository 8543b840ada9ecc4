"""`/_mockbatch/*`: what the tester does, on the same port. Looking changes nothing."""

from mockbatch.http.control import batches, clock, events, info, metrics, problems, requests, sessions

routes = [
    route for room in (info, clock, sessions, batches, requests, problems, events, metrics) for route in room.routes
]
