"""The TOML, YAML and JSON of all pages: options, rules and examples are understood, and do what is said."""

import json
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import pytest
import yaml
from anthropic.types import Message

from mockbatch.config import resolve
from tests.docs.pages import ROOT, Block, in_shell, named, of
from tests.processes import Process, running

CI = ROOT / "tests" / "examples" / "ci"


@pytest.mark.parametrize("block", [block for block in of("toml") if not block.name], ids=lambda block: block.page)
def test_options_and_rules_in_files_are_understood(block: Block, tmp_path: Path) -> None:
    """Each key is an option, each rule one that can match."""
    (tmp_path / "mockbatch.toml").write_text(block.code)
    config, sources = resolve({}, {}, None, tmp_path)
    content = tomllib.loads(block.code)
    assert len(config.rules) == len(content.pop("rules", []))
    assert {name for name, source in sources.items() if source.origin == "mockbatch.toml"} == {
        key.replace("-", "_") for key in content
    }


ANSWERS: dict[str, tuple[str, str, Callable[[str], bool]]] = {
    "greeting-1": ("claude-haiku-4-5", "Hello", lambda text: text == "Good morning."),
    "opinion": ("claude-haiku-4-5", "Which sentiment?", lambda text: json.loads(text)["row"] == "opinion"),
    "said": ("claude-sonnet-5", "Say this.", lambda text: text == "Say this."),
    "invoice-1": ("claude-haiku-4-5", "How much?", lambda text: isinstance(json.loads(text)["total"], int | float)),
    "fake-1": ("claude-haiku-4-5", "shout", lambda text: text == "fake-1: SHOUT"),
}


def test_rules_choose_the_replies(tmp_path: Path) -> None:
    """Each rule of the page makes the reply that it says."""
    (rules,) = of("toml", page="docs/replies.md")
    (tmp_path / "mockbatch.toml").write_text(rules.code)
    (tmp_path / "fake_model.py").write_text(named("docs/replies.md", "fake_model.py").code)
    requests = [request(name, model, text) for name, (model, text, _) in ANSWERS.items()]
    requests += [request("forbidden-1", "claude-haiku-4-5", "Hello")]
    requests += [request(f"row-{number}", "claude-haiku-4-5", "Hello") for number in range(500)]
    with running(tmp_path, "--progression", "polls:1", cwd=tmp_path) as process:
        messages = answered(process, requests)
    for name, (_, _, right) in ANSWERS.items():
        (content,) = messages[name].content
        assert content.type == "text"
        assert right(content.text), content.text
    refused = messages["forbidden-1"]
    assert refused.stop_reason == "refusal"
    assert refused.stop_details
    assert refused.stop_details.category == "cyber"
    cut = [name for name, message in messages.items() if message.content and is_cut(message.content[0].text)]  # type: ignore[union-attr]
    assert 2 <= len(cut) <= 25
    assert all(messages[name].stop_reason == "max_tokens" for name in cut)


def answered(process: Process, requests: list[Any]) -> dict[str, Message]:
    """Return the messages of a batch of these requests, all of which succeed."""
    with anthropic.Anthropic(base_url=process.url, api_key="sk-ant-x") as client:
        batch = client.messages.batches.create(requests=requests)
        client.messages.batches.retrieve(batch.id)
        results = {row.custom_id: row.result for row in client.messages.batches.results(batch.id)}
    assert {result.type for result in results.values()} == {"succeeded"}
    return {name: result.message for name, result in results.items() if result.type == "succeeded"}


def request(custom_id: str, model: str, text: str) -> dict[str, object]:
    params = {"model": model, "max_tokens": 200, "messages": [{"role": "user", "content": text}]}
    return {"custom_id": custom_id, "params": params}


def is_cut(text: str) -> bool:
    """Whether the text is JSON that ends inside of itself."""
    return text.startswith("{") and not text.endswith("}")


def test_prices_of_ones_own(folder_of: Callable[[str], Path], environ: dict[str, str]) -> None:
    """The command reads the file of the page."""
    command = "mockbatch prices --prices prices.toml --model house-model --json"
    done = in_shell(command, folder_of("docs/costs.md"), environ)
    assert done.returncode == 0, done.stderr
    assert "house-model" in done.stdout


def test_the_files_of_ci_are_the_examples() -> None:
    """Which tests/testing/test_examples.py tries."""
    shown = {block.name: block.code.partition("\n")[2] for block in of("yaml", page="docs/ci.md")}
    assert shown.keys() == {path.name for path in CI.iterdir() if path.suffix in (".yml", ".yaml")}
    for name, code in shown.items():
        assert code == (CI / name).read_text()
    (package,) = of("json")
    assert package.code == (CI / "package.json").read_text()


def test_the_hook_of_pre_commit(folder_of: Callable[[str], Path], environ: dict[str, str]) -> None:
    """Its command runs on the files that it names."""
    folder = folder_of("docs/recording.md")
    (repository,) = yaml.safe_load(named("docs/recording.md", ".pre-commit-config.yaml").code)["repos"]
    (hook,) = repository["hooks"]
    files = [f"fixtures/{name}" for name in os.listdir(folder / "fixtures")]
    matching = [file for file in files if re.search(hook["files"], file)]
    assert "fixtures/nightly.jsonl" in matching
    assert "fixtures/README.md" not in matching
    assert in_shell(f"{hook['entry']} {' '.join(matching)}", folder, environ).returncode == 0


def test_yaml_is_tried() -> None:
    assert {block.page for block in of("yaml", "json")} == {"docs/ci.md", "docs/recording.md"}
