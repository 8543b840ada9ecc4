"""`/_mockbatch/*`: what the tester does, on the same port. Looking changes nothing."""

from mockbatch.http.control import batches, clock, info, sessions, webhooks

routes = [route for room in (info, clock, sessions, batches, webhooks) for route in room.routes]
