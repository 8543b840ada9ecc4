"""Files derived from downloaded results: the requests to retry, and a CSV table."""

import csv
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from mockbatch.client.cost import CostSum
from mockbatch.client.duplicate_ids import DuplicateIds
from mockbatch.client.rows import RETRYABLE, row_of
from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.request_slicer import item_of
from mockbatch.core.money.rates import plain
from mockbatch.files.source import JsonFile

COLUMNS = (
    *("custom_id", "outcome", "model", "stop_reason", "text"),
    *("input_tokens", "output_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "cache_read_tokens", "cost"),
    *("error_type", "error_message", "request_id"),
)


def write_retries(results: Path, source: JsonFile, path: Path, kinds: Collection[str] = (RETRYABLE,)) -> int:
    """Write the source's requests whose rows failed in one of these ways, unchanged. Return how many."""
    wanted, found = DuplicateIds(), 0
    with open(results, "rb") as file:
        for line in file:
            row = row_of(line)
            if row.is_one_of(kinds):
                wanted.line_of(row.custom_id, 1)
    with _replacing(path) as draft, open(draft, "wb") as out:
        for request in source.lines():
            try:
                name = item_of(request.raw).custom_id
            except InvalidRequest:
                continue  # it was not sent, either
            if name in wanted:
                out.write(request.raw + b"\n")
                found += 1
    return found


def write_csv(results: Path, path: Path, bill: CostSum) -> None:
    """Write the rows as CSV, one line each, with COLUMNS."""
    with (
        open(results, "rb") as file,
        _replacing(path) as draft,
        open(draft, "w", encoding="utf-8", errors="surrogatepass", newline="") as out,
    ):
        table = csv.writer(out, lineterminator="\n")
        table.writerow(COLUMNS)
        for line in file:
            table.writerow(_cells(line, bill))


def _cells(line: bytes, bill: CostSum) -> tuple[Any, ...]:
    row = row_of(line)
    result: dict[str, Any] = msgspec.json.decode(line)["result"]
    message = result.get("message") or {}
    error = result.get("error") or {}
    inner = row.error
    counts = row.counts
    billed = (counts.input, counts.output, counts.cache_write_5m, counts.cache_write_1h, counts.cache_read)
    dollars = bill.one(row.model, counts, row.geo) if row.model is not None else None
    return (
        *(row.custom_id, row.outcome, message.get("model"), message.get("stop_reason"), _text(message)),
        *(billed if message else ("",) * len(billed)),
        None if dollars is None else plain(dollars),
        *(inner and inner.type, inner and inner.message, error.get("request_id")),
    )


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or []
    return "".join(block.get("text") or "" for block in content if block.get("type") == "text")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a draft that is renamed to `path` on success."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
