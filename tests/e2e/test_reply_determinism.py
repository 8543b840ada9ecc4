"""The same replies in two processes, whatever their hash seeds."""

import os
import subprocess
import sys

PROGRAM = """
import msgspec
from mockbatch.core.replies.kinds import REPLIES, ReplySpec, make_reply
from tests.asked import ALWAYS, CLOCK, OLD, REVIEW, WEATHER, asked, natural_reply

SEARCH = {"type": "web_search_20250305", "name": "web_search"}
FORMAT = {"format": {"type": "json_schema", "schema": REVIEW}}
for more in ({}, {"tools": [WEATHER, CLOCK]}, {"tools": [SEARCH]}, {"output_config": FORMAT}):
    for name in (OLD, ALWAYS):
        for seed in range(5):
            request = asked(name=name, seed=seed, **more)
            print(msgspec.json.encode(natural_reply(request)))
            for kind, known in REPLIES.items():
                if not known.needs_main and kind not in ("schema", "huge_line"):
                    print(msgspec.json.encode(make_reply(ReplySpec(kind), request)))
template = ReplySpec("template", {"template": "{{ fake.name() }} {{ choose('a', 'b') }}"})
print(msgspec.json.encode(make_reply(template, asked())))
"""


def printed(hash_seed: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True)
    return done.stdout


def test_two_processes_make_the_same_replies() -> None:
    """Byte for byte, of every kind."""
    first = printed("1")
    assert len(first.splitlines()) > 500
    assert first == printed("2")
