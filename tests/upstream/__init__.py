"""A small API to record: of the standard library alone, with nothing of ours in it."""

from tests.upstream.server import Sent, Upstream

__all__ = ["Sent", "Upstream"]
