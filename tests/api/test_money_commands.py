"""The commands about money, as they are typed."""

import json
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from mockbatch import __version__
from mockbatch.cli import main
from mockbatch.core.money.ledger import Account, LedgerEntry, Origin, TokenCounts, entries_of, to_csv
from mockbatch.core.money.overlay import AS_OF
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.spending import Dated, spending
from tests.builders import params

PRICES = Prices()


def ran(*words: str | Path, **environ: str) -> Result:
    return CliRunner().invoke(main, list(map(str, words)), env=environ)


def found(*words: str | Path) -> dict[str, Any]:
    done = ran(*words, "--json")
    assert done.exit_code == 0, done.output
    content: dict[str, Any] = json.loads(done.output, parse_float=pytest.fail)
    return content


def test_prices_are_a_table_with_a_date() -> None:
    """Of all models, of one, in batches, on another day."""
    lines = ran("prices").output.splitlines()
    assert lines[0].split()[-1] == AS_OF
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:]}
    assert rows["claude-opus-5-5"] == ["4", "5", "8", "0.2", "20"]
    assert "over 100,000  " in ran("prices", "--model", "claude-haiku-5-5").output
    assert ran("prices", "--batch", "--model", "claude-sonnet-4-0").output.split()[-5:] == [
        "1.5",
        "1.875",
        "3",
        "0.15",
        "7.5",
    ]
    (old,) = found("prices", "--model", "claude-sonnet-5-5", "--day", "2026-10-01")["prices"]
    assert (old["standard"]["cache_read"], old["batch"]["cache_read"]) == ("0.2", "0.1")
    assert len(found("prices", "--model", "haiku")["prices"]) == 5


