"""Every command that takes files takes them in every form, and says what they are where they are something else."""

import gzip
import json
import lzma
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mockbatch.cli import main
from mockbatch.core.money.ledger import Origin, TokenCounts, entries_of, to_csv
from mockbatch.core.money.overlay import AS_OF
from mockbatch.core.money.prices import Prices
from tests.builders import params, requests
from tests.unit.test_cassette import fixture, item

PRICES = Prices()
REPLY = {"id": "msg_1", "type": "message", "model": "claude-opus-4-6", "content": [], "usage": {"input_tokens": 3}}
REQUESTS = [{"custom_id": name, "params": params("é")} for name in "abc"]
RESULTS: list[Any] = [
    {"custom_id": name, "result": {"type": "succeeded", "message": {**REPLY, "id": f"msg_{name}"}}} for name in "cba"
]


def ran(*words: str | Path, sent: bytes | None = None) -> Result:
    return CliRunner().invoke(main, list(map(str, words)), input=sent)


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def zipped(data: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("rows.jsonl", data)
    return out.getvalue()


FORMS: dict[str, Callable[[list[Any]], bytes]] = {
    "lines": lambda rows: lines(rows).encode(),
    "list": lambda rows: json.dumps(rows).encode(),
    "printed list with a mark": lambda rows: json.dumps(rows, indent=2).encode("utf-8-sig"),
    "printed one after the other": lambda rows: "\n".join(json.dumps(row, indent=2) for row in rows).encode(),
    "body": lambda rows: json.dumps({"requests": rows}).encode(),
    "gzip": lambda rows: gzip.compress(lines(rows).encode()),
    "xz of a printed body": lambda rows: lzma.compress(json.dumps({"requests": rows}, indent=2).encode()),
    "zip": lambda rows: zipped(lines(rows).encode()),
    "UTF-16": lambda rows: json.dumps(rows, ensure_ascii=False).encode("utf-16"),
}


@pytest.mark.parametrize("form", FORMS)
def test_requests_come_in_every_form(tmp_path: Path, form: str) -> None:
    """To `check`, to `estimate`, from standard input."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(FORMS[form](REQUESTS))
    checked = ran("batch", "check", path)
    assert (checked.exit_code, checked.output.partition(",")[0]) == (0, "3 good requests"), checked.output
    estimated = ran("estimate", path, "--json")
    assert json.loads(estimated.output)["models"][0]["requests"] == 3
    for words in (("batch", "check", "-"), ("estimate", "-")):
        assert ran(*words, sent=path.read_bytes()).exit_code == 0


@pytest.mark.parametrize("form", FORMS)
def test_results_come_in_every_form(tmp_path: Path, form: str) -> None:
    """To `import`, with requests in the same form or alone."""
    results, asked = tmp_path / "results.txt", tmp_path / "requests.txt"
    results.write_bytes(FORMS[form](RESULTS))
    asked.write_bytes(FORMS[form](REQUESTS))
    for more in ((asked,), ()):
        out = tmp_path / f"f{len(more)}.jsonl"
        done = ran("import", results, *more, "--out", out)
        assert (done.exit_code, "3 interactions" in done.output) == (0, True), done.output
        assert ran("fixtures", "verify", out).output == "1 fixture is in order: 3 interactions\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, zipped])
def test_recordings_are_unpacked_by_their_content(tmp_path: Path, pack: Any) -> None:
    path = tmp_path / "recording.jsonl"
    path.write_bytes(pack(fixture(item(), item("b"))))
    assert ran("fixtures", "verify", path).output == "1 fixture is in order: 2 interactions\n"
    assert json.loads(ran("fixtures", "show", path, "--custom-id", "b").output)["custom_id"] == "b"


COUNTS = TokenCounts(input=13, cache_write_5m=5, cache_read=70, output=1_500)
LEDGER = [
    entry
    for name in ("a", "b")
    for entry in entries_of(
        COUNTS,
        Origin("msgbatch_1", name, f"msg_{name}", "claude-opus-4-6", None, None, f"{AS_OF}T00:00:00Z"),
        PRICES.of("claude-opus-4-6", AS_OF, COUNTS.prompt_tokens),
    )
]
COST = str(sum(entry.net or 0 for entry in LEDGER) / 2)
COMMA = COST.replace(".", ",")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.csv"
    path.write_text(to_csv(LEDGER))
    return path


def both(head: str, row: str) -> str:
    return f"{head}\n" + "".join(row.format(name) + "\n" for name in ("a", "b"))


TRACKERS: dict[str, bytes] = {
    "commas": both("custom_id,cost_usd", f"{{}},{COST}").encode(),
    "semicolons and decimal commas of Windows": both("custom_id;Größe;cost", f"{{}};é;{COMMA}").encode("cp1252"),
    "tabs in UTF-16, as Excel saves them": both("custom_id\tcost", f"{{}}\t{COMMA}").encode("utf-16"),
    "pipes, compressed": gzip.compress(both("custom_id|Total Cost ($)", f"{{}}|${COST}").encode()),
    "a declared separator": both("sep=;\ncustom_id;cost", f"{{}};{COMMA}").encode("utf-8-sig"),
    "a data frame": both("custom_id,cost,input_tokens", f"{{}},{COST},13.0").encode(),
    "grouped thousands": both("custom_id,cost,output_tokens", f'{{}},{COST},"1,500"').encode(),
    "German thousands": both("custom_id;cost;output_tokens", f"{{}};{COMMA};1.500").encode(),
    "exponents": both("custom_id,cost,output_tokens", f"{{}},{float(COST):e},1.5e3").encode(),
    "a float": both("custom_id,cost", f"{{}},{float(COST) * (1 + 1e-15)!r}").encode(),
    "a data frame with its index": f",custom_id,cost\n0,a,{COST}\n1,b,{COST}\n".encode(),
    "a data frame in JSON": json.dumps({"custom_id": {"0": "a", "1": "b"}, "cost": {"0": COST, "1": COST}}).encode(),
    "a split data frame": json.dumps(
        {"columns": ["custom_id", "cost"], "index": [0, 1], "data": [["a", COST], ["b", COST]]}
    ).encode(),
    "dollars of accountants": both("custom_id,cost", f"{{}},US$ {COST}").encode(),
    "breaks in quotes": both("custom_id,note,cost", f'{{}},"x\r\n""y"", z",{COST}').encode(),
    "lines of JSON": lines([{"customId": name, "costUSD": float(COST)} for name in "ab"]).encode(),
    "a list in an answer": json.dumps({"data": [{"custom_id": n, "cost": COST} for n in "ab"]}).encode(),
    "OpenTelemetry": lines(
        [
            {"gen_ai.response.id": f"msg_{n}", "gen_ai": {"usage": {"input_tokens": 88, "output_tokens": 1500}}}
            for n in "ab"
        ]
    ).encode(),
    "LiteLLM": both(
        "request_id,call_type,spend,total_tokens,prompt_tokens,completion_tokens,startTime,model,messages,api_key",
        f"msg_{{}},acompletion,{COST},1588,88,1500,2026-01-01,claude,[],x",
    ).encode(),
    "OpenAI": both("custom_id,prompt_tokens,completion_tokens", "{},13,1500").encode(),
    "camel case": both("customId,inputTokens,outputTokens,cacheReadInputTokens", "{},13,1500,70").encode(),
}


@pytest.mark.parametrize("name", TRACKERS)
def test_trackers_come_in_every_form(tmp_path: Path, saved: Path, name: str) -> None:
    path = tmp_path / "tracker.csv"
    path.write_bytes(TRACKERS[name])
    done = ran("reconcile", path, "--ledger", saved, "--json")
    found = json.loads(done.output)
    assert (done.exit_code, found["matched"], found["compared"]) == (0, 2, 2), done.output


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("LiteLLM", "prompt_tokens counts cached tokens too, and was compared so"),
        ("LiteLLM", "columns that were not compared: call_type, startTime, messages"),
        ("OpenAI", "prompt_tokens counts no cached tokens, and was compared so"),
        ("OpenTelemetry", "gen_ai.usage.input_tokens counts cached tokens too, and was compared so"),
        ("camel case", "only tokens were compared: the tracker has no column with a cost"),
    ],
)
def test_another_way_of_counting_is_named(tmp_path: Path, saved: Path, name: str, note: str) -> None:
    path = tmp_path / "tracker.csv"
    path.write_bytes(TRACKERS[name])
    assert f"note: {note}" in ran("reconcile", path, "--ledger", saved).output


def test_a_ledger_comes_in_every_form(tmp_path: Path, saved: Path) -> None:
    """Saved again by a spreadsheet, compressed."""
    path = tmp_path / "tracker.csv"
    path.write_bytes(TRACKERS["commas"])
    saved.write_bytes(gzip.compress(saved.read_text().replace(",", ";").encode("utf-16")))
    assert ran("reconcile", path, "--ledger", saved).exit_code == 0


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "custom_id,cost\na,\nb,nan\n",
            ["line 2 (a) has no cost", "line 3 (b) has no cost", "nothing was compared"],
        ),
        (
            "custom_id,cost\n",
            ["not in the tracker: a", "not in the tracker: b", "the tracker has no rows"],
        ),
        ("custom_id,cost\na,1 EUR\nb,€2\n", ["line 2 (a) is in EUR", "line 3 (b) is in EUR"]),
        ("custom_id,cost,currency\na,1,EUR\nb,1,GBP\n", ["line 2 (a) is in EUR", "line 3 (b) is in GBP"]),
        (
            f"custom_id,cost\na,{COST}\nb,inf\n",
            ["line 3 (b): the cost 'inf' is not a number", "1 row agrees"],
        ),
        (f"custom_id,cost,input_tokens\na,{COST},88\nb,{COST},13.5\n", ["input_tokens are 88 instead of 13: cached"]),
        (f"custom_id,cost\na,{COST},1\nb,{COST}\n", ["line 2 (a) has 3 cells, but there are 2 columns"]),
        (f"custom_id,cost,cost\na,{COST},1\nb,{COST},1\n", ["unknown column: cost occurs 2 times"]),
        (f"custom_id,cost,token_sum\na,{COST},1\nb,{COST},1\n", ["unknown column: token_sum"]),
        (f"custom_id,cost\nx,{COST}\n", ["not in the ledger: x", "nothing was compared"]),
    ],
)
def test_what_was_not_compared_is_told_for_what_it_is(tmp_path: Path, saved: Path, text: str, lines: list[str]) -> None:
    """By name, with the line; never as agreement, and never as missing where it is there."""
    path = tmp_path / "tracker.csv"
    path.write_text(text)
    done = ran("reconcile", path, "--ledger", saved)
    assert done.exit_code == 1
    for line in lines:
        assert line in done.output
    if "not in the tracker" not in "".join(lines) and "x," not in text:
        assert "not in the tracker: a" not in done.output


WRONG: dict[str, tuple[bytes, str]] = {
    "OpenAI": (
        b'{"custom_id":"a","method":"POST","url":"/v1/x","body":{}}\n',
        "line 1: this is requests of OpenAI's batch",
    ),
    "HAR": (json.dumps({"log": {"entries": []}}).encode(), "this is a recording of HTTP calls"),
    "Parquet": (b"PAR1\x15\x00\x15", "this is a Parquet file: save it as CSV or JSON lines"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3", "this is a PDF"),
    "HTML": (b"<!DOCTYPE html>\n<title>502</title>", "this is an HTML page"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
    "cut gzip": (gzip.compress(lines(REQUESTS).encode() * 99, mtime=0)[:-20], "cannot be read"),
    "empty": (b"", ""),
}
COMMANDS: dict[str, Callable[[Path, Path], tuple[str | Path, ...]]] = {
    "check": lambda path, _: ("batch", "check", path),
    "estimate": lambda path, _: ("estimate", path),
    "reconcile": lambda path, good: ("reconcile", path, "--ledger", good),
    "import": lambda path, good: ("import", path, "--out", good.with_name("out.jsonl")),
    "import requests": lambda path, good: ("import", good.with_name("r"), path, "--out", good.with_name("out.jsonl")),
    "verify": lambda path, _: ("fixtures", "verify", path),
    "show": lambda path, _: ("fixtures", "show", path),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", WRONG)
def test_another_kind_of_file_is_named(tmp_path: Path, saved: Path, kind: str, command: str) -> None:
    """In one sentence, with an exit code, and nothing is written."""
    data, words = WRONG[kind]
    path = tmp_path / "file.jsonl"
    path.write_bytes(data)
    (tmp_path / "r").write_text(lines(RESULTS))
    done = ran(*COMMANDS[command](path, saved))
    if kind == "HAR" and command == "import":
        assert (done.exit_code, "nothing was imported" in done.output) == (1, True)
        return
    assert done.exit_code not in (0, None)
    assert isinstance(done.exception, SystemExit), done.exception
    assert words in done.output or (kind, command) == ("OpenAI", "reconcile")
    assert done.output.count("\n") == 1, done.output
    assert not (tmp_path / "out.jsonl").exists()


def test_import_matches_nothing_in_silence_no_more(tmp_path: Path) -> None:
    """Leftovers on both sides are named, and nothing is written where there is nothing."""
    results, asked, out = tmp_path / "results.jsonl", tmp_path / "requests.jsonl", tmp_path / "f.jsonl"
    results.write_text(lines(RESULTS))
    asked.write_text(lines(requests("x", "y")))
    done = ran("import", results, asked, "--out", out)
    assert (done.exit_code, out.exists()) == (1, False)
    assert "left over: 3 results have no request and were dropped: c, b, a" in done.output
    assert "left over: 2 requests have no result: x, y" in done.output
    assert "nothing was imported: results and requests do not match" in done.output
    asked.write_text(lines(requests("a", "y")))
    done = ran("import", results, asked, "--out", out)
    assert (done.exit_code, out.exists()) == (1, True)
    assert "left over: 1 request has no result: y" in done.output


def test_fixtures_that_are_not_there_are_in_no_order(tmp_path: Path) -> None:
    """Nor are they equal, or used."""
    (tmp_path / "requests.jsonl").write_text(lines(REQUESTS))
    done = ran("fixtures", "verify", tmp_path)
    assert done.exit_code == 7
    assert "there are no fixtures in it, only" in done.output
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(fixture())
    assert ran("fixtures", "verify", tmp_path).exit_code == 1
    done = ran("fixtures", "show", empty)
    assert (done.exit_code, done.output) == (7, f"mockbatch: {empty}: it has no interactions\n")
    assert ran("fixtures", "diff", empty, empty).output == "nothing was compared: both are empty\n"
    full = tmp_path / "full.jsonl"
    full.write_bytes(fixture(item()))
    (tmp_path / "used").write_text("0123456789abcdef\n")
    done = ran("fixtures", "prune", full, "--used", tmp_path / "used")
    assert (done.exit_code, full.read_bytes()) == (1, fixture(item()))
    assert ran("fixtures", "diff", full, full).output == "1 the same, 0 changed, 0 new, 0 gone\n"


def test_a_search_for_secrets_says_what_it_searched(tmp_path: Path) -> None:
    """Nothing searched is nothing found."""
    full, empty = tmp_path / "full.jsonl", tmp_path / "empty.jsonl"
    full.write_bytes(fixture(item()))
    empty.write_bytes(b"")
    assert (ran("fixtures", "check", full).exit_code, ran("fixtures", "check", full).output) == (
        0,
        "no secrets in 1 file\n",
    )
    done = ran("fixtures", "check", full, empty)
    assert (done.exit_code, done.output) == (1, f"nothing was searched in {empty}: it is empty\n")


@pytest.mark.parametrize(
    ("used", "words"),
    [
        (b"", "it is empty; expected a file that --replay-used wrote"),
        (b"custom_id,cost\na,1\n", "line 1: this is no key of a recording; expected a file that --replay-used wrote"),
        (b"0123456789abcdef\n\xff\xfe\n", "line 2: this is no key of a recording"),
    ],
)
def test_only_a_log_of_use_prunes(tmp_path: Path, used: bytes, words: str) -> None:
    full, log = tmp_path / "full.jsonl", tmp_path / "used"
    full.write_bytes(fixture(item()))
    log.write_bytes(used)
    done = ran("fixtures", "prune", full, "--used", log)
    assert (done.exit_code, full.read_bytes()) == (7, fixture(item()))
    assert f"{log}: {words}" in done.output
    log.write_bytes(gzip.compress(b"0123456789abcdef\r\n"))
    assert "no run has used any interaction" in ran("fixtures", "prune", full, "--used", log).output


BROKEN = {
    b'{"custom_id":"a","params":{"t":"\xfc"}}\n': "it is not UTF-8 (byte 0xFC at column 33): save the file as UTF-8",
    b'{"custom_id":"a","params":{}}{}\n': "unexpected content after",
    b'{"custom_id":"a","params":{"t":"\n': "unexpected end of data",
}


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("command", ["check", "estimate", "import requests"])
def test_broken_json_is_told_without_the_words_of_a_parser(
    tmp_path: Path, saved: Path, text: bytes, command: str
) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(text)
    (tmp_path / "r").write_text(lines(RESULTS))
    done = ran(*COMMANDS[command](path, saved))
    assert done.exit_code not in (0, None)
    assert BROKEN[text] in done.output
    assert not any(word in done.output for word in ("codec", "(char", "Extra data", "Unterminated", "Expecting"))
