"""A process that checks requests and builds rows for a server, slice by slice.

It reads tasks from standard input and writes the results to standard output, until the server closes the pipe or ends.
"""

import os
import pickle
import struct
import sys
from typing import IO, Any

_LENGTH = struct.Struct(">Q")
# the server has priority: it handles all calls
_NICE = 10


def send(stream: IO[bytes], value: object) -> None:
    """Write a value."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read a value. Raise EOFError at the end."""
    (size,) = _LENGTH.unpack(_read(stream, _LENGTH.size))
    return pickle.loads(_read(stream, size))


def _read(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def main() -> None:
    """Process tasks until the input ends."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    # imported late: the imports are to run at low priority too
    from mockbatch.core.rows.slices import build_slice, check_slice

    tasks, answers = sys.stdin.buffer, sys.stdout.buffer
    # keep other output out of the answers
    sys.stdout = sys.stderr
    while True:
        try:
            work, *arguments = receive(tasks)
        except EOFError:
            return
        send(answers, check_slice(*arguments) if work == "check" else build_slice(*arguments))


if __name__ == "__main__":
    main()
