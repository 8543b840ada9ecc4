"""Download results to disk: every row exactly once, however often the connection breaks.

Rows go to a draft next to the file, named after the batch; it is renamed only when its counts match the API's. An
existing draft is continued: the API always sends all rows from the beginning, so known rows are skipped, in any order.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from mockbatch.client import ClientError
from mockbatch.client.api import Api, ApiRefused, RemoteBatch, Unanswered
from mockbatch.client.rows import NotARow, ResultRow, RowTally, row_of
from mockbatch.client.waiting import pause

_ATTEMPTS = 6
_LONGEST_PAUSE = 30.0
_BUFFER = 1 << 20
_BOM = b"\xef\xbb\xbf"

Wanted = Callable[[ResultRow], bool]


class Incomplete(ClientError):
    """Rows are missing, or their counts do not match the API's."""


class Download:
    """The download of one batch's results into `file`. `took` is called for each new row."""

    def __init__(
        self, api: Api, batch: RemoteBatch, file: BinaryIO, tally: RowTally, wanted: Wanted, took: Callable[[], None]
    ) -> None:
        self.tally = tally
        self._api = api
        self._batch = batch
        self._file = file
        self._wanted = wanted
        self._took = took

    def resume(self) -> None:
        """Load the rows already in the file, and cut off anything after the last complete one."""
        self._file.seek(0)
        whole = 0
        for line in self._file:
            try:
                row = row_of(line)
            except NotARow:
                break
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            self._add(row)
        self._file.seek(whole)
        self._file.truncate()

    def run(self) -> None:
        """Read until all rows are there. Raises Incomplete, Unanswered or ApiRefused on failure."""
        failures = 0
        while not self._is_complete():
            before = len(self.tally)
            try:
                self._read()
                if not self._is_complete():
                    raise Incomplete(self._difference())
            except (ApiRefused, Unanswered, Incomplete, NotARow) as error:
                if isinstance(error, ApiRefused) and not (error.passes or error.status == 404):
                    raise
                failures = 1 if len(self.tally) > before else failures + 1
                if failures == _ATTEMPTS:
                    raise
                seconds = pause(failures, error.headers if isinstance(error, ApiRefused) else {}, _LONGEST_PAUSE)
                self._api.say(f"{error}; continuing after {len(self.tally):,} rows in {seconds:g} s")
                self._api.sleep(seconds)

    def _is_complete(self) -> bool:
        return self.tally.agrees_with(self._batch.request_counts)

    def _read(self) -> None:
        with self._api.results(self._batch.id) as pieces:
            for line in lines_of(pieces):
                row = row_of(line)
                if self._add(row) and self._wanted(row):
                    self._file.write(line + b"\n")

    def _add(self, row: ResultRow) -> bool:
        new = self.tally.add(row)
        if new:
            self._took()
        return new

    def _difference(self) -> str:
        expected = {kind: count for kind, count in self._batch.request_counts.items() if count}
        return f"the results have {_joined(self.tally.outcomes)}, but the batch counts {_joined(expected)}"


def save(
    api: Api,
    batch: RemoteBatch,
    path: Path,
    tally: RowTally,
    wanted: Wanted,
    took: Callable[[], None],
    *,
    failed_only: bool = False,
) -> None:
    """Save the results of a batch to `path`, or to its draft if interrupted.

    Raises ClientError, and OSError if the file cannot be written.
    """
    draft = draft_of(path, batch.id, failed_only=failed_only)
    with open(os.open(draft, os.O_RDWR | os.O_CREAT, 0o666), "r+b", _BUFFER) as file:
        download = Download(api, batch, file, tally, wanted, took)
        download.resume()
        download.run()
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def draft_of(path: Path, batch_id: str, *, failed_only: bool = False) -> Path:
    """Return the path of the draft that holds the rows until they are complete."""
    return path.with_name(f"{path.name}.{batch_id}{'.failed' if failed_only else ''}.part")


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a byte stream, stripped and without blank ones; only `\\n` ends a line."""
    rest: list[bytes] = []
    first = True
    for piece in pieces:
        head, *others = piece.split(b"\n")
        rest.append(head)
        for other in others:
            line = b"".join(rest)
            rest = [other]
            if line := (line.removeprefix(_BOM) if first else line).strip(b" \t\r"):
                yield line
            first = False
    if line := b"".join(rest).strip(b" \t\r"):
        yield line.removeprefix(_BOM) if first else line


def _joined(counts: Iterable[tuple[str, int]] | dict[str, int]) -> str:
    parts = [f"{count:,} {kind}" for kind, count in dict(counts).items()]
    return ", ".join(parts) or "no rows"
