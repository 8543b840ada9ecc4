"""Questions in, answers out, through the Message Batches API, with care for all that can go wrong on the way."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import httpx2
import jsonschema

# errors that go away by themselves; all others are the request's own fault
TRANSIENT = {"api_error", "overloaded_error", "timeout_error", "rate_limit_error"}
SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass
class Report:
    """What became of the questions, by name."""

    answers: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    needs_review: list[str] = field(default_factory=list)
    status: str = "done"

    @property
    def done(self) -> list[str]:
        return sorted(self.answers)

    @property
    def summary(self) -> str:
        return f"{len(self.answers)} done"


@dataclass
class Row:
    """A line of the results."""

    custom_id: str
    kind: str
    message: dict[str, Any] | None = None
    error: str = ""


class Pipeline:
    """Sends questions in batches as large as allowed, waits, reads every line, and sends again what may yet succeed."""

    def __init__(
        self,
        client: anthropic.Anthropic,
        *,
        model: str = "claude-haiku-4-5",
        max_requests: int = 100_000,
        max_bytes: int = 256_000_000,
        attempts: int = 3,
    ) -> None:
        # the SDK sends a create again when its answer is lost, and then there are two batches
        self._creating = client.with_options(max_retries=0)
        self._client = client
        self._model = model
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._attempts = attempts

    def run(
        self,
        ids: Iterable[str],
        *,
        poll_every: float = 60,
        max_wait: str = "26h",
        schema: dict[str, Any] | None = None,
        **more: Any,
    ) -> Report:
        """Answer all questions; by a schema, if there is one."""
        if schema is not None:
            more["schema"] = schema
        report, open_ids = Report(), list(ids)
        for _ in range(self._attempts):
            again: list[str] = []
            for batch_id in [self.submit(part, **more) for part in self._parts(open_ids, more)]:
                self.wait(batch_id, poll_every, max_wait)
                again += self._sort(self.read(batch_id), report, schema)
            open_ids = again
            if not open_ids:
                break
        report.failed |= dict.fromkeys(open_ids, "gave up")
        return report

    def submit(self, ids: Sequence[str], **more: Any) -> str:
        """Create a batch; one whose answer was lost is found again. Answers its id."""
        since = datetime.now(UTC)
        try:
            return self._creating.messages.batches.create(requests=self.requests(ids, **more)).id
        except (anthropic.APIConnectionError, anthropic.InternalServerError):
            found = self.find(len(ids), since)
            return found or self.submit(ids, **more)

    def find(self, size: int, since: datetime) -> str | None:
        """The batch of that size that was created since, if there is one."""
        for batch in self._client.messages.batches.list(limit=20):
            counts = batch.request_counts
            total = counts.processing + counts.succeeded + counts.errored + counts.expired + counts.canceled
            if batch.created_at >= since - timedelta(seconds=5) and total == size:
                return batch.id
        return None

    def wait(self, batch_id: str, poll_every: float = 60, max_wait: str = "26h") -> None:
        """Poll until it has ended, ever more slowly. A batch that was just created may not be known everywhere yet."""
        deadline = time.monotonic() + float(max_wait[:-1]) * SECONDS[max_wait[-1]]
        pause, unknown = poll_every, 0
        while time.monotonic() < deadline:
            try:
                if self._client.messages.batches.retrieve(batch_id).processing_status == "ended":
                    return
            except anthropic.NotFoundError:
                unknown += 1
                if unknown > 5:
                    raise
            except (anthropic.InternalServerError, anthropic.APIConnectionError):
                pass  # it goes on without us
            time.sleep(pause)
            pause = min(pause * 1.5, 900)
        raise TimeoutError(f"{batch_id} has not ended within {max_wait}")

    def read(self, batch_id: str) -> list[Row]:
        """Every line of the results. A download that ends early is no error to any client, so lines are counted."""
        rows: dict[str, Row] = {}
        for _ in range(5):
            try:
                counts = self._client.messages.batches.retrieve(batch_id).request_counts
                expected = counts.succeeded + counts.errored + counts.expired + counts.canceled
                rows |= {row.custom_id: row for row in self._download(batch_id)}
                if len(rows) >= expected:
                    return list(rows.values())
            except (anthropic.NotFoundError, anthropic.APIConnectionError, httpx2.HTTPError):
                pass
            time.sleep(5)
        raise RuntimeError(f"{batch_id}: {len(rows)} lines, and no more to be had")

    def cancel(self, batch_id: str) -> None:
        self._client.messages.batches.cancel(batch_id)

    def collect(self, batch_id: str) -> Report:
        """What there is of a batch that has ended."""
        report = Report()
        rows = self.read(batch_id)
        self._sort(rows, report, None)
        if any(row.kind == "canceled" for row in rows):
            report.status = "canceled"
        return report

    def requests(self, ids: Sequence[str], **more: Any) -> list[Any]:
        return [{"custom_id": name, "params": self._params(name, **more)} for name in ids]

    def _params(self, name: str, cache: str | None = None, schema: dict[str, Any] | None = None) -> dict[str, Any]:
        system: list[dict[str, Any]] = [{"type": "text", "text": "Answer in one sentence. " * 500}]
        if cache:
            system[0]["cache_control"] = {"type": "ephemeral", "ttl": cache}
        message = {"role": "user", "content": f"What is {name}?"}
        params: dict[str, Any] = {"model": self._model, "max_tokens": 1024, "messages": [message]}
        if schema:
            params["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        return {**params, "system": system} if cache else params

    def _parts(self, ids: Sequence[str], more: dict[str, Any]) -> Iterator[list[str]]:
        """The names in parts that may be sent as one batch."""
        part: list[str] = []
        size = 0
        for name in ids:
            length = len(json.dumps(self.requests([name], **more))) + 2
            if part and (len(part) >= self._max_requests or size + length > self._max_bytes - 100):
                yield part
                part, size = [], 0
            part.append(name)
            size += length
        if part:
            yield part

    def _download(self, batch_id: str) -> Iterator[Row]:
        """The lines that came, whatever stands between them."""
        url = f"/v1/messages/batches/{batch_id}/results"
        answer = self._client.get(url, cast_to=httpx2.Response, options={"timeout": 3.0})
        for line in answer.content.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
            if text := line.strip():
                yield _row(json.loads(text))

    def _sort(self, rows: Iterable[Row], report: Report, schema: dict[str, Any] | None) -> list[str]:
        """Put rows where they belong; answers the names of those that may succeed next time."""
        again = []
        for row in rows:
            if row.kind == "expired" or (row.kind == "errored" and row.error in TRANSIENT):
                again.append(row.custom_id)
            elif row.kind == "errored":
                report.failed[row.custom_id] = row.error
            elif row.message is not None:
                text = _answer(row.message, schema)
                if text is None:
                    report.needs_review.append(row.custom_id)
                else:
                    report.answers[row.custom_id] = text
        return again


def _row(line: dict[str, Any]) -> Row:
    result = line["result"]
    error = result["error"]["error"]["type"] if result["type"] == "errored" else ""
    return Row(line["custom_id"], result["type"], result.get("message"), error)


def _answer(message: dict[str, Any], schema: dict[str, Any] | None) -> str | None:
    """The text of an answer that can be used as it is."""
    if message["stop_reason"] != "end_turn":
        return None
    texts = [block["text"] for block in message["content"] if block["type"] == "text"]
    if not texts:
        return None
    return "".join(texts) if schema is None or _fits(texts[-1], schema) else None


def _fits(text: str, schema: dict[str, Any]) -> bool:
    try:
        jsonschema.validate(json.loads(text), schema)
    except (ValueError, jsonschema.ValidationError):
        return False
    return True
