"""The floor: the fastest honest batch server that we can write on uvicorn, as a process.

Started as `python -m tests.bench.floor --ready-file FILE --db FILE`.
"""

import ctypes
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn

from .floor_app import Floor

# trim threshold, mmap threshold, top pad: memory that was freed is kept, because fresh memory costs page faults
_MALLOPT = ((-1, 256 << 20), (-3, 32 << 20), (-2, 16 << 20))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready_file: Path) -> None:
        super().__init__(config)
        self._ready_file = ready_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets
        ready = {"url": f"http://127.0.0.1:{sockets[0].getsockname()[1]}", "pid": os.getpid()}
        draft = self._ready_file.with_suffix(".draft")
        draft.write_text(json.dumps(ready))
        draft.replace(self._ready_file)


def main() -> None:
    # argparse alone would be a sixth of the start
    options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # musl has none
        for parameter, value in _MALLOPT:
            libc.mallopt(parameter, value)
    config = uvicorn.Config(
        Floor(options["--db"]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )
    _Server(config, Path(options["--ready-file"])).run([socket.create_server(("127.0.0.1", 0))])


if __name__ == "__main__":
    main()
