"""The list of batches and its cursors."""

import pytest

from tests.builders import BATCHES, Api


@pytest.fixture
def ids(api: Api) -> list[str]:
    """Seven batches, the newest first."""
    made = []
    for number in range(7):
        made.append(api.create(f"row-{number}")["id"])
        api.advance(by="1m")
    return made[::-1]


def page(api: Api, query: str) -> tuple[list[str], bool]:
    content = Api.ok(api.get(f"{BATCHES}?{query}"))
    shown = [batch["id"] for batch in content["data"]]
    assert (content["first_id"], content["last_id"]) == ((shown[0], shown[-1]) if shown else (None, None))
    return shown, content["has_more"]


def test_the_newest_come_first(api: Api, ids: list[str]) -> None:
    """Without cursors the list starts at the newest; twenty fit a page."""
    assert page(api, "") == (ids, False)
    assert page(api, "limit=3") == (ids[:3], True)
    assert page(api, "limit=7") == (ids, False)


def test_after_id_goes_on_behind_a_batch(api: Api, ids: list[str]) -> None:
    """The page right after the cursor."""
    assert page(api, f"limit=3&after_id={ids[2]}") == (ids[3:6], True)
    assert page(api, f"limit=3&after_id={ids[3]}") == (ids[4:], False)
    assert page(api, f"after_id={ids[-1]}") == ([], False)


def test_before_id_is_the_page_right_before(api: Api, ids: list[str]) -> None:
    """The nearest newer ones, still newest first."""
    assert page(api, f"limit=3&before_id={ids[5]}") == (ids[2:5], True)
    assert page(api, f"limit=3&before_id={ids[3]}") == (ids[:3], False)
    assert page(api, f"before_id={ids[0]}") == ([], False)


def test_the_cursor_of_a_deleted_batch_keeps_its_place(api: Api, ids: list[str]) -> None:
    """A loop that deletes what it lists reaches everything."""
    api.advance(by="25h")
    Api.ok(api.delete(f"{BATCHES}/{ids[2]}"))
    assert page(api, f"after_id={ids[2]}") == (ids[3:], False)
    assert page(api, "") == (ids[:2] + ids[3:], False)


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("limit=0", 400, "limit: Input should be greater than or equal to 1"),
        ("limit=1001", 400, "limit: Input should be less than or equal to 1000"),
        ("limit=ten", 400, "limit: Input should be a valid integer, unable to parse string as an integer"),
        ("after_id=msgbatch_none", 404, "Message Batch msgbatch_none not found."),
        ("before_id=%00", 404, "Message Batch \x00 not found."),
        ("after_id=a&before_id=b", 400, "after_id: Cannot be combined with before_id"),
    ],
)
def test_a_wrong_query_is_refused(api: Api, query: str, status: int, message: str) -> None:
    """In the API's envelope, with the API's words where they are known."""
    answer = api.get(f"{BATCHES}?{query}")
    assert (answer.status_code, answer.json()["error"]["message"]) == (status, message)
