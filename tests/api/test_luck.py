"""Which rows fail by luck, and when they are sent again."""

from typing import Any

import pytest

from tests.builders import BATCHES, Api, serving

PARAMS: dict[str, Any] = {"model": "claude-haiku-4-5", "max_tokens": 8}


def failed(api: Api, prefix: str = "row-", numbers: Any = range(60)) -> set[int]:
    """The numbers of the requests that err in a new batch; a number has the same content under any prefix."""
    rows = [
        {"custom_id": f"{prefix}{n}", "params": {**PARAMS, "messages": [{"role": "user", "content": f"say {n}"}]}}
        for n in numbers
    ]
    batch = api.ended(api.ok(api.post(BATCHES, json={"requests": rows})))
    lines = api.results(batch)
    return {int(line["custom_id"].removeprefix(prefix)) for line in lines if line["result"]["type"] == "errored"}


@pytest.mark.parametrize("attempts", [1, 2])
def test_what_failed_passes_when_it_was_sent_often_enough(attempts: int) -> None:
    """Alone too, and under another name; the rows are those that fail without the option."""
    with serving(fail_rate="0.3", seed="5") as api:
        always = failed(api)
        assert failed(api) == always
    with serving(fail_rate="0.3", seed="5", fail_attempts=str(attempts)) as api:
        for _ in range(attempts):
            assert failed(api) == always
        assert failed(api) == set()
    with serving(fail_rate="0.3", seed="5", fail_attempts="1", luck_by="content") as api:
        first = failed(api, "a-")
        assert first
        assert failed(api, "b-", first) == set()
        for number in first:
            assert failed(api, "c-", [number]) == set()


@pytest.mark.parametrize(
    "options",
    [
        {"fail_rate": "0.3"},
        {"mix": "70/30/0/0"},
        {"fault": "item.errored,rate=0.3"},
        {"fault": "item.errored,exactly=20"},
        {"fault": "item.errored,share=0.3"},
    ],
)
def test_luck_by_content_does_not_depend_on_names(options: dict[str, str]) -> None:
    """As it does by default; neither does it depend on order or split."""
    with serving(**options, seed="5") as api:
        assert failed(api, "a-") != failed(api, "b-")
    with serving(**options, seed="5", luck_by="content") as api:
        found = failed(api, "a-")
        assert 8 <= len(found) <= 30
        assert failed(api, "b-", reversed(range(60))) == found
        if "exactly" not in str(options):
            assert failed(api, "c-", range(30)) | failed(api, "d-", range(30, 60)) == found


def test_the_seed_still_decides() -> None:
    """Another one strikes others."""
    found = []
    for seed in ("1", "2"):
        with serving(fail_rate="0.3", seed=seed, luck_by="content") as api:
            found.append(failed(api))
    assert found[0] != found[1]


def test_why_a_row_passes_is_told() -> None:
    """Its draw is shown, and that it was sent before."""
    with serving(fail_rate="1", fail_attempts="1", luck_by="content") as api:
        assert failed(api, "a-", [1]) == {1}
        assert failed(api, "b-", [1]) == set()
        batches = api.ok(api.get("/_mockbatch/batches"))["batches"]
        ids = {"a-1": batches[-1]["id"], "b-1": batches[0]["id"]}
        told = [api.ok(api.get(f"/_mockbatch/batches/{id}/items/{name}"))["reasons"][0] for name, id in ids.items()]
    assert told[0].endswith(", which is below.")
    assert told[1].endswith(", which is below, but it passes after 1 attempts.")
    assert told[0].partition("which")[0] == told[1].partition("which")[0]
