"""A batch from create to archive, as raw HTTP shows it."""

import json
from typing import Any

import pytest

from tests.builders import BATCHES, HEADERS, START, Api, outcomes, requests, serving

KEYS = [
    "id",
    "type",
    "processing_status",
    "request_counts",
    "ended_at",
    "created_at",
    "expires_at",
    "archived_at",
    "cancel_initiated_at",
    "results_url",
]
COUNTS = ["processing", "succeeded", "errored", "canceled", "expired"]


def counts(**given: int) -> dict[str, int]:
    return dict.fromkeys(COUNTS, 0) | given


def test_a_new_batch_has_all_ten_keys_and_is_in_progress(api: Api) -> None:
    """Create answers every key, nulls explicit, everything still processing."""
    batch = api.create("a", "b")
    assert list(batch) == KEYS
    assert batch["id"].startswith("msgbatch_01")
    assert len(batch["id"]) == len("msgbatch_") + 24
    assert batch | {"id": ""} == {
        "id": "",
        "type": "message_batch",
        "processing_status": "in_progress",
        "request_counts": counts(processing=2),
        "ended_at": None,
        "created_at": "2026-01-01T00:00:00.000000+00:00",
        "expires_at": "2026-01-02T00:00:00.000000+00:00",
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": None,
    }


def test_an_ended_batch_tells_its_counts_and_where_its_results_are(api: Api) -> None:
    """Counts leave `processing`, and the URL of the results appears, only when the batch has ended."""
    batch = api.ended(api.create("a", "b"))
    assert batch["processing_status"] == "ended"
    assert batch["request_counts"] == counts(succeeded=2)
    assert START < batch["ended_at"] <= batch["expires_at"]
    assert batch["results_url"] == f"http://mockbatch{BATCHES}/{batch['id']}/results"


def test_create_says_in_progress_even_when_the_batch_ends_at_once() -> None:
    """The real API never answers create with an ended batch."""
    with serving(progression="immediate") as api:
        batch = api.create("a")
        assert (batch["processing_status"], batch["ended_at"]) == ("in_progress", None)
        assert api.get_batch(batch)["processing_status"] == "ended"


def test_results_have_each_custom_id_once_one_compact_line_each(api: Api) -> None:
    """The body is JSON lines: nothing blank, nothing pretty, one line a request."""
    ids = [f"row-{number}" for number in range(50)]
    batch = api.ended(api.create(*ids))
    answer = api.get(f"{BATCHES}/{batch['id']}/results")
    assert answer.headers["content-type"] == "application/x-jsonl"
    lines = answer.content.split(b"\n")
    assert lines.pop() == b""
    rows = [json.loads(line) for line in lines]
    assert sorted(row["custom_id"] for row in rows) == sorted(ids)
    assert lines == [json.dumps(row, separators=(",", ":")).encode() for row in rows]
    assert [row["custom_id"] for row in rows] != ids


