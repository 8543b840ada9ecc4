"""What faults make of the view of a batch, of its results, and of its lines."""

from typing import Any

import pytest

from mockbatch.core.rules.actions import Shown, Sight, Strike, TransformLines
from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.time.spans import HOUR, format_instant

COUNTS = {"processing": 0, "succeeded": 3, "errored": 1, "canceled": 0, "expired": 0}
URL = "http://127.0.0.1:8787/v1/messages/batches/msgbatch_1/results"
ENDED_AT = 10 * HOUR


def shown(*, ended: bool, canceled: bool = False) -> Shown:
    """A batch of four rows, ended or running."""
    return {
        "processing_status": "ended" if ended else "in_progress",
        "request_counts": COUNTS if ended else {**dict.fromkeys(COUNTS, 0), "processing": 4},
        "cancel_initiated_at": format_instant(HOUR) if canceled else None,
        "ended_at": format_instant(ENDED_AT) if ended else None,
        "archived_at": None,
        "results_url": URL if ended else None,
    }


def view(fault: str, before: Shown, *, at: int = ENDED_AT, ordinal: int = 1, **options: Any) -> Shown:
    return FAULTS[fault](options).view(before, Sight(ordinal, at, {**COUNTS, "processing": 2}))


def hides(fault: str, *, at: int = ENDED_AT, ordinal: int = 1, **options: Any) -> bool:
    return FAULTS[fault](options).hides_results(ENDED_AT, Sight(ordinal, at))


def test_a_stuck_batch_has_neither_end_nor_results() -> None:
    """All of its rows are processing, until the time is over."""
    stuck = view("batch.stuck", shown(ended=True), status="canceling", lasts="2h")
    assert stuck == {**shown(ended=False), "processing_status": "canceling"}
    assert hides("batch.stuck", lasts="2h", at=ENDED_AT + 2 * HOUR - 1)
    assert view("batch.stuck", shown(ended=True), lasts="2h", at=ENDED_AT + 2 * HOUR) == shown(ended=True)
    assert not hides("batch.stuck", lasts="2h", at=ENDED_AT + 2 * HOUR)
    assert hides("batch.stuck", at=ENDED_AT + 1000 * HOUR)


@pytest.mark.parametrize(("canceled", "status"), [(False, "in_progress"), (True, "canceling")])
def test_a_batch_that_never_ends_keeps_its_state(canceled: bool, status: str) -> None:
    never = view("batch.never_ends", shown(ended=True, canceled=canceled))
    assert never == {**shown(ended=False, canceled=canceled), "processing_status": status}
    assert hides("batch.never_ends")


def test_the_states_come_in_order_and_then_the_real_one() -> None:
    states = ["canceling", "in_progress", "ended"]
    for ordinal, status in enumerate([*states, "ended"], 1):
        seen = view("batch.status_sequence", shown(ended=True), ordinal=ordinal, statuses=states)
        assert seen["processing_status"] == status
        assert hides("batch.status_sequence", ordinal=ordinal, statuses=states) == (seen["ended_at"] is None)


def test_only_an_ended_batch_is_archived() -> None:
    assert view("batch.archive", shown(ended=False)) == shown(ended=False)
    archived = view("batch.archive", shown(ended=True), at=ENDED_AT + HOUR)
    assert archived == {**shown(ended=True), "archived_at": format_instant(ENDED_AT + HOUR), "results_url": None}
    assert hides("batch.archive")


def test_counts_and_unknown_states_show_until_the_end() -> None:
    running = view("batch.progressive_counts", shown(ended=False))
    assert running["request_counts"] == {**COUNTS, "processing": 2}
    assert view("compat.unknown_status", shown(ended=False))["processing_status"] == "validating"
    for fault in ("batch.progressive_counts", "compat.unknown_status"):
        assert view(fault, shown(ended=True)) == shown(ended=True)
        assert not hides(fault)


ROWS = [b'{"custom_id":"%b","result":{"type":"succeeded","message":{"text":"hi"}}}' % name for name in (b"a", b"b")]


def sent(fault: str, **options: Any) -> bytes:
    """The bytes of two rows that arrive one after the other."""
    action = FAULTS[fault](options).response(Strike("a rule", "a session", 7, "msgbatch_1", 1, 0, 0))
    assert isinstance(action, TransformLines)
    return b"".join(map(action.transform.feed, ([row] for row in ROWS))) + action.transform.finish()


def test_rows_that_are_chosen_are_omitted_doubled_or_of_another_type() -> None:
    a, b = (row + b"\n" for row in ROWS)
    assert sent("results.omit") == b
    assert sent("results.omit", custom_id="b") == a
    assert sent("results.omit", first=0) == b""
    assert sent("results.duplicate", first=2) == a + a + b + b
    assert sent("compat.unknown_result_type", custom_id="b") == a + b'{"custom_id":"b","result":{"type":"deferred"}}\n'


@pytest.mark.parametrize(
    ("trick", "expected"),
    [
        ("bom", b"\xef\xbb\xbf" + ROWS[0] + b"\n" + ROWS[1] + b"\n"),
        ("blank_line", ROWS[0] + b"\n\n" + ROWS[1] + b"\n"),
        ("no_final_newline", ROWS[0] + b"\n" + ROWS[1]),
        ("invalid_utf8", ROWS[0].replace(b"hi", b"\xffhi") + b"\n" + ROWS[1] + b"\n"),
        ("u2028", b"".join(row.replace(b"hi", b"\xe2\x80\xa8hi") + b"\n" for row in ROWS)),
    ],
)
def test_odd_bytes_in_rows(trick: str, expected: bytes) -> None:
    assert sent("results.bytes", trick=trick) == expected


@pytest.mark.parametrize(("trick", "end"), [("crlf_split", b"\r\n"), ("lone_cr", b"\r")])
def test_a_line_end_falls_on_the_edge_of_a_chunk(trick: str, end: bytes) -> None:
    """The decoder of the SDK reads 64 bytes at a time."""
    first, _, rest = sent("results.bytes", trick=trick).partition(b"\r")
    assert len(first) % 64 == 63
    assert (b"\r" + rest).startswith(end)
