"""Write docs/refusals.md from the table of refusals: `python -m tests.tools.make_refusals`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from mockbatch.core.contract.catalog import MODELS
from mockbatch.core.contract.refusals import TABLE, Example, Refusal
from mockbatch.core.contract.refusals.refusal import NEWEST, OLDEST
from mockbatch.core.rules.faults import FAULTS, ROW_FAULTS
from tests.refused import answer, is_worded
from tests.tools.make_docs import table

PAGE = Path(__file__).parents[2] / "docs" / "refusals.md"
_DOCS = "https://platform.claude.com/docs/en/"
_PAGE = re.compile(r"[\w-]+/[\w/-]+$")
_FEW, _LONG = 5, 160
_HEAD = """# What the API refuses

Everything that mockbatch refuses the way the official API does, in the API's own words. This page is generated from the
table that the server and `mockbatch batch check` use: `python -m tests.tools.make_refusals`.

**?** marks a guess: the API refuses the request, but its exact words are not published. *Models* lists the current
models that refuse the example; a version is named where only one version of the API refuses it.
"""
_ON_DEMAND = """## On demand

Errors that depend on the account, on a download or on chance happen when a rule or an option asks for them:
"""
_NOT_IMITATED = """## Not imitated

Edited thinking blocks are accepted: signatures are not verified. The state of an account (access to a model, data
retention, credit) is not modelled; use rules to simulate it.
"""
_STAGES = {
    "call": ("Any call", "Status 400, except 401 for the key and 404 for the path."),
    "create": ("Creating a batch", "Returned at once, with status 400 or 413. `params` are not validated yet."),
    "row": (
        "Requests",
        "Each of these makes the row of a batch `errored`. From `/v1/messages` and `count_tokens` it is a 400, or a "
        "404 for an unknown model. The checks run in this order.",
    ),
}


def page() -> str:
    """Return the whole page."""
    parts = [_HEAD]
    for stage, (title, note) in _STAGES.items():
        entries = [entry for entry in TABLE if entry.stage == stage]
        head = ("what", "the API says", "models, where", "refused", "taken", "source")
        rows = map(_row, entries) if stage == "row" else map(_short, entries)
        parts.append(f"## {title}\n\n{note}\n\n{table(head if stage == 'row' else (*head[:2], 'source'), rows)}\n")
    parts.append(f"{_ON_DEMAND}\n{table(('rule', 'what the API says then'), _on_demand())}\n")
    return "\n".join((*parts, _NOT_IMITATED))


def _on_demand() -> Iterator[tuple[str, str]]:
    for fault in FAULTS.values():
        if fault.name.startswith("refused."):
            yield f"`{fault.name}`", fault.effect
    for name, failure in ROW_FAULTS.items():
        yield f"`--fail-rate`, {name}", f"`{failure.type}`: {failure.message}"


def _short(entry: Refusal) -> tuple[str, ...]:
    return entry.name, _says(entry), _source(entry)


def _row(entry: Refusal) -> tuple[str, ...]:
    return (
        entry.name,
        _says(entry),
        ", ".join(_where(entry)),
        _shown(entry.refused),
        _shown(entry.taken),
        _source(entry),
    )


def _says(entry: Refusal) -> str:
    return f"{entry.says.replace('{{', '{').replace('}}', '}')}{' **?**' if entry.guess else ''}"


def _source(entry: Refusal) -> str:
    name = entry.source
    link = name if name.startswith("https://") else f"{_DOCS}{name}" if _PAGE.match(name) else ""
    shown = f"[{name.removeprefix('https://github.com/')}]({link})" if link else name
    return f"{shown}, {entry.seen}"


def _where(entry: Refusal) -> Iterator[str]:
    def refuses(model: str, version: str) -> bool:
        example = Example(entry.refused.change, version, entry.refused.betas, entry.refused.surface)
        error = answer(example, **({} if entry.refused.change.get("model", "") is ... else {"model": model}))
        return error is not None and is_worded(error.message, entry)

    names = [name for name, model in MODELS.items() if model.lifecycle != "retired"]
    refused = [name for name in names if any(refuses(name, version) for version in (NEWEST, OLDEST))]
    others = [name for name in names if name not in refused]
    if not refused or not others:
        yield "all"
    elif len(others) <= _FEW < len(refused):
        yield f"all but {', '.join(f'`{name}`' for name in others)}"
    else:
        yield ", ".join(f"`{name}`" for name in refused)
    under = [version for version in (OLDEST, NEWEST) if any(refuses(name, version) for name in refused)]
    if len(under) == 1:
        yield f"`{under[0]}` only"
    if entry.refused.surface != "batch":
        yield "not in batches"


def _shown(example: Example) -> str:
    change = {name: value for name, value in example.change.items() if value is not ...}
    gone = [f"no `{name}`" for name, value in example.change.items() if value is ...]
    text = json.dumps(change, ensure_ascii=False, default=lambda long: f"{long.text} x {long.times:,}")
    betas = [f"under `{beta}`" for beta in example.betas]
    shown = [f"`{text if len(text) <= _LONG else f'{text[:_LONG]}…'}`"] if change else []
    return ", ".join([*shown, *gone, *betas]) or "without it"


if __name__ == "__main__":
    PAGE.write_text(page())
