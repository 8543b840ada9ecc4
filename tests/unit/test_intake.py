"""The intake: whatever way a body arrives and looks, it is cut between requests, and never differently."""

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.contract import request_slicer as envelope
from mockbatch.core.contract.errors import InvalidRequest, RequestTooLarge
from mockbatch.core.contract.request_slicer import RequestSlice, RequestSlicer, items_of

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
custom_ids = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
# params that look like the border between two requests, at every depth
traps = st.sampled_from(
    [
        {"a": [{"custom_id": "x", "params": {}}, {"custom_id": "y", "params": {}}]},
        {"text": '},{"custom_id":"z","params":{}}'},
        {"deep": [[{"k": {}}, {"custom_id": 1}], [{}, {"params": 2}]]},
    ]
)
batches = st.dictionaries(custom_ids, st.dictionaries(st.text(max_size=6), json_values, max_size=3) | traps, min_size=1)


class Taken(NamedTuple):
    intake: RequestSlicer
    slices: list[bytes]
    custom_ids: list[str]


def taken(body: bytes, steps: list[int], limit: int = 100_000) -> Taken:
    """The body, fed in pieces of these sizes."""
    intake, at = RequestSlicer(limit, 1 << 30), 0
    slices: list[bytes] = []
    custom_ids: list[str] = []

    def look(found: list[RequestSlice]) -> None:
        for part in found:
            slices.append(bytes(part.raw))
            custom_ids.extend(intake.check_slice(part))

    for step in [*steps, len(body)]:
        look(intake.feed(body[at : at + step]))
        at += step
    look(intake.finish())
    intake.check()
    return Taken(intake, slices, custom_ids)


def written(requests: dict[str, Any], style: str) -> bytes:
    items = [{"custom_id": name, "params": params} for name, params in requests.items()]
    if style == "params first":
        items = [dict(reversed(item.items())) for item in items]
    indent = 2 if style == "indented" else None
    separators = (",", ":") if style == "compact" else None
    return json.dumps({"requests": items}, indent=indent, separators=separators, ensure_ascii=style == "ascii").encode()


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    # so that small bodies have many slices
    monkeypatch.setattr(envelope, "SLICE", 64)


@given(
    batches,
    st.sampled_from(["compact", "spaced", "indented", "params first", "ascii"]),
    st.lists(st.integers(1, 100), max_size=20),
)
def test_a_body_in_any_style_and_pieces_is_what_json_reads(
    requests: dict[str, Any], style: str, steps: list[int]
) -> None:
    """Compared with the standard library's reading of the whole."""
    body = written(requests, style)
    intake, slices, custom_ids = taken(body, steps)
    read = [(item.custom_id, json.loads(bytes(item.params))) for part in slices for item in items_of(part)]
    assert read == [(item["custom_id"], item["params"]) for item in json.loads(body)["requests"]]
    assert custom_ids == list(requests)
    assert intake.count == len(requests)
    assert slices == taken(body, []).slices


@given(batches, st.randoms(use_true_random=False))
def test_the_identity_of_a_batch_does_not_depend_on_the_order(requests: dict[str, Any], random: Any) -> None:
    """The same requests in another order are the same batch; other params are another one."""
    names = list(requests)
    random.shuffle(names)
    first = taken(written(requests, "compact"), []).intake.identity
    assert taken(written({name: requests[name] for name in names}, "compact"), []).intake.identity == first
    changed = requests | {names[0]: {"changed": 1}}
    if requests[names[0]] != {"changed": 1}:
        assert taken(written(changed, "compact"), []).intake.identity != first


@given(batches, st.data())
def test_a_body_that_is_cut_anywhere_is_refused(requests: dict[str, Any], data: Any) -> None:
    """No start of a good body is a good body."""
    body = written(requests, "compact")
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(InvalidRequest, match="The request body is not valid JSON: "):
        taken(body[:cut], [10] * 20)


@given(batches, st.data())
def test_a_spoilt_byte_never_does_worse_than_a_refusal(requests: dict[str, Any], data: Any) -> None:
    """What is accepted is what the standard library reads; what it cannot read is refused."""
    body = bytearray(written(requests, "compact"))
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        slices = taken(bytes(body), [50] * 10).slices
    except InvalidRequest:
        return
    read = [item.custom_id for part in slices for item in items_of(part)]
    assert read == [item["custom_id"] for item in json.loads(bytes(body))["requests"]]