def test_a_succeeded_line_has_the_keys_of_the_live_api_in_their_order(api: Api) -> None:
    """Every key of a message is there, the null ones too."""
    (row,) = api.results(api.ended(api.create("a")))
    assert list(row) == ["custom_id", "result"]
    assert list(row["result"]) == ["type", "message"]
    message = row["result"]["message"]
    assert list(message) == [
        "model",
        "id",
        "type",
        "role",
        "content",
        "container",
        "stop_reason",
        "stop_sequence",
        "stop_details",
        "usage",
        "diagnostics",
    ]
    assert message["model"] == "claude-haiku-4-5-20251001"
    assert message["usage"]["service_tier"] == "batch"
    assert message["usage"]["inference_geo"] == "not_available"
    assert list(message["usage"]["cache_creation"]) == ["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]


def test_a_reply_stays_within_max_tokens(api: Api) -> None:
    """What is longer is cut, and says so."""
    rows = api.results(api.ended(api.create(*range(40), max_tokens=5)))
    messages = [row["result"]["message"] for row in rows]
    assert {message["stop_reason"] for message in messages} == {"max_tokens"}
    assert {message["usage"]["output_tokens"] for message in messages} == {5}
    assert max(len(message["content"][0]["text"]) for message in messages) <= 20


def test_the_same_request_gets_the_same_reply_in_any_batch(api: Api) -> None:
    """A reply depends on the params alone, whatever the order of their keys."""
    first = api.results(api.ended(api.create("a")))[0]["result"]["message"]
    turned = [{"params": dict(reversed(r["params"].items())), "custom_id": "z"} for r in requests("a")]
    again = Api.ok(api.post(BATCHES, json={"requests": turned}))
    second = api.results(api.ended(again))[0]["result"]["message"]
    assert second["content"] == first["content"]
    assert second["usage"] == first["usage"]
    assert second["id"] != first["id"]


def test_every_download_is_the_same_to_the_byte(api: Api) -> None:
    """Ids and order included."""
    url = api.ended(api.create(*range(30)))["results_url"]
    assert api.get(url).content == api.get(url).content


@pytest.mark.parametrize("order", ["input", "reversed", "completion", "shuffled"])
def test_results_come_in_the_order_that_was_asked_for(order: str) -> None:
    """`input` and `reversed` follow the request; the others carry the same rows."""
    ids = [str(number) for number in range(100)]
    with serving(results_order=order) as api:
        got = [row["custom_id"] for row in api.results(api.ended(api.create(*ids)))]
    assert sorted(got) == sorted(ids)
    assert (got == ids) == (order == "input")
    assert (got == ids[::-1]) == (order == "reversed")


def test_completion_order_is_the_order_in_which_rows_are_done() -> None:
    """A batch that is canceled early keeps a start of the rows of the same batch that is not."""
    with serving(results_order="completion", wait="0s", delay="uniform:0s,10h", cancel_delay="0s") as api:
        batch = api.create(*range(60))
        api.advance(by="5h")
        api.cancel(batch)
        rows = outcomes(api.results(api.ended(batch)))
    kinds = list(rows.values())
    succeeded = kinds.count("succeeded")
    assert 10 < succeeded < 50
    assert kinds == ["succeeded"] * succeeded + ["canceled"] * (60 - succeeded)


def test_expiry_comes_at_exactly_24_hours_and_keeps_what_was_done() -> None:
    """Rows that were not done expire; the others are kept."""
    with serving(wait="0s", delay="1h", never="0.4") as api:
        batch = api.create(*range(100))
        api.advance(by="23h59m59s")
        assert api.get_batch(batch)["processing_status"] == "in_progress"
        api.advance(by="1s")
        ended = api.get_batch(batch)
        rows = list(outcomes(api.results(ended)).values())
    assert ended["processing_status"] == "ended"
    assert ended["ended_at"] == ended["expires_at"]
    assert (rows.count("succeeded"), rows.count("expired")) == (
        ended["request_counts"]["succeeded"],
        ended["request_counts"]["expired"],
    )
    assert 40 <= rows.count("succeeded") <= 80


def test_results_are_gone_after_29_days_but_the_batch_is_not(api: Api) -> None:
    """The retention counts from creation."""
    batch = api.create("a")
    api.advance(by="28d23h59m59s")
    assert api.get_batch(batch)["archived_at"] is None
    api.advance(by="1s")
    archived = api.get_batch(batch)
    assert archived["archived_at"] == "2026-01-30T00:00:00.000000+00:00"
    assert archived["results_url"] is None
    assert api.get(f"{BATCHES}/{batch['id']}/results").status_code == 404


def test_cancel_goes_through_canceling_and_keeps_what_was_done() -> None:
    """Counts stay in `processing` until the end; then rows are succeeded or canceled."""
    with serving(wait="0s", delay="uniform:0s,10h") as api:
        batch = api.create(*range(100))
        api.advance(by="4h")
        canceling = api.cancel(batch)
        assert canceling["processing_status"] == "canceling"
        assert canceling["cancel_initiated_at"] == "2026-01-01T04:00:00.000000+00:00"
        assert (canceling["request_counts"], canceling["results_url"]) == (counts(processing=100), None)
        assert api.cancel(batch) == canceling
        api.advance(by="25s")
        ended = api.get_batch(batch)
        assert ended["processing_status"] == "ended"
        tally = ended["request_counts"]
        assert tally["succeeded"] + tally["canceled"] == 100
        assert 20 < tally["succeeded"] < 60
        assert api.cancel(batch) == ended


def test_a_cancel_before_work_began_cancels_every_row() -> None:
    """Nothing is in flight, so nothing can finish, however short the work is."""
    with serving(wait="10s", delay="1s") as api:
        batch = api.create("a", "b")
        api.advance(by="5s")
        api.cancel(batch)
        assert api.ended(batch)["request_counts"] == counts(canceled=2)


def test_delete_wants_an_ended_batch_and_then_nothing_is_left(api: Api) -> None:
    """A deleted batch is not found by any call, and not listed."""
    batch = api.create("a")
    refused = api.delete(f"{BATCHES}/{batch['id']}")
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        400,
        "In progress batches cannot be deleted. Consider canceling the batch instead.",
    )
    api.ended(batch)
    assert Api.ok(api.delete(f"{BATCHES}/{batch['id']}")) == {"id": batch["id"], "type": "message_batch_deleted"}
    for method, path in [("GET", ""), ("GET", "/results"), ("POST", "/cancel"), ("DELETE", "")]:
        answer = api.request(method, f"{BATCHES}/{batch['id']}{path}")
        assert (answer.status_code, answer.json()["error"]["message"]) == (
            404,
            f"Message Batch {batch['id']} not found.",
        )
    assert api.get(BATCHES).json()["data"] == []


