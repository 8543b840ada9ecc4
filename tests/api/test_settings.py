"""The options that a session works under, and where each of them comes from."""

from pathlib import Path
from typing import Any

from mockbatch.config import resolve
from tests.builders import Api, serving

SETTINGS = "/_mockbatch/settings"


def by_name(api: Api) -> dict[str, Any]:
    return {one["name"]: one for one in Api.ok(api.get(SETTINGS))["settings"]}


def test_each_option_is_told_with_its_origin() -> None:
    """The server's, then those of the session, and those of its preset."""
    with serving(fail_rate="0.25") as api:
        api.create()
        told = by_name(api)
        assert (told["fail_rate"]["value"], told["fail_rate"]["origin"]) == (0.25, "server")
        assert (told["seed"]["value"], told["seed"]["origin"]) == (0, "default")
        assert "db" not in told
        session = Api.ok(api.get("/_mockbatch/sessions"))["sessions"][0]["id"]
        Api.ok(api.patch(f"/_mockbatch/sessions/{session}", json={"options": {"preset": "happy", "seed": 3}}))
        told = by_name(api)
        assert (told["seed"]["value"], told["seed"]["origin"]) == (3, "session")
        assert (told["fail_rate"]["value"], told["fail_rate"]["origin"]) == (0.0, "session")


def test_what_a_command_reads_is_remembered(tmp_path: Path) -> None:
    """A flag by its name, a file by its name, and a file that has rules only."""
    (tmp_path / "mockbatch.toml").write_text('[[rules]]\nfault = "item.refusal"\n')
    config, _ = resolve({"fail_rate": "0.5"}, {"MOCKBATCH_SEED": "7"}, None, tmp_path)
    assert config.files == ("mockbatch.toml",)
    assert config.origins == {"fail_rate": "flag --fail-rate", "seed": "environment MOCKBATCH_SEED"}


def test_rules_of_the_server_alone_are_told() -> None:
    """They are no rules of a session, and strike all the same."""
    with serving(fault="connection.refuse,skip=1000000") as api:
        api.create()
        assert [rule["name"] for rule in Api.ok(api.get(SETTINGS))["shared_rules"]] == ["connection.refuse"]
        assert Api.ok(api.get("/_mockbatch/rules"))["rules"] == []
