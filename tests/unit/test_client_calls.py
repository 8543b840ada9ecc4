"""Calls on which things go wrong: nothing is sent twice, nothing is lost, nobody waits for ever."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.client import ClientError
from mockbatch.client.api import Api as Client
from mockbatch.client.api import ApiRefused, Unanswered
from mockbatch.client.checking import Check
from mockbatch.client.cost import CostSum
from mockbatch.client.downloading import Download, Incomplete, draft_of, save
from mockbatch.client.rows import RowTally
from mockbatch.client.splitting import Splitter
from mockbatch.client.submitting import Submitter
from mockbatch.client.watching import BatchWatcher, Until
from mockbatch.core.contract.params import Terms
from mockbatch.core.hosts import is_local
from mockbatch.core.money.prices import Prices
from mockbatch.files.source import opened
from tests.builders import BATCHES, Api, requests, serving
from tests.faulty import (
    Fault,
    Faulty,
    Waiting,
    always,
    answered,
    broken_upload,
    cut,
    is_create,
    is_results,
    is_retrieve,
    lost_answer,
    replaced_answer,
    unreachable,
)


def written(folder: Path, *custom_ids: str, padding: int = 0) -> Path:
    path = folder / "requests.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in requests(*custom_ids, padding=padding)))
    return path


def submitted(waiting: Waiting, path: Path, most: int = 100) -> list[str]:
    check = Check(Terms(), Splitter(most, 1 << 20), Prices())
    sent: list[int] = []
    with opened(str(path), 1 << 20) as source:
        assert list(check.all(source.lines())) == []
        submitter = Submitter(waiting.api, source, check.wrong, sent.append)
        ids = [submitter.submit(part).id for part in check.splitter.parts]
    assert sum(sent) == sum(part.size for part in check.splitter.parts)
    return ids


def listed(api: Api) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = api.ok(api.get(BATCHES))["data"]
    return data


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [unreachable],
        [broken_upload],
        [lost_answer],
        [replaced_answer(502)],
        [answered(502)],
        [answered(529, b"{}"), unreachable, broken_upload],
        [answered(429, b"", retry_after="7")],
        [unreachable, lost_answer],
        [answered(503), replaced_answer(500)],
    ],
    ids=lambda faults: "+".join(fault.__qualname__.partition(".")[0] for fault in faults) or "none",
)
def test_each_part_becomes_one_batch_whatever_happens_to_its_create(
    api: Api, tmp_path: Path, faults: list[Fault]
) -> None:
    """Also beside other batches, of the same size too, that were there before."""
    api.create("old-1", "old-2")
    transport = Faulty(api, list(faults), is_create)
    waiting = Waiting(transport)
    ids = submitted(waiting, written(tmp_path, "a", "b", "c", "d", "e"), most=2)
    batches = listed(api)
    assert [batch["id"] for batch in batches][:-1] == ids[::-1]
    assert [batch["request_counts"]["processing"] for batch in batches] == [1, 2, 2, 2]
    rows = [row["custom_id"] for batch in batches[:-1] for row in api.results(api.ended(batch))]
    assert sorted(rows) == ["a", "b", "c", "d", "e"]
    assert transport._faults == []


@pytest.mark.parametrize("fault", [unreachable, broken_upload])
def test_what_was_not_sent_whole_cannot_have_been_taken(api: Api, tmp_path: Path, fault: Fault) -> None:
    """So it is sent again without looking for it."""
    transport = Faulty(api, [fault], is_create)
    waiting = Waiting(transport)
    submitted(waiting, written(tmp_path, "a", "b", padding=400_000))
    assert waiting.slept == [0.5]
    assert transport.count("GET", BATCHES) == 1


def test_the_server_is_left_alone_as_long_as_it_asks(api: Api, tmp_path: Path) -> None:
    """With a 429 and its retry-after."""
    waiting = Waiting(Faulty(api, [answered(429, b"", retry_after="7")], is_create))
    submitted(waiting, written(tmp_path, "a"))
    assert waiting.slept == [7]


def test_a_create_that_may_have_been_any_of_several_is_not_made_again(api: Api, tmp_path: Path) -> None:
    """Somebody else sends as many requests at the same moment; a person has to look."""

    def lost_among_others(request: httpx2.Request, carry: Callable[..., httpx2.Response]) -> httpx2.Response:
        api.create("x", "y")
        return lost_answer(request, carry)

    waiting = Waiting(Faulty(api, [lost_among_others], is_create))
    with pytest.raises(ClientError, match="may or may not have been submitted"):
        submitted(waiting, written(tmp_path, "a", "b"))
    assert len(listed(api)) == 2


def test_an_error_that_does_not_pass_is_told_at_once(api: Api, tmp_path: Path) -> None:
    """With the API's words and the id of the call."""
    transport = Faulty(api, [], always)
    waiting = Waiting(transport)
    with serving(max_requests="1") as small:
        transport._inner = small._transport
        with pytest.raises(ApiRefused, match=r"400 invalid_request_error: requests: List should have at most 1 .*req_"):
            submitted(waiting, written(tmp_path, "a", "b"))
    assert transport.count("POST", BATCHES) == 1
    assert waiting.slept == []