def test_own_prices_are_in_the_table(tmp_path: Path) -> None:
    """From a flag, from the environment; a wrong file is refused."""
    file = tmp_path / "prices.toml"
    file.write_text(
        '[[price]]\nmodel = "mine"\ninput = 1\ncache_write_5m = 2\ncache_write_1h = 3\ncache_read = 4\noutput = 5\n'
    )
    assert ran("prices", "--model", "mine", "--prices", file).output.split()[-6:] == ["mine", *"12345"]
    assert ran("prices", "--model", "mine", MOCKBATCH_PRICES=str(file)).exit_code == 0
    assert ran("prices", "--model", "house", "--extra-models", "house=claude-opus-5").exit_code == 0
    file.write_text(file.read_text().replace("output = 5", ""))
    refused = ran("prices", "--prices", file)
    assert (refused.exit_code, refused.output) == (
        4,
        f"mockbatch: flag --prices: {file}: mine: output is missing\n",
    )
    shown = ran("config", MOCKBATCH_PRICES=str(file))
    assert shown.exit_code == 4


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("prices", "--model", "claude-opus-9"), 2, "no price for 'claude-opus-9' on 2026-11-22. Did you mean"),
        (("prices", "--day", "soon"), 2, "'soon' is not a day"),
        (("estimate",), 2, "give a file of requests, or --model, --requests"),
        (("estimate", "none.jsonl"), 2, "none.jsonl: No such file or directory"),
        (("cost", "--url", "http://127.0.0.1:1"), 5, "no server at http://127.0.0.1:1"),
        (("reconcile", "none.csv"), 2, "none.csv: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(words: tuple[str, ...], code: int, message: str) -> None:
    """With an exit code of its own kind."""
    done = ran(*words)
    assert (done.exit_code, message in done.output) == (code, True), done.output


@pytest.mark.parametrize(
    ("model", "requests", "tokens", "standard", "batch"),
    [
        ("claude-sonnet-4", "10000", ("8000", "1000"), "$390.00", "$195.00"),
        ("claude-3-5-haiku-latest", "50000", ("500", "50"), "$30.00", "$15.00"),
        ("claude-sonnet-4", "5000", ("1000", "3000"), "$240.00", "$120.00"),
        ("claude-3-5-haiku-latest", "100000", ("2000", "200"), "$240.00", "$120.00"),
        ("claude-opus-4", "1000", ("10000", "5000"), "$525.00", "$262.50"),
    ],
)
def test_an_estimate_of_numbers(model: str, requests: str, tokens: tuple[str, str], standard: str, batch: str) -> None:
    """The monthly examples; the bars are as long as the amounts are large."""
    words = ("--model", model, "--requests", requests, "--input-tokens", tokens[0], "--output-tokens", tokens[1])
    done = ran("estimate", *words)
    bars = {line.rpartition(" ")[2]: line.count("█") for line in done.output.splitlines() if "█" in line}
    assert bars == {standard: 40, batch: 20}


def test_an_estimate_with_a_shared_prompt() -> None:
    """All that read it save what was promised; the first one writes it, unless told otherwise."""
    words = ("--model", "claude-sonnet-4", "--requests", "10000", "--input-tokens", "5000", "--output-tokens", "0")
    shared = ("estimate", *words, "--cached-tokens", "5000")

    def cached(*more: str) -> Decimal:
        return Decimal(found(*shared, *more)["total"]["batch_with_caching"])

    assert Decimal(found("estimate", *words)["total"]["standard"]) - cached("--hits", "all") == Decimal("142.50")
    assert cached() == (Decimal("0.15") * 9_999 + Decimal("1.875")) * 5_000 / 1_000_000
    assert cached("--ttl", "1h") == (Decimal("0.15") * 9_999 + 3) * 5_000 / 1_000_000
    assert cached("--hits", "none") == Decimal("93.75")
    assert cached("--hits", "all") < cached("--hits", "rate:0.9") < cached("--hits", "rate:0.3")
    assert ran(*shared, "--hits", "some").exit_code == 2
    assert ran(*shared, "--cached-tokens", "5001").exit_code == 2


def test_a_prompt_that_is_too_short_is_not_cached() -> None:
    """As by the API."""
    words = ("--model", "claude-haiku-4-5", "--requests", "10", "--input-tokens", "5000", "--output-tokens", "0")
    total = found("estimate", *words, "--cached-tokens", "4095")["total"]
    assert total["batch_with_caching"] == total["batch"]


SYSTEM = [{"type": "text", "text": "word " * 1000, "cache_control": {"type": "ephemeral"}}]


def test_an_estimate_of_a_file(tmp_path: Path) -> None:
    """Of requests, of params, of a whole body: the same, by model."""
    rows = [params(f"{index}", model="claude-sonnet-4-6", system=SYSTEM, max_tokens=100) for index in range(3)]
    rows.append(params("x", model="claude-opus-5"))
    named = [{"custom_id": str(index), "params": row} for index, row in enumerate(rows)]
    contents = {
        "requests.jsonl": "\n".join(map(json.dumps, named)) + "\n",
        "params.jsonl": "\n".join(map(json.dumps, rows)),
        "body.json": json.dumps({"requests": named}, indent=2),
    }
    estimates = []
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
        estimates.append(found("estimate", tmp_path / name))
    assert estimates[0] == estimates[1] == estimates[2]
    sonnet, opus = estimates[0]["models"]
    assert (sonnet["model"], sonnet["requests"], sonnet["output_tokens"]) == ("claude-sonnet-4-6", 3, 300)
    assert (sonnet["with_caching"]["cache_write_5m"], sonnet["with_caching"]["cache_read"]) == (1250, 2500)
    assert opus["batch"] == opus["batch_with_caching"]
    assert Decimal(sonnet["batch_with_caching"]) < Decimal(sonnet["batch"]) == Decimal(sonnet["standard"]) / 2
    fewer = found("estimate", tmp_path / "body.json", "--output-tokens", "50")["models"]
    assert [row["output_tokens"] for row in fewer] == [150, 50]


def test_a_request_for_the_us_costs_a_tenth_more(tmp_path: Path) -> None:
    """Of models that know where they run."""

    def standard(model: str, **more: str) -> Decimal:
        (tmp_path / "one.jsonl").write_text(json.dumps(params(model=model, **more)))
        return Decimal(found("estimate", tmp_path / "one.jsonl")["total"]["standard"])

    for model, factor in {"claude-opus-5": "1.1", "claude-haiku-4-5": "1"}.items():
        assert standard(model, inference_geo="us") == standard(model) * Decimal(factor)


def test_lines_that_are_no_requests_are_named(tmp_path: Path) -> None:
    """The others are estimated, and the exit code tells."""
    file = tmp_path / "some.jsonl"
    file.write_text(
        "\n".join(["{", "[1]", '{"params": {}}', json.dumps(params(model="claude-opus-55")), json.dumps(params())])
    )
    done = ran("estimate", file)
    assert done.exit_code == 1
    assert "claude-haiku-4-5-20251001" in done.output
    for message in (
        "line 1 is not JSON",
        "line 2 is not an object",
        "line 3 has no params with a model",
        "claude-opus-5-5",
    ):
        assert message in done.output
    assert "Nothing is cached" in done.output
    file.write_text("{")
    assert ran("estimate", file).exit_code == 2


def test_a_model_without_a_price_has_none(tmp_path: Path) -> None:
    """Not 0."""
    words = ("--model", "claude-mythos-preview", "--requests", "1", "--input-tokens", "5", "--output-tokens", "5")
    assert found("estimate", *words)["models"][0]["standard"] is None
    assert found("estimate", *words)["total"]["batch"] is None
    assert "no price" in ran("estimate", *words).output


def ledger() -> list[LedgerEntry]:
    origin = Origin("msgbatch_1", "row-1", "msg_1", "claude-opus-5", None, None, f"{AS_OF}T00:00:00Z")
    return entries_of(TokenCounts(cache_write_1h=2_048), origin, PRICES.of("claude-opus-5", AS_OF))


@pytest.fixture
def server() -> Iterator[str]:
    """What a running server would answer."""
    account = Account("claude-opus-5", 0, "0-200k", "global", "batch")
    used = [
        Dated(0, AS_OF, account, 3, TokenCounts(input=10**6, output=10**6)),
        Dated(0, AS_OF, account._replace(model="mine"), 1, TokenCounts(input=1)),
    ]

    class Ledger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/health":
                self._answer(200, msgspec.json.encode({"name": "mockbatch", "version": __version__}))
                return
            known = self.headers["x-api-key"] == "sk-ant-a"
            groups = [part.partition("=")[2] for part in self.path.partition("?")[2].split("&") if "group_by" in part]
            body = to_csv(ledger()).encode() if "format=csv" in self.path else b""
            body = body or msgspec.json.encode(spending(used, groups, PRICES))
            self._answer(*((200, body) if known else (401, b'{"error": {"message": "API key is invalid."}}')))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Ledger) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_cost_tells_what_was_spent(server: str) -> None:
    """And what standard would have cost; what has no price is named."""
    done = ran("cost", "--url", server, ANTHROPIC_API_KEY="sk-ant-a")
    assert done.exit_code == 0, done.output
    lines = {line.split()[0]: line.split()[1:] for line in done.output.splitlines() if line.strip()}
    assert lines["claude-opus-5"] == ["3", "1,000,000", "1,000,000", "$15.00", "$30.00", "$15.00"]
    assert lines["total"][0] == "4"
    assert lines["mine"][3:5] == ["no", "price"]
    assert "There is no price for mine" in done.output
    asked = ran("cost", "--url", server, "--api-key", "sk-ant-a", "--by", "day", "--by", "class", "--json")
    assert [group["by"]["class"] for group in json.loads(asked.output)["groups"]] == ["input", "output"]
    refused = ran("cost", "--url", server)
    assert (refused.exit_code, refused.output) == (2, f"mockbatch: {server} returned 401: API key is invalid.\n")