def test_fail_rate_errs_that_share_of_rows_and_the_same_ones_in_any_split() -> None:
    """Whether a row fails depends on its id, not on its batch, its place or what else is there."""
    ids = [f"row-{number}" for number in range(400)]
    with serving(fail_rate="0.2", progression="immediate") as api:
        whole = outcomes(api.results(api.create(*ids)))
        parts: dict[str, str] = {}
        for at in range(0, 400, 80):
            parts |= outcomes(api.results(api.create(*reversed(ids[at : at + 80]))))
        tally = api.get(BATCHES).json()["data"][-1]["request_counts"]
    assert parts == whole
    assert 50 <= list(whole.values()).count("errored") <= 110
    assert tally["errored"] == list(whole.values()).count("errored")


def test_an_errored_row_has_the_error_inside_the_error() -> None:
    """The shape of the live API: details always there, a request id of the worker."""
    with serving(fail_rate="1", progression="immediate") as api:
        rows = api.results(api.create(*range(60)))
    errors = [row["result"]["error"] for row in rows]
    assert {tuple(error) for error in errors} == {("type", "error", "request_id")}
    assert {tuple(error["error"]) for error in errors} == {("details", "type", "message")}
    assert all(error["request_id"].startswith("workerreq_01") for error in errors)
    assert {error["error"]["type"] for error in errors} >= {"api_error", "overloaded_error"}


@pytest.mark.parametrize(
    ("broken", "kind", "message"),
    [
        ({"model": "claude-none-9"}, "not_found_error", "model: claude-none-9"),
        ({"messages": []}, "invalid_request_error", "messages: at least one message is required"),
        ({"max_tokens": 0}, "invalid_request_error", "max_tokens: must be greater than or equal to 1"),
        (
            {"max_tokens": 9999999},
            "invalid_request_error",
            "max_tokens: 9999999 > 64000, which is the maximum allowed number of output tokens for "
            "claude-haiku-4-5-20251001",
        ),
        ({"stream": True}, "invalid_request_error", "`stream=True` is not supported in the Message Batches API"),
    ],
)
def test_wrong_params_are_accepted_and_err_at_the_end(
    api: Api, broken: dict[str, Any], kind: str, message: str
) -> None:
    """Create looks at nothing inside `params`; the row tells, without a worker's request id."""
    body = {"requests": [*requests("good"), {"custom_id": "bad", "params": requests("x")[0]["params"] | broken}]}
    batch = api.ended(Api.ok(api.post(BATCHES, json=body)))
    assert batch["request_counts"] == counts(succeeded=1, errored=1)
    (bad,) = [row for row in api.results(batch) if row["custom_id"] == "bad"]
    assert bad["result"]["error"] == {
        "type": "error",
        "error": {"details": {"error_visibility": "user_facing"}, "type": kind, "message": message},
        "request_id": None,
    }


