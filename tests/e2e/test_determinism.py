"""Same seed, same calls: the same bytes, in any process."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

from tests.builders import BATCHES, HEADERS, params, requests
from tests.processes import Process, running

OPTIONS = ("--seed", "42", "--frozen", "--clock-start", "2026-01-01", "--fail-rate", "0.1", "--never", "0.1")

UPLOAD = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'


def transcript(server: Process) -> list[str]:
    """Every byte, headers included, of a life with several batches."""
    seen = []

    def note(answer: httpx2.Response) -> httpx2.Response:
        headers = {name: value for name, value in answer.headers.items() if name not in ("date", "content-length")}
        seen.append(f"{answer.status_code} {headers} {answer.text}".replace(server.url, "URL"))
        return answer

    ids = [
        note(server.http.post(BATCHES, json={"requests": requests(*range(size), padding=1500)})).json()["id"]
        for size in (1, 30, 600)
    ]
    note(server.http.post(f"{BATCHES}/{ids[1]}/cancel"))
    note(server.http.post("/_mockbatch/clock/advance", json={"by": "25h"}))
    for batch_id in ids:
        note(server.http.get(f"{BATCHES}/{batch_id}"))
        note(server.http.get(f"{BATCHES}/{batch_id}/results"))
    for content in (params("hi"), params("hi", stream=True), params("hi", model="claude-none"), params(foo=[{}])):
        note(server.http.post("/v1/messages", json=content))
    for _ in range(2):
        note(server.http.post("/v1/files", content=UPLOAD, headers={"content-type": "multipart/form-data; boundary=b"}))
    for path in ("/v1/files", "/v1/models?limit=1000", "/_mockbatch/openapi.json"):
        note(server.http.get(path))
    note(server.http.get("/v1/organizations/rate_limits", headers={"x-api-key": "sk-ant-admin01-a"}))
    note(server.http.get(f"{BATCHES}/nope"))
    note(server.http.get(BATCHES))
    return seen


def test_two_processes_say_the_same_whatever_their_hash_seed(tmp_path: Path) -> None:
    """Ids, order, outcomes, texts, usage, headers."""
    transcripts = []
    for hash_seed in ("1", "2"):
        with running(tmp_path, *OPTIONS, environ={"PYTHONHASHSEED": hash_seed}) as server:
            transcripts.append(transcript(server))
    assert transcripts[0] == transcripts[1]
    with running(tmp_path, *OPTIONS, "--seed", "43") as server:
        assert transcript(server) != transcripts[0]


def test_the_order_in_which_batches_arrive_changes_nothing_about_them(tmp_path: Path) -> None:
    """Created one after the other, or the other way round and all at once."""
    bodies = [{"requests": requests(*range(at, at + 40))} for at in range(0, 400, 40)]
    results = []
    for order in (bodies, bodies[::-1]):
        with (
            running(tmp_path, *OPTIONS, "--delay-preset", "realistic") as server,
            ThreadPoolExecutor(1 if order is bodies else 8) as pool,
        ):
            made = list(pool.map(lambda body: httpx2.post(server.url + BATCHES, json=body, headers=HEADERS), order))
            ids = {answer.json()["id"] for answer in made}
            server.advance(by="25h")
            results.append({name: server.http.get(f"{BATCHES}/{name}/results").text for name in ids})
    assert results[0] == results[1]
