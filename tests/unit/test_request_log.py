"""The lines for each call, written by a thread of their own."""

import threading

from mockbatch.config import Config
from mockbatch.http.app import LoggedRooms, Rooms, create_app
from mockbatch.http.request_log import RequestLog


def test_nobody_waits_for_a_terminal_that_stands_still() -> None:
    """Lines that come meanwhile are kept or counted, and written later."""
    written: list[str] = []
    stands, goes_on = threading.Event(), threading.Event()

    def write(text: str) -> None:
        stands.set()
        goes_on.wait()
        written.append(text)

    log = RequestLog(write)
    log.add("first")
    stands.wait()
    for number in range(10_003):
        log.add(str(number))
    goes_on.set()
    while len(written) < 10_001:
        log.close()
    assert written[:2] == ["first\n", "0\n... 3 more calls\n"]
    assert written[-1] == "9999\n"


def test_what_would_steer_a_terminal_is_replaced() -> None:
    """Paths are what a caller sends."""
    written: list[str] = []
    log = RequestLog(written.append)
    log.add("/v1/\x1b[31m\nfake é")
    log.close()
    assert written == ["/v1/?[31m?fake é\n"]


def test_a_reader_that_went_away_harms_nobody() -> None:
    """As a closed pipe does."""

    def gone(text: str) -> None:
        raise BrokenPipeError

    log = RequestLog(gone)
    log.add("one")
    log.add("two")
    log.close()


def test_it_costs_nothing_where_it_is_off() -> None:
    """Calls take the plain way."""
    assert type(create_app(Config())) is Rooms
    assert type(create_app(Config(log_requests=True))) is LoggedRooms
