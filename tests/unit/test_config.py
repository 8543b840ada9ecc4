"""Options: where they come from, which one wins, what is refused."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mockbatch.cli import main
from mockbatch.cli.faults import example
from mockbatch.config import OPTIONS, Config, ConfigError, files_used, resolve
from mockbatch.core.batch import Profile
from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.rules.written import parse_flag
from mockbatch.core.time.spans import MINUTE


def test_a_flag_beats_the_environment_beats_a_file_beats_the_default(tmp_path: Path) -> None:
    """And each value knows where it is from."""
    (tmp_path / "mockbatch.toml").write_text("seed = 1\nspeedup = 1\nfail-rate = 0.1\n")
    (tmp_path / "pyproject.toml").write_text("[tool.mockbatch]\nseed = 9\nport = 99\n")
    environ = {"MOCKBATCH_SEED": "2", "MOCKBATCH_SPEEDUP": "2", "OTHER": "x"}
    found, sources = resolve({"seed": "3"}, environ, None, tmp_path)
    assert (found.seed, found.speedup, found.fail_rate, found.port, found.host) == (3, 2.0, 0.1, 99, "127.0.0.1")
    assert {name: sources[name].origin for name in ("seed", "speedup", "fail_rate", "port", "host")} == {
        "seed": "flag --seed",
        "speedup": "environment MOCKBATCH_SPEEDUP",
        "fail_rate": "mockbatch.toml",
        "port": "pyproject.toml",
        "host": "default",
    }


def test_a_named_file_replaces_those_of_the_folder(tmp_path: Path) -> None:
    """What is asked for is what is read."""
    (tmp_path / "mockbatch.toml").write_text("seed = 1\nport = 1\n")
    other = tmp_path / "other.toml"
    other.write_text("seed = 2\n")
    found, _ = resolve({}, {}, other, tmp_path)
    assert (found.seed, found.port) == (2, 8787)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("port", "70000", "70000 is not between 0 and 65,535"),
        ("port", "http", "'http' is not an integer"),
        ("fail_rate", "-0.1", "-0.1 is not between 0 and 1"),
        ("fail_rate", "nan", "nan is not between 0 and 1"),
        ("frozen", "maybe", "'maybe' is neither true nor false"),
        ("delay_preset", "realistc", "Did you mean 'realistic'?"),
        ("progression", "polls:0", "Known: immediate, time, polls:N"),
        ("progression", "pols:3", "Known: immediate, time, polls:N"),
        ("delay", "normal:1s", "Did you mean 'lognormal'?"),
        ("delay", "empirical:/no/such/file", "No such file"),
        ("clock_start", "noon", "'noon' is not a time"),
        ("max_bytes", "lots", "'lots' is not a size"),
        ("public_url", "example.com", "is not a URL"),
        ("results_order", "random", "Known: shuffled, completion, input, reversed"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence(tmp_path: Path, name: str, text: str, message: str) -> None:
    """Wherever it stands; the sentence says where."""
    with pytest.raises(ConfigError) as caught:
        resolve({}, {f"MOCKBATCH_{name.upper()}": text}, None, tmp_path)
    assert str(caught.value).startswith(f"environment MOCKBATCH_{name.upper()}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("sede = 1", "unknown option sede. Did you mean seed?"),
        ("seed = [1]", "seed must be a single value"),
        ("seed = ", "Invalid value"),
        ("seed = 'x'", "seed: 'x' is not an integer"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, content: str, message: str) -> None:
    """Not ignored, not half read."""
    (tmp_path / "mockbatch.toml").write_text(content)
    with pytest.raises(ConfigError, match=r"mockbatch\.toml") as caught:
        resolve({}, {}, None, tmp_path)
    assert message in str(caught.value)


def test_sizes_are_written_with_units(tmp_path: Path) -> None:
    """Powers of ten, or of two when written so."""
    for text, size in {"10kB": 10_000, "64KiB": 65_536, "1.5MB": 1_500_000, "7": 7, "1 GB": 10**9}.items():
        assert resolve({"max_bytes": text}, {}, None, tmp_path)[0].max_bytes == size


def test_own_delays_replace_the_preset_as_a_whole(tmp_path: Path) -> None:
    """`--delay 10m` alone means: ten minutes, and no wait before."""
    found, _ = resolve({"delay": "10m"}, {}, None, tmp_path)
    assert (found.profile().wait, found.profile().delay) == ("0s", "10m")
    assert Config().profile() == Profile(wait="lognormal:p50=4m,p99=6h", delay="lognormal:p50=1m,p99=15m")
    assert Config(delay_preset="stuck").profile().never == 1
    assert Config(progression="polls:3").profile().polls == 3


def test_a_file_of_observed_durations_is_read_once(tmp_path: Path) -> None:
    """Its spans become part of the option."""
    seen = tmp_path / "seen.txt"
    seen.write_text("90s\n2m\n\n3m\n")
    found, _ = resolve({"delay": f"empirical:{seen}"}, {}, None, tmp_path)
    assert found.delay == "empirical:1m30s,2m,3m"
    assert found.cancel_delay < MINUTE


def test_every_option_is_a_flag_with_help() -> None:
    """The command line is made of the same list."""
    shown = CliRunner().invoke(main, ["serve", "--help"]).output
    for name, spec in OPTIONS.items():
        assert f"--{name.replace('_', '-')}" in shown
        assert f"MOCKBATCH_{name.upper()}" in " ".join(shown.split()).replace("MOCKBATCH_ ", "MOCKBATCH_")
        assert spec.help.endswith(".")


def test_config_shows_values_and_where_they_are_from() -> None:
    """As a table, and as JSON for machines."""
    runner = CliRunner()
    shown = runner.invoke(main, ["config", "--seed", "5", "--poll-advances", "90s"], env={"MOCKBATCH_PORT": "1"})
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in shown.output.splitlines() if line.strip()}
    assert rows["seed"] == "5 flag --seed"
    assert rows["port"] == "1 environment MOCKBATCH_PORT"
    assert rows["poll_advances"] == "1m30s flag --poll-advances"
    assert rows["host"] == "127.0.0.1 default"
    assert '"origin": "default"' in runner.invoke(main, ["config", "--json"]).output


def rules_of(config: Config) -> list[str]:
    return [rule.name for rule in config.all_rules()]


def test_rules_come_from_flags_then_the_file_then_the_preset(tmp_path: Path) -> None:
    """What a preset brings gives way to what was told, options and rules alike."""
    (tmp_path / "mockbatch.toml").write_text(
        'preset = "overloaded"\n[[rules]]\nname = "mine"\non = "list"\nhttp = 500\n'
    )
    found, sources = resolve({"fault": "results.cut\nbatch.stuck,times=1", "mix": "1/1/1/1"}, {}, None, tmp_path)
    assert rules_of(found)[:4] == ["results.cut", "batch.stuck", "mine", "mix"]
    assert rules_of(found)[4:] == ["overloaded, fine on retry", "first create is too much", "overloaded"]
    hiding, _ = resolve({"fault": "outcome=expired"}, {}, None, tmp_path)
    assert rules_of(hiding) == ["outcome expired", "mine", "first create is too much", "overloaded"]
    happy, sources = resolve({"preset": "happy"}, {"MOCKBATCH_FAIL_RATE": "0.5"}, None, Path("/nowhere"))
    assert (happy.delay_preset, sources["delay_preset"].origin, happy.fail_rate) == ("immediate", "preset", 0.5)


@pytest.mark.parametrize(
    ("flags", "file", "told"),
    [
        ({"fault": "results.ctu"}, "", "flag --fault: fault: there is no 'results.ctu'. Did you mean 'results.cut'?"),
        (
            {"fault": "outcome=expired,model=claude-hauki-4-5"},
            "",
            "no model is called 'claude-hauki-4-5'. Did you mean",
        ),
        ({"fault": "http.error\nhttp.error"}, "", "can never match because 'http.error' before it matches everything"),
        ({"preset": "relistic"}, "", "Did you mean 'realistic'?"),
        ({"mix": "90"}, "", "flag --mix: '90' is not a mix"),
        (
            {},
            "seed = 1\n\n[[rules]]\non = 'list'\nhttp = 500\n\n[[rules]]\noutcom = 'expired'\n",
            "mockbatch.toml:7: rules[1]: outcom: unknown key. Did you mean 'outcome'?",
        ),
        ({}, "[[rule]]\noutcome = 'expired'\n", "unknown option rule. Did you mean rules?"),
        ({}, "rules = 3\n", "mockbatch.toml: rules[0]: rules are a list of tables"),
    ],
)
def test_rules_that_are_refused_at_the_start(tmp_path: Path, flags: dict[str, str], file: str, told: str) -> None:
    """With the line of the file, and the nearest name."""
    (tmp_path / "mockbatch.toml").write_text(file)
    with pytest.raises(ConfigError) as raised:
        resolve(flags, {}, None, tmp_path)
    assert told in str(raised.value)


def test_faults_are_listed_and_explained() -> None:
    """For people, for machines, one by one."""
    invoke = CliRunner().invoke
    listed = invoke(main, ["faults"]).output
    assert all(name in listed for name in ("results.cut", "batch.stuck", "webhook.late"))
    told = json.loads(invoke(main, ["faults", "--json"]).output)
    assert {fault["name"] for fault in told} == FAULTS.keys()
    explained = invoke(main, ["faults", "explain", "create.accept_then_drop"]).output
    assert "no idempotency header" in explained
    assert "test_a_create_whose_answer_is_lost" in explained
    assert invoke(main, ["faults", "create.accept_then_drop"]).output == explained
    wrong = invoke(main, ["faults", "explain", "results.ctu"])
    assert (wrong.exit_code, wrong.output) == (
        1,
        "mockbatch: there is no fault 'results.ctu'. Did you mean 'results.cut'? `mockbatch faults` lists them\n",
    )


def test_every_example_of_a_fault_is_a_rule() -> None:
    """What `explain` tells can be typed; and what it says shows the fault is there."""
    for fault in FAULTS.values():
        assert parse_flag(example(fault)).on in fault.on
        if fault.test:
            file, _, name = fault.test.partition("::")
            assert f"def {name}(" in (Path(__file__).parents[2] / file).read_text()


def test_a_webhook_for_all_batches_leads_to_this_machine_or_to_a_host_that_is_allowed(tmp_path: Path) -> None:
    """Told at the start, with the origin and what to do."""
    foreign = {"webhook": "https://hooks.test/x"}
    with pytest.raises(ConfigError, match=r"flag --webhook: hooks.test .* --webhook-allow hooks.test"):
        resolve(foreign, {}, None, tmp_path)
    config, _ = resolve(foreign | {"webhook_allow": "hooks.test"}, {}, None, tmp_path)
    assert config.webhook == "https://hooks.test/x"
    resolve({"webhook": "http://localhost:9000/x"}, {}, None, tmp_path)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_?", "c2VjcmV0"])
def test_a_secret_is_written_as_standard_webhooks_write_it(tmp_path: Path, secret: str) -> None:
    """Else nobody could verify anything."""
    with pytest.raises(ConfigError, match="whsec_"):
        resolve({"webhook_secret": secret}, {}, None, tmp_path)


@pytest.mark.parametrize("name", [name for name, spec in OPTIONS.items() if spec.shown_default])
def test_a_default_is_shown_as_it_would_be_told(name: str, tmp_path: Path) -> None:
    """Told, it changes nothing; several may come in another order."""
    told = getattr(resolve({name: OPTIONS[name].shown_default}, {}, None, tmp_path)[0], name)
    default = OPTIONS[name].default
    assert (sorted(told) if isinstance(told, tuple) else told) == (
        sorted(default) if isinstance(default, tuple) else default
    )


def test_files_are_told_with_what_they_say(tmp_path: Path) -> None:
    """Empty ones and those that say nothing to us are none."""
    assert files_used(None, tmp_path) == []
    (tmp_path / "mockbatch.toml").write_text("seed = 1\nfail-rate = 0.1\n[[rules]]\nfault = 'results.cut'\n")
    (tmp_path / "pyproject.toml").write_text("[tool.mockbatch]\nmix = '1/1/1/1'\n")
    assert files_used(None, tmp_path) == ["mockbatch.toml (--seed, --fail-rate, 1 rule)", "pyproject.toml (--mix)"]
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    (tmp_path / "mockbatch.toml").write_text("")
    assert files_used(None, tmp_path) == []
