"""The call journal: the last calls of a session, stored as received."""

import itertools
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from mockbatch.core.numbers import natural
from mockbatch.core.vocabulary import Method, Operation

OF_A_BATCH = frozenset({"retrieve", "cancel", "delete", "results"})
KEPT = 1_000
KEPT_BYTES = 8 << 20
BODY = 16 << 10
HEADERS = 16 << 10
PATH = 4 << 10
_REFUSED = 400
# the approximate size of a record and of each header without their texts, in bytes
_OF_RECORD, _OF_HEADER = 500, 100


class JournalEntry(Struct, frozen=True):
    """A call: its virtual and real time, its request, and its response.

    Instants are microseconds. `sent` and `answered` are the first `BODY` bytes of the bodies; `path` and `headers` are
    cut at `PATH` and `HEADERS` bytes. `unmet` names the schema for which the reply is only the nearest value. `batch`
    is the batch that the call concerns or has created; `took` are microseconds of real time, `received` and `size` the
    sizes of the whole bodies in bytes.
    """

    at: int
    real_at: int
    op: str
    method: str
    path: str
    status: int
    request_id: str
    headers: Mapping[bytes, bytes]
    batch: str | None = None
    fault: str | None = None
    request_body: bytes = b""
    response_body: bytes = b""
    unmet: str | None = None
    took: int = 0
    received: int = 0
    size: int = 0

    @property
    def retry_count(self) -> int:
        """The number of earlier attempts, as reported by the SDK."""
        return natural(self.headers.get(b"x-stainless-retry-count", b"").decode("latin-1")) or 0


class Criteria(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Conditions on calls: a call must match all that are given. `body` is a substring of the request body."""

    op: Operation | None = None
    method: Method | None = None
    path: str | None = None
    status: int | None = None
    batch: str | None = None
    fault: str | None = None
    body: str | None = None

    def match(self, record: JournalEntry) -> bool:
        return not self.mismatches(record)

    def mismatches(self, record: JournalEntry) -> list[str]:
        """Return the names of the conditions that a call does not match."""
        found = [
            name
            for name in ("op", "method", "path", "status", "batch", "fault")
            if getattr(self, name) is not None and getattr(self, name) != getattr(record, name)
        ]
        if self.body is not None and self.body.encode() not in record.request_body:
            found.append("body")
        return found


def trimmed(headers: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """Return the headers, cut at `HEADERS` bytes."""
    if _size_of(headers) <= HEADERS:
        return headers
    kept: dict[bytes, bytes] = {}
    left = HEADERS
    for name, value in headers.items():
        left -= len(name) + _OF_HEADER
        if left <= 0:
            break
        kept[name] = value[:left]
        left -= len(kept[name])
    return kept


def _size_of(headers: Mapping[bytes, bytes]) -> int:
    return sum(map(len, headers)) + sum(map(len, headers.values())) + _OF_HEADER * len(headers)


def _weight(record: JournalEntry) -> int:
    """Return the approximate size of a record in memory, in bytes."""
    texts = len(record.path) + len(record.request_body) + len(record.response_body)
    return _OF_RECORD + texts + _size_of(record.headers)


class Journal:
    """The last calls, limited by number and size, and the totals of each kind.

    `refused` counts the refused calls that no rule touched, by status; `refusal` is the last of them.
    """

    def __init__(self) -> None:
        self._records: deque[JournalEntry] = deque()
        self._weights: deque[int] = deque()
        self.bytes = 0
        self.total: Counter[tuple[str, int]] = Counter()
        self.refused: Counter[int] = Counter()
        self.refusal: JournalEntry | None = None

    def __len__(self) -> int:
        return len(self._records)

    def add(self, record: JournalEntry) -> None:
        weight = _weight(record)
        self._records.append(record)
        self._weights.append(weight)
        self.bytes += weight
        while len(self._records) > KEPT or self.bytes > KEPT_BYTES:
            self._records.popleft()
            self.bytes -= self._weights.popleft()
        self.total[record.op, record.status] += 1
        if record.status >= _REFUSED and record.fault is None:
            self.refused[record.status] += 1
            self.refusal = record

    def clear(self) -> None:
        self._records.clear()
        self._weights.clear()
        self.bytes = 0
        self.total.clear()
        self.refused.clear()
        self.refusal = None

    def records(self, criteria: Criteria | None = None) -> Iterator[JournalEntry]:
        """Return the calls that match the criteria, in order of completion."""
        return (record for record in self._records if criteria is None or criteria.match(record))

    def closest(self, criteria: Criteria, count: int = 3) -> list[JournalEntry]:
        """Return the calls that miss the fewest criteria."""
        ranked = sorted(self._records, key=lambda record: len(criteria.mismatches(record)))
        return ranked[:count]

    def calls(self) -> dict[str, int]:
        """Return the total number of calls by kind."""
        counted: Counter[str] = Counter()
        for (op, _), number in self.total.items():
            counted[op] += number
        return dict(counted)

    def refusals(self) -> dict[str, int]:
        """Return the total number of refused calls by status, except those that a rule touched."""
        return {str(status): number for status, number in sorted(self.refused.items())}

    def count(self, op: str) -> int:
        """Return the total number of calls of a kind."""
        return sum(number for (name, _), number in self.total.items() if name == op)


class Expectation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Expected calls and their number; `min_gap` is the minimum virtual time between them in microseconds."""

    calls: Criteria
    count: int | None = None
    at_least: int | None = None
    at_most: int | None = None
    min_gap: int | None = None

    def shortfall(self, records: Iterable[JournalEntry]) -> str | None:
        """Describe the first unmet expectation; None if all are met."""
        found = list(records)
        number = len(found)
        if self.count is not None and number != self.count:
            return f"expected {_times(self.count)}, found {number}"
        if self.at_least is not None and number < self.at_least:
            return f"expected at least {_times(self.at_least)}, found {number}"
        if self.at_most is not None and number > self.at_most:
            return f"expected at most {_times(self.at_most)}, found {number}"
        gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(found)]
        if self.min_gap is not None and gaps and min(gaps) < self.min_gap:
            return f"expected {self.min_gap / 1e6:g} s between calls, found {min(gaps) / 1e6:g} s"
        return None


def _times(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"
