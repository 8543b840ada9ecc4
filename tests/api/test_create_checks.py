"""What create refuses at once, to the word, and that nothing of it stays."""

import pytest

from tests.builders import BATCHES, Api, outcomes, requests, serving

INFINITE = "The request body is not valid JSON: number is infinity when parsed as double"
GOOD = '{"custom_id":"a","params":{}}'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The request body is not valid JSON: Input is a zero-length, empty document: line 1 column 1 (char 0)"),
        (b'{"requests":[', "The request body is not valid JSON: unexpected end of data: line 1 column 14 (char 13)"),
        (b'{"requests":[]} x', "The request body is not valid JSON: unexpected content after document: "),
        (b'{"requests":[{"custom_id":"\xff","params":{}}]}', "The request body is not valid JSON: "),
        (b'{"requests":[{"custom_id":"a","params":{"t":"\\ud800"}}]}', "The request body is not valid JSON: "),
        (
            b'{"requests":[{"custom_id":"a","params":{"temperature":1e400}}]}',
            f"{INFINITE}: line 1 column 55 (char 54)",
        ),
        (b'{"requests":[\n{"custom_id":"a","params":{"t":[-1E+400]}}]}', f"{INFINITE}: line 2 column 33 (char 46)"),
        (b'{"webhook_url":"","requests":[{"custom_id":"a","params":{"t":9%b}}]}' % (b"9" * 400), INFINITE + ": "),
        (b'{"x":1e400}', f"{INFINITE}: line 1 column 6 (char 5)"),
        (b"[]", "Input should be a valid dictionary"),
        (b"{}", "requests: Field required"),
        (b'{"requests":{}}', "requests: Input should be a valid list"),
        (b'{"requests":null}', "requests: Input should be a valid list"),
        (b'{"requests":[]}', "requests: List should have at least 1 item after validation, not 0"),
        (b'{"requests":[1]}', "requests.0: Input should be a valid dictionary"),
        (b'{"requests":[{"params":{}}]}', "requests.0.custom_id: Field required"),
        (b'{"requests":[{"custom_id":"a"}]}', "requests.0.params: Field required"),
        (b'{"requests":[{"custom_id":1,"params":{}}]}', "requests.0.custom_id: Input should be a valid string"),
        (b'{"requests":[{"custom_id":"a","params":[]}]}', "requests.0.params: Input should be a valid dictionary"),
        (b'{"requests":[{"custom_id":"a","params":{},"x":1}]}', "requests.0.x: Extra inputs are not permitted"),
        (b'{"requests":[{"custom_id":"a","params":{}}],"x":1}', "x: Extra inputs are not permitted"),
        (
            b'{"requests":[{"custom_id":"","params":{}}]}',
            "requests.0.custom_id: String should have at least 1 character",
        ),
        (
            b'{"requests":[{"custom_id":"%s","params":{}}]}' % (b"a" * 65),
            "requests.0.custom_id: String should have at most 64 characters",
        ),
        (
            f'{{"requests":[{GOOD},{{"custom_id":"b c","params":{{}}}}]}}'.encode(),
            "requests.1.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
        ),
        (
            b'{"requests":[{"custom_id":"a\\n","params":{}}]}',
            "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
        ),
        (
            f'{{"requests":[{GOOD},{GOOD}]}}'.encode(),
            "requests: custom_id's must be unique within a batch. Duplicate custom_id found: a",
        ),
    ],
)
def test_a_wrong_body_gets_the_words_of_the_api_and_leaves_nothing(api: Api, body: bytes, message: str) -> None:
    """400, the envelope, the sentence; and the list stays empty."""
    answer = api.post(BATCHES, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    error = answer.json()
    assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")
    assert error["error"]["message"].startswith(message)
    if not message.endswith((": ", "not")):
        assert error["error"]["message"] == message
    assert api.get(BATCHES).json()["data"] == []


@pytest.mark.parametrize(
    "value", ["[" * 5000 + "]" * 5000, '{"a":' * 3000 + "1" + "}" * 3000, "1e999", "1" * 5000, '"' + "x" * 10**6 + '"']
)
def test_an_absurd_value_is_refused_or_answered_but_never_an_accident(api: Api, value: str) -> None:
    """How deep is too deep depends on the Python; whatever is accepted has a row in the end."""
    good = '"model":"claude-opus-5","max_tokens":5,"messages":[{"role":"user","content":"hi"}]'
    body = f'{{"requests":[{{"custom_id":"a","params":{{{good},"metadata":{value}}}}}]}}'
    answer = api.post(BATCHES, content=body)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert outcomes(api.results(api.ended(answer.json()))).keys() == {"a"}
    else:
        assert answer.json()["error"]["message"].startswith("The request body is not valid JSON: ")


def test_params_are_not_looked_at(api: Api) -> None:
    """Even an empty object is accepted."""
    answer = api.post(BATCHES, json={"requests": [{"custom_id": "a", "params": {}}]})
    assert answer.json()["request_counts"]["processing"] == 1


def test_more_requests_than_allowed_are_counted(api: Api) -> None:
    """The limit comes before what is wrong with single requests."""
    with serving(max_requests="3") as small:
        Api.ok(small.post(BATCHES, json={"requests": requests(*range(3))}))
        answer = small.post(BATCHES, json={"requests": [*requests(*range(4)), {"custom_id": "?"}]})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "requests: List should have at most 3 items after validation, not 5"


@pytest.mark.parametrize("declared", [True, False], ids=["content-length", "chunked"])
def test_a_body_that_is_too_large_is_a_413_in_the_envelope(declared: bool) -> None:
    """Whether its length is declared or only found out."""
    with serving(max_bytes="10kB") as api:
        body = b'{"requests":[' + b" " * 20_000 + b"]}"
        content = body if declared else iter([body[:9_000], body[9_000:]])
        answer = api.post(BATCHES, content=content)
        assert (answer.status_code, answer.json()["error"]) == (
            413,
            {"type": "request_too_large", "message": "Request exceeds the maximum size"},
        )
        assert api.get(BATCHES).json()["data"] == []


@pytest.mark.parametrize(
    ("headers", "status", "kind", "message"),
    [
        ({"x-api-key": ""}, 401, "authentication_error", "x-api-key header is required"),
        (
            {"anthropic-beta": "message-batches-2024-09-24, nonsense-1"},
            400,
            "invalid_request_error",
            "Unexpected value(s) `nonsense-1` for the `anthropic-beta` header. Please consult our documentation at "
            "platform.claude.com/docs or try again without the header.",
        ),
        *(
            (
                {"anthropic-beta": empty},
                400,
                "invalid_request_error",
                "Unexpected value(s) `` for the `anthropic-beta` header. Please consult our documentation at "
                "platform.claude.com/docs or try again without the header.",
            )
            for empty in ("", " ", ",", " ,\t, ")
        ),
        (
            {"anthropic-version": "yesterday"},
            400,
            "invalid_request_error",
            'anthropic-version: "yesterday" is not a valid version',
        ),
    ],
)
def test_wrong_headers_are_refused(api: Api, headers: dict[str, str], status: int, kind: str, message: str) -> None:
    """Key, version and betas, on every path of the API."""
    for path in (BATCHES, "/v1/models", "/v1/files"):
        answer = api.get(path, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (status, {"type": kind, "message": message})


def test_betas_that_are_named_beside_nothing_are_taken(api: Api) -> None:
    """Only a header that names none at all is refused."""
    beta = "message-batches-2024-09-24"
    headers = [("anthropic-beta", ""), ("anthropic-beta", f",{beta},")]
    assert api.get(BATCHES, headers=headers).status_code == 200


def test_numbers_that_look_large_are_not_refused(api: Api) -> None:
    """In a text, with an exponent of zeros, or as small as they are long."""
    for value in ('"1e400"', '"\\"1e400"', "0e999", "1e0308", "1e-400", f"0.{'0' * 400}1e500", "9" * 300):
        body = f'{{"requests":[{{"custom_id":"a","params":{{"x":{value}}}}}]}}'
        assert api.post(BATCHES, content=body).status_code == 200, value


def test_a_call_without_a_version_is_refused(api: Api) -> None:
    """The header is required on every call."""
    del api.headers["anthropic-version"]
    answer = api.get(BATCHES)
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        400,
        "anthropic-version: header is required",
    )