def test_a_batch_keeps_the_version_and_the_betas_that_it_was_created_with(api: Api) -> None:
    """`temperature` is gone in the newest version, and only the beta allows a very long answer."""
    body = {"requests": [*requests("t", temperature=0.5), *requests("l", model="claude-opus-4-6", max_tokens=300_000)]}
    newest = {"anthropic-version": "2026-10-21", "anthropic-beta": "output-300k-2026-03-24"}
    old, new = (Api.ok(api.post(BATCHES, json=body, headers=headers)) for headers in ({}, newest))
    assert outcomes(api.results(api.ended(old))) == {"t": "succeeded", "l": "errored"}
    assert outcomes(api.results(api.ended(new))) == {"t": "errored", "l": "succeeded"}


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"host": "localhost:8787"}, "http://localhost:8787"),
        ({"host": "mockbatch:80", "x-forwarded-proto": "https"}, "https://mockbatch:80"),
        (
            {"x-forwarded-host": "api.test, inner", "x-forwarded-proto": "https", "x-forwarded-prefix": "/llm/"},
            "https://api.test/llm",
        ),
    ],
)
def test_results_url_is_where_the_caller_reached_us(api: Api, headers: dict[str, str], origin: str) -> None:
    """The SDK follows the URL as it is, so it must lead back here."""
    batch = api.ended(api.create("a"))
    shown = api.get(f"{BATCHES}/{batch['id']}", headers=headers).json()
    assert shown["results_url"] == f"{origin}{BATCHES}/{batch['id']}/results"


def test_public_url_wins_over_the_headers() -> None:
    """For a server behind something that does not forward its name."""
    with serving(public_url="https://mock.example.com/x/", progression="immediate") as api:
        url = api.get_batch(api.create("a"))["results_url"]
    assert url.startswith("https://mock.example.com/x/v1/messages/batches/msgbatch_")


def test_a_poll_of_an_unfinished_batch_says_when_to_come_back(api: Api) -> None:
    """`retry-after: 10`, on retrieve alone, and not once the batch has ended."""
    batch = api.create("a")
    assert api.get(f"{BATCHES}/{batch['id']}").headers["retry-after"] == "10"
    assert "retry-after" not in api.get(BATCHES).headers
    api.ended(batch)
    assert "retry-after" not in api.get(f"{BATCHES}/{batch['id']}").headers


def test_small_liberties_of_clients_are_taken(api: Api) -> None:
    """Beta marks, odd accepts, a JSON type without a body, a base URL that ends in a slash."""
    batch = api.create("a")
    url = f"{BATCHES}/{batch['id']}"
    json_type = {"content-type": "application/json"}
    assert api.get(f"{url}?beta=true", headers={"anthropic-beta": "message-batches-2024-09-24"}).status_code == 200
    assert api.get(url, headers={"accept": "application/binary"}).status_code == 200
    assert api.post(f"{url}/cancel", headers=json_type).status_code == 200
    assert api.get(f"http://mockbatch/{url}").status_code == 200
    api.ended(batch)
    assert api.delete(url, headers=json_type).status_code == 200


def test_sessions_share_nothing(api: Api) -> None:
    """Another key is another world: own batches, own clock, own ids."""
    mine = api.create("a")
    other = {"x-api-key": "sk-ant-other"}
    assert api.get(f"{BATCHES}/{mine['id']}", headers=other).status_code == 404
    assert api.get(BATCHES, headers=other).json()["data"] == []
    theirs = api.post(BATCHES, json={"requests": requests("a")}, headers=other).json()
    assert theirs["id"] != mine["id"]
    api.advance(by="25h")
    assert api.get_batch(mine)["processing_status"] == "ended"
    assert api.get(f"{BATCHES}/{theirs['id']}", headers=other).json()["processing_status"] == "in_progress"


def test_either_header_carries_the_key(api: Api) -> None:
    """Newer SDKs send a bearer token; it opens the same session."""
    batch = api.create("a")
    bearer = {"authorization": f"Bearer {HEADERS['x-api-key']}", "x-api-key": ""}
    assert api.get(f"{BATCHES}/{batch['id']}", headers=bearer).status_code == 200
