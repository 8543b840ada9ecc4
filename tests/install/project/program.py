"""A program that sends a batch and polls until it has ended."""

import time

from test_first import client

caller = client()
batch = caller.create()
while caller.status(batch) != "ended":
    time.sleep(0.05)
assert set(caller.results(batch).values()) == {"succeeded"}
