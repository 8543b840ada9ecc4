"""A type that one thread meets while another one is still learning it."""

import subprocess
import sys

_MEETING = """
import sys
from threading import Event, Thread

from mockbatch.core.contract.ordinary import is_ordinary

PARAMS = {"model": "claude-haiku-4-5", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
learning, met = Event(), Event()
classes = 0

def pause(frame, event, value):
    global classes
    if event == "call" and frame.f_code.co_name == "get_class_annotations":
        classes += 1
        if classes == 3:
            learning.set()
            met.wait(0.3)

def learn():
    sys.setprofile(pause)
    assert is_ordinary(PARAMS)

learner = Thread(target=learn)
learner.start()
assert learning.wait(10)
assert is_ordinary(PARAMS)
met.set()
learner.join()
print("both are well")
"""


def test_threads_may_meet_a_type_together() -> None:
    """In a process of its own, which it could take down."""
    done = subprocess.run([sys.executable, "-c", _MEETING], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "both are well\n"), done.stderr