def test_the_list_is_read_to_its_end(api: Api) -> None:
    """Page after page, or as far as asked."""
    ids = [api.create(str(number))["id"] for number in range(7)]
    waiting = Waiting(Faulty(api, [answered(500)], always))
    assert [batch.id for batch in waiting.api.batches()] == ids[::-1]
    assert [batch.id for batch in waiting.api.batches(3)] == ids[:3:-1]


def test_a_cursor_that_does_not_move_is_noticed(api: Api) -> None:
    """Instead of reading the first page for ever."""
    batch = api.create()
    page = json.dumps({"data": [batch], "has_more": True, "first_id": batch["id"], "last_id": batch["id"]})
    waiting = Waiting(Faulty(api, [answered(200, page.encode())] * 5, always))
    with pytest.raises(ClientError, match="cursor"):
        list(waiting.api.batches())


def watched(waiting: Waiting, *ids: str, until: Until = "ended", **more: Any) -> BatchWatcher:
    watch = BatchWatcher(waiting.api, list(ids), until, now=waiting.now, **more)
    for _ in watch.looks():
        pass
    return watch


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [answered(404, b'{"error":{"type":"not_found_error","message":"Message Batch not found."}}')] * 5,
        [answered(502), answered(529), answered(503), answered(500)],
        [unreachable] * 12,
        [lost_answer, answered(404), unreachable, answered(429, b"", retry_after="90")],
    ],
)
def test_watching_survives_what_passes(faults: list[Fault]) -> None:
    """Not found right after create, bad gateways, a server that is away; and sees the end."""
    with serving(progression="polls:3") as api:
        batch = api.create()
        transport = Faulty(api, list(faults), is_retrieve)
        watch = watched(Waiting(transport), batch["id"])
        assert watch.sights[batch["id"]].ended
        assert transport.count("GET", batch["id"]) >= 3 + sum(fault is not lost_answer for fault in faults) - 1
        assert transport._faults == []


def test_watching_polls_no_more_often_than_it_is_asked_to(api: Api) -> None:
    """The API asks for ten seconds; while nothing happens it is polled once a minute."""
    batch = api.create()
    waiting = Waiting(Faulty(api, [], always))
    watched(waiting, batch["id"], within=3600)
    assert waiting.slept[0] == 10
    assert waiting.slept == sorted(waiting.slept)
    assert waiting.slept[-1] == 60


def test_an_interval_of_ones_own_replaces_the_pauses(api: Api) -> None:
    """For a mock, whose time may pass quickly."""
    batch = api.create()
    waiting = Waiting(Faulty(api, [answered(502)], is_retrieve), wake=lambda: api.advance(by="1h"))
    watched(waiting, batch["id"], every=0.25)
    assert set(waiting.slept) == {0.25}


