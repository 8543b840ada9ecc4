"""One envelope around every error, whatever the route and the way to fail."""

import re

import pytest

from tests.builders import BATCHES, Api, requests, serving

CALLS = [
    ("GET", "/v1/nope", 404, "not_found_error"),
    ("GET", "/nope", 404, "not_found_error"),
    ("PUT", BATCHES, 405, "not_found_error"),
    ("PATCH", f"{BATCHES}/x", 405, "not_found_error"),
    ("POST", BATCHES, 400, "invalid_request_error"),
    ("GET", f"{BATCHES}/x", 404, "not_found_error"),
    ("GET", f"{BATCHES}/x/results", 404, "not_found_error"),
    ("POST", f"{BATCHES}/x/cancel", 404, "not_found_error"),
    ("DELETE", f"{BATCHES}/x", 404, "not_found_error"),
    ("GET", f"{BATCHES}?limit=x", 400, "invalid_request_error"),
    ("POST", "/_mockbatch/clock/advance", 400, "invalid_request_error"),
    ("GET", "/_mockbatch/clock/advance", 405, "not_found_error"),
]


@pytest.mark.parametrize(("method", "path", "status", "kind"), CALLS)
def test_every_error_is_in_the_envelope(api: Api, method: str, path: str, status: int, kind: str) -> None:
    """Type, message, and a request id that is also in the header."""
    answer = api.request(method, path)
    content = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert list(content) == ["type", "error", "request_id"]
    assert (content["type"], content["error"]["type"]) == ("error", kind)
    assert content["error"]["message"]
    assert content["request_id"] == answer.headers["request-id"]
    assert (answer.headers.get("x-should-retry") == "false") == (status in (401, 404))


@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for method, path, _, _ in CALLS if path.startswith("/v1/m")]
)
def test_without_a_key_every_call_of_the_api_is_a_401(api: Api, method: str, path: str) -> None:
    """Unless the route does not exist at all."""
    del api.headers["x-api-key"]
    answer = api.request(method, path)
    if answer.status_code != 405:
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
        assert "anthropic-workspace-id" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "near"),
    [
        ("POST", "/v1/messages/batchez", "Did you mean POST /v1/messages/batches?"),
        ("POST", "/v1/message/batches", "Did you mean POST /v1/messages/batches?"),
        (
            "GET",
            "/v1/messages/batches/msgbatch_01abcdefghij/result",
            "Did you mean GET /v1/messages/batches/{id}/results?",
        ),
        ("PUT", "/_mockbatch/clock/advanced", "Did you mean POST /_mockbatch/clock/advance?"),
        ("GET", "/v2/messages/batches", "Did you mean GET /v1/messages/batches?"),
        ("GET", "/favicon.ico", "GET /_mockbatch/openapi.json lists all endpoints."),
        ("GET", "/v1/complete" + "x" * 5000, "GET /_mockbatch/openapi.json lists all endpoints."),
    ],
)
def test_an_unknown_route_names_the_nearest_one(api: Api, method: str, path: str, near: str) -> None:
    """So that a typo is found at once, in one line."""
    answer = api.request(method, path)
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")
    assert answer.json()["error"]["message"] == f"The requested resource could not be found. {near}"


@pytest.mark.parametrize(
    ("base", "told"),
    [
        (
            "",
            "'/messages/batches' is handled as '/v1/messages/batches': the base URL of this client should end in /v1",
        ),
        (
            "/v1/v1",
            "'/v1/v1/messages/batches' is handled as '/v1/messages/batches': the base URL .* should not end in /v1",
        ),
    ],
)
def test_a_base_url_may_end_in_v1_or_not(base: str, told: str, caplog: pytest.LogCaptureFixture) -> None:
    """All of the API is there, and the log says it once."""
    with serving(progression="polls:1") as api:
        batch = api.ok(api.post(f"{base}/messages/batches", json={"requests": requests("a")}))
        assert api.ok(api.get(f"{base}/messages/batches/{batch['id']}"))["processing_status"] == "ended"
        assert api.get(f"{base}/messages/batches/{batch['id']}/results").status_code == 200
        assert api.get(f"{base}//models").status_code == 200
        assert api.put(f"{base}/messages/batches").status_code == 405
        assert api.get(f"{base}/nowhere").status_code == 404
        assert api.get(f"{base}/_mockbatch/nowhere").status_code == 404
    (warning,) = caplog.messages
    assert re.fullmatch(f"POST {told}", warning)


def test_what_is_not_of_the_api_has_one_path(api: Api) -> None:
    """The control plane and the dashboard are where they are."""
    for path in ("/v1/_mockbatch/info", "/v1/health", "/v1", "/v1/"):
        assert api.get(path).status_code == 404


def test_a_method_that_is_not_taken_names_those_that_are(api: Api) -> None:
    """In the message and in the Allow header."""
    answer = api.put(BATCHES)
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert "takes GET, HEAD, POST" in answer.json()["error"]["message"]


def test_every_answer_names_the_call_and_the_organization(api: Api) -> None:
    """Ids in the formats of the API, another for every call."""
    first, second = api.get(BATCHES), api.get(BATCHES)
    assert first.headers["request-id"].startswith("req_01")
    assert len(first.headers["request-id"]) == len("req_") + 24
    assert first.headers["request-id"] != second.headers["request-id"]
    assert first.headers["anthropic-organization-id"] == second.headers["anthropic-organization-id"]
    assert first.headers["anthropic-workspace-id"].startswith("wrkspc_01")