@given(batches, st.lists(st.integers(1, 100), max_size=20), st.data())
def test_what_is_not_utf_8_is_refused_wherever_it_is(requests: dict[str, Any], steps: list[int], data: Any) -> None:
    """Before all else that is wrong, and told of the body as a whole."""
    body = written({**requests, "row 1": {}}, "compact")
    at = data.draw(st.integers(0, len(body)))
    with pytest.raises(InvalidRequest, match=r"not valid JSON: str is not valid UTF-8.*: line 1 column 1 \(char 0\)$"):
        taken(body[:at] + b"\xff" + body[at:], steps)


def test_what_follows_bytes_that_are_not_utf_8_is_not_kept() -> None:
    """The rest of a body is only counted then."""
    intake = RequestSlicer(100_000, 1000)
    item = b'{"custom_id":"a","params":{"b":"\xff"}},'
    (broken,) = intake.feed(b'{"requests":[' + item + item)
    assert intake.check_slice(broken) == []
    for _ in range(10):
        assert intake.feed(item) == []
    with pytest.raises(RequestTooLarge):
        intake.feed(bytes(1000))


@pytest.mark.parametrize("style", ["indented", "compact", "spaced"])
def test_the_place_of_an_error_counts_from_the_start_of_the_body(style: str) -> None:
    """Line, column and character are those of the whole body, though its start is long gone."""
    requests: dict[str, Any] = {f"row-{number}": {"text": "ä\n" * 30} for number in range(30)}
    body = written(requests, style).replace(b'"row-25"', b'"row-25" oops').decode()
    with pytest.raises(InvalidRequest) as caught:
        taken(body.encode(), [37] * 200)
    place = body.index("oops")
    line = body[:place].count("\n") + 1
    column = place - body[:place].rfind("\n")
    assert caught.value.message.endswith(f": line {line} column {column} (char {place})")


@pytest.mark.parametrize("style", ["compact", "odd"])
def test_a_request_larger_than_any_message_may_be_is_too_large(style: str) -> None:
    """Wherever it stands, and however the body begins: nothing can be cut off before it ends."""
    head = b'{"requests":[' if style == "compact" else b'{"odd":1,"requests":['
    large = b'{"custom_id":"b","params":{"text":"' + b"x" * (33 << 20) + b'"}}'
    with pytest.raises(RequestTooLarge):
        taken(head + b'{"custom_id":"a","params":{}},' + large + b"]}", [1 << 20] * 40)


@pytest.mark.parametrize("broken", ["[1,2}", '"open', "nul", "[1 2]", "[" * 500_000])
def test_a_large_body_that_is_no_json_is_told_where_it_breaks_off(broken: str) -> None:
    """As a small one is, though its values are not read; told by Python's own reader here."""
    body = '{"a":"' + "ä\\n" * (2 << 20) + '",\n\n"b": ' + broken
    with pytest.raises(InvalidRequest, match="not valid JSON") as caught:
        taken(body.encode(), [1 << 20] * 20)
    if broken.startswith("[["):
        assert "depth limit exceeded" in caught.value.message
        return
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(body)
    assert f"line {expected.value.lineno} column" in caught.value.message


def test_the_first_wrong_request_is_told_by_its_index_in_the_whole() -> None:
    """Also when it is many slices in, and others are wrong behind it."""
    requests: dict[str, Any] = {f"row-{number}": {"text": "x" * 40} for number in range(50)}
    body = written(requests, "compact").replace(b'"row-31"', b'"row 31"').replace(b'"row-40"', b"5")
    with pytest.raises(InvalidRequest, match=r"^requests\.31\.custom_id: String should match pattern"):
        taken(body, [100] * 50)


def test_broken_json_at_the_end_comes_before_a_wrong_request_at_the_start() -> None:
    """The API parses before it checks."""
    requests: dict[str, Any] = {f"row-{number}": {"text": "x" * 40} for number in range(50)}
    body = written(requests, "compact").replace(b'"row-3"', b'"row 3"')[:-1]
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        taken(body, [100] * 50)


@pytest.mark.parametrize("name", ["a\\nb", "", "a\\n", "\\n"])
def test_an_id_with_a_newline_is_not_taken_for_two(name: str) -> None:
    """Though ids are checked many at a time."""
    for body in ('{"requests":[%s,%s]}', '{"requests":[%s]}'):
        items = [f'{{"custom_id":"{each}","params":{{}}}}' for each in ("x", name)]
        with pytest.raises(InvalidRequest, match=r"custom_id: String should"):
            taken((body % tuple(items[-body.count("%s") :])).encode(), [])


def test_a_doubled_id_is_found_across_slices() -> None:
    """However far apart the two are."""
    requests: dict[str, Any] = {f"row-{number}": {"text": "x" * 40} for number in range(50)}
    body = written(requests, "compact").replace(b'"row-49"', b'"row-0"')
    with pytest.raises(InvalidRequest, match="Duplicate custom_id found: row-0"):
        taken(body, [100] * 50)