def test_a_batch_that_is_never_found_is_given_up_and_the_others_are_not(api: Api) -> None:
    """After as many polls as a late list may need."""
    batch = api.create()
    waiting = Waiting(Faulty(api, [], always), wake=lambda: api.advance(by="1h"))
    watch = watched(waiting, "msgbatch_01nope", batch["id"])
    assert watch.sights["msgbatch_01nope"].given_up
    assert "not found" in watch.sights["msgbatch_01nope"].trouble
    assert watch.sights[batch["id"]].ended


def test_watching_ends_with_the_first_or_when_the_time_is_up() -> None:
    """`--until any-ended` and `--timeout`."""
    with serving(delay_preset="stuck") as api:
        first, second = api.create("a"), api.create("b")
        waiting = Waiting(Faulty(api, [], always))
        watch = watched(waiting, first["id"], within=100)
        assert watch.timed_out
        assert waiting.now() <= 100
        api.cancel(second)
        api.advance(by="1m")
        watch = watched(waiting, first["id"], second["id"], until="any-ended")
        assert [sight.ended for sight in watch.sights.values()] == [False, True]


def test_a_wrong_key_is_not_asked_again(api: Api) -> None:
    """It will not become right."""
    waiting = Waiting(Faulty(api, [answered(401, b'{"error":{"type":"authentication_error","message":"no"}}')], always))
    with pytest.raises(ApiRefused, match="401 authentication_error: no"):
        watched(waiting, "msgbatch_01a")


class Ended:
    """An ended batch of forty rows of all kinds, and its results."""

    def __init__(self, api: Api) -> None:
        self.api = api
        created = api.create(*range(40))
        api.advance(by="24h")
        self.batch = api.get_batch(created)
        self.content = api.get(f"{BATCHES}/{created['id']}/results").content

    def client(self, *faults: Fault) -> Waiting:
        return Waiting(Faulty(self.api, list(faults), is_results))


@contextmanager
def ended(**options: str) -> Iterator[Ended]:
    with serving(fail_rate="0.3", delay="uniform:1h,30h", **options) as api:
        yield Ended(api)


@pytest.fixture(scope="module")
def forty() -> Iterator[Ended]:
    with ended() as batch:
        yield batch


def all_rows(row: object) -> bool:
    return True


def downloaded(waiting: Waiting, batch_id: str, start: bytes = b"") -> tuple[bytes, Download]:
    file = BytesIO(start)
    download = Download(
        waiting.api, waiting.api.found(batch_id), file, RowTally(CostSum(Prices())), all_rows, lambda: None
    )
    download.resume()
    download.run()
    return file.getvalue(), download


@given(st.data())
def test_a_download_that_is_cut_anywhere_has_each_row_once(forty: Ended, data: st.DataObject) -> None:
    """Whatever was there before, however often and in whatever way it is cut."""
    size = len(forty.content)
    places = data.draw(st.lists(st.tuples(st.integers(0, size), st.booleans()), max_size=4))
    start = forty.content[: data.draw(st.integers(0, size))]
    faults = [cut(after, cleanly=cleanly) for after, cleanly in places]
    content, download = downloaded(forty.client(*faults), forty.batch["id"], start)
    assert content == forty.content
    assert download.tally.outcomes == {kind: n for kind, n in forty.batch["request_counts"].items() if n}


@given(st.permutations(range(40)), st.integers(0, 40))
def test_a_download_goes_on_although_the_order_is_another(forty: Ended, order: list[int], kept: int) -> None:
    """The API promises none."""
    lines = forty.content.splitlines(keepends=True)
    start = b"".join(lines[place] for place in order[:kept])
    content, _ = downloaded(forty.client(), forty.batch["id"], start)
    assert content.startswith(start)
    assert sorted(content.splitlines()) == sorted(forty.content.splitlines())


