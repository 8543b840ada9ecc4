"""Pages of other sites cannot use the control plane, by any name."""

import pytest

from tests.builders import BATCHES, Api, serving

CLOCK = "/_mockbatch/clock"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://192.0.2.7", "null", "http://localhost.evil.example"]
)
@pytest.mark.parametrize("path", [CLOCK, "/", "/_mockbatch/openapi.json", "/_mockbatch/events"])
def test_a_foreign_origin_is_refused(api: Api, origin: str, path: str) -> None:
    """Whatever is asked for."""
    answer = api.get(path, headers={"origin": origin})
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "permission_error")


def test_a_foreign_page_moves_nothing(api: Api) -> None:
    """Not with a simple request either, which browsers send without asking first."""
    before = api.get(CLOCK).json()
    for path in (f"{CLOCK}/advance", "/_mockbatch/reset"):
        headers = {"origin": "https://evil.example", "content-type": "text/plain"}
        assert api.post(path, content='{"by":"1h","scope":"all"}', headers=headers).status_code == 403
    assert api.get(CLOCK).json() == before


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8787", "127.0.0.1.nip.io", "a.b.", "[::1].evil.example"]
)
def test_a_name_that_somebody_else_points_here_is_refused(api: Api, host: str) -> None:
    """DNS rebinding: the page and this server have the same origin then, so that only the name tells."""
    for headers in ({"host": host}, {"host": host, "origin": f"http://{host}"}):
        answer = api.get(CLOCK, headers=headers)
        assert answer.status_code == 403
        assert "--allow-host" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8787", "localhost", "[::1]:8787", "192.168.1.7:8787", "mockbatch:8787", "host.docker.internal"]
)
def test_what_no_site_can_be_called_is_ours(api: Api, host: str) -> None:
    """Addresses, names of containers and services; and the page itself, with its origin."""
    assert api.get(CLOCK, headers={"host": host}).status_code == 200
    assert api.get(CLOCK, headers={"host": host, "origin": f"http://{host}"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:1"])
def test_pages_of_this_machine_may(api: Api, origin: str) -> None:
    """They could start a program as well."""
    assert api.get(CLOCK, headers={"origin": origin}).status_code == 200


def test_names_that_were_given_are_ours() -> None:
    """By --allow-host, or by the URL under which the server is known."""
    with serving(allow_host="Mock.example.com,other.example.com", public_url="https://batches.example.com/mock") as api:
        for host in ("mock.example.com", "other.example.com:80", "batches.example.com"):
            headers = {"host": host, "origin": "https://batches.example.com"}
            assert api.get(CLOCK, headers=headers).status_code == 200
        assert api.get(CLOCK, headers={"host": "third.example.com"}).status_code == 403


def test_the_api_and_the_health_check_take_any_name(api: Api) -> None:
    """Their callers are programs, which come by the names that they were given."""
    for headers in ({"host": "mock.example.com"}, {"origin": "https://app.example.com"}):
        assert api.get(BATCHES, headers=headers).status_code == 200
        assert api.get("/health", headers=headers).status_code == 200