def test_reconcile_names_what_differs(server: str, tmp_path: Path) -> None:
    """From a server or a saved ledger; the exit code tells."""
    tracker, saved = tmp_path / "tracker.csv", tmp_path / "ledger.csv"
    saved.write_text(to_csv(ledger()))
    tracker.write_text("custom_id,cost_usd\nrow-1,0.01024\n")
    good = ran("reconcile", tracker, "--ledger", saved)
    assert (good.exit_code, good.output) == (
        0,
        "1 row agrees, none differs; the tracker has 0.01024 USD, the ledger 0.01024\n",
    )
    tracker.write_text("custom_id,cost_usd,oops,currency\nrow-1,0.0064,,\nrow-2,1,,\nrow-1,2,,GBP\n")
    for source in (("--ledger", saved), ("--url", server, "--api-key", "sk-ant-a")):
        done = ran("reconcile", tracker, *source)
        assert done.exit_code == 1
        for part in (
            "-0.00384",
            "5m rate on 2,048 1h-write tokens",
            "not in the ledger: row-2",
            "columns that were not compared: oops",
            "line 4 (row-1) is in GBP",
        ):
            assert part in done.output
        machine = ran("reconcile", tracker, *source, "--json")
        assert (machine.exit_code, json.loads(machine.output)["differences"][0]["ledger"]) == (1, "0.01024")
    saved.write_text("a,b\n")
    assert "is not a ledger" in ran("reconcile", tracker, "--ledger", saved).output