def test_a_spoiled_draft_is_used_as_far_as_it_is_good(forty: Ended) -> None:
    """A power loss may leave zeros behind."""
    lines = forty.content.splitlines(keepends=True)
    spoiled = b"".join(lines[:9]) + b"\0" * 100 + b"\n" + b"".join(lines[20:])
    content, _ = downloaded(forty.client(), forty.batch["id"], spoiled)
    assert content == forty.content


@pytest.mark.parametrize(
    "fault", [answered(404), answered(500), answered(529), unreachable, cut(0), cut(0, cleanly=True)]
)
def test_results_that_are_not_there_at_once_are_asked_for_again(forty: Ended, fault: Fault) -> None:
    """404 too: results may be known later than the end."""
    waiting = forty.client(fault, fault)
    content, _ = downloaded(waiting, forty.batch["id"])
    assert content == forty.content
    assert waiting.slept == [0.5, 1]


def test_rows_that_stay_away_are_an_error_with_the_numbers(forty: Ended) -> None:
    """A stream that ends early and cleanly looks like success to whoever does not count."""
    lines = forty.content.splitlines(keepends=True)
    short = answered(200, b"".join(lines[:-1]))
    with pytest.raises(Incomplete, match=r"the results have .*, but the batch counts "):
        downloaded(forty.client(*[short] * 20), forty.batch["id"])


def test_a_row_that_comes_twice_is_kept_once(forty: Ended) -> None:
    """And does not stand for another one."""
    lines = forty.content.splitlines(keepends=True)
    doubled = answered(200, b"".join([*lines[:10], lines[3], *lines[10:]]))
    content, _ = downloaded(forty.client(doubled), forty.batch["id"])
    assert content == forty.content


@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\n\n"),
        lambda content: content[:-1],
    ],
    ids=["mark", "crlf", "blank lines", "no last newline"],
)
def test_lines_come_out_the_same_however_they_are_ended(forty: Ended, change: Callable[[bytes], bytes]) -> None:
    """As the file has them from the API."""
    content, _ = downloaded(forty.client(answered(200, change(forty.content))), forty.batch["id"])
    assert content == forty.content


def test_a_huge_row_costs_no_more_than_its_size(forty: Ended) -> None:
    """Four megabytes that arrive in a thousand pieces, with line separators of Unicode inside."""
    row = {"custom_id": "huge", "result": {"type": "succeeded", "message": {"text": "\u2028" * 1_500_000}}}
    line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    batch = json.dumps({**forty.batch, "request_counts": {"succeeded": 1}}).encode()
    waiting = Waiting(Faulty(forty.api, [answered(200, batch), answered(200, line)], always))
    content, _ = downloaded(waiting, forty.batch["id"])
    assert content == line


def test_the_file_appears_when_it_is_whole_and_the_draft_is_gone(forty: Ended, tmp_path: Path) -> None:
    """A broken download leaves the draft, and an older file as it was."""
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"older\n")
    client = forty.client(*[cut(5000)] * 9)
    batch = client.api.found(forty.batch["id"])
    with pytest.raises(Unanswered):
        save(client.api, batch, path, RowTally(CostSum(Prices())), all_rows, lambda: None)
    draft = draft_of(path, batch.id)
    assert path.read_bytes() == b"older\n"
    assert forty.content.startswith(draft.read_bytes())
    save(forty.client().api, batch, path, RowTally(CostSum(Prices())), all_rows, lambda: None)
    assert path.read_bytes() == forty.content
    assert list(tmp_path.iterdir()) == [path]


def test_ids_that_are_none_reach_no_server() -> None:
    """A path is not made of what somebody typed."""
    with pytest.raises(ClientError, match="not the id of a batch"):
        Client("http://127.0.0.1:9", "key", "2023-06-01").found("../models")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8787", True),
        ("http://[::1]:8787", True),
        ("http://localhost", True),
        ("https://api.anthropic.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_what_this_machine_itself_is(url: str, expected: bool) -> None:
    """Everything else wants a key."""
    assert is_local(url) is expected
