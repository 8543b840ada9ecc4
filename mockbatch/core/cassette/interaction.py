"""The line formats of a fixture, header and interaction, and their validation."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from mockbatch.core.cassette import values
from mockbatch.core.cassette.redaction import ALWAYS, Redaction
from mockbatch.core.conversion import threadsafe_convert
from mockbatch.core.time.spans import parse_span

VERSION = 1
MARK = "mockbatch_fixture"

Kind = Literal["batch_item", "message", "count_tokens", "file"]
Outcome = Literal["succeeded", "errored", "canceled", "expired"]


class FixtureProblem(ValueError):
    """An unusable line; the message is one sentence. `line` is 1-based."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


class Header(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line, after its version. `partial` are sentences: what is missing, and why."""

    interactions: int
    upstream: str = ""
    redaction: Redaction = ALWAYS
    partial: tuple[str, ...] = ()


class Interaction(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A request and its outcome. Spans are texts such as `4m12s`.

    `request` is what was sent: the `params` of a batch request, the body of a message or a count, or for a file its
    name, type, size and hash; null if only the results are known. `message` is the reply, `error` the error as the API
    sent it, `answer` the response of a count or a file. `status` is the HTTP status of an error outside of batches.
    `batch` is a label derived from the requests of the batch.
    """

    kind: Kind
    batch: str = ""
    custom_id: str = ""
    call: Literal["", "upload", "retrieve", "content", "delete"] = ""
    streamed: bool = False
    request: dict[str, Any] | None
    outcome: Outcome
    status: int = 0
    message: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    answer: dict[str, Any] | None = None
    wait: str = ""
    duration: str = ""


T = TypeVar("T")
Step = Callable[[dict[str, Any]], dict[str, Any]]
# by N: converts a line from version N to version N + 1
STEPS: dict[int, Step] = {}


def dump_header(header: Header) -> bytes:
    content = msgspec.to_builtins(header)
    if header.redaction == ALWAYS:
        content.pop("redaction", None)
    return values.encode({MARK: VERSION, **content})


def dump_interaction(interaction: Interaction) -> bytes:
    """Encode an interaction as one line, without its line end."""
    return values.encode(interaction)


def parse_header(line: bytes, steps: Mapping[int, Step] = STEPS) -> tuple[Header, int]:
    """Parse the header; return it with its version. Raises FixtureProblem."""
    content = _object(line, 1)
    if MARK not in content:
        raise FixtureProblem(1, f'not a fixture: its first line begins with {{"{MARK}":{VERSION}')
    version = content.pop(MARK)
    if type(version) is not int:
        raise FixtureProblem(1, f"the version {version!r} is not a number")
    _refuse_version(version, steps)
    return _converted(_migrated(content, version, steps), Header, 1), version


def _refuse_version(version: int, steps: Mapping[int, Step]) -> None:
    if version > VERSION:
        raise FixtureProblem(
            1,
            f"written in version {version}, but this mockbatch reads only up to {VERSION}: upgrade it, or record again",
        )
    if any(step not in steps for step in range(version, VERSION)):
        raise FixtureProblem(1, f"there is no version {version}; the first is 1")


def parse_interaction(
    line: bytes, number: int, version: int = VERSION, steps: Mapping[int, Step] = STEPS
) -> Interaction:
    """Parse a line written in `version`. Raises FixtureProblem."""
    content = _migrated(_object(line, number), version, steps)
    interaction = _converted(content, Interaction, number)
    if problem := _problem(interaction):
        raise FixtureProblem(number, problem)
    return interaction


def _migrated(content: dict[str, Any], version: int, steps: Mapping[int, Step]) -> dict[str, Any]:
    for step in range(version, VERSION):
        content = steps[step](content)
    return content


def _object(line: bytes, number: int) -> dict[str, Any]:
    if not line.strip():
        raise FixtureProblem(number, "it is empty")
    try:
        content = values.decode(line)
    except ValueError as error:
        raise FixtureProblem(number, f"not JSON, so the file was cut or edited: {error}") from None
    if not isinstance(content, dict):
        raise FixtureProblem(number, "not an object")
    return content


def _converted(content: dict[str, Any], shape: type[T], number: int) -> T:
    try:
        return threadsafe_convert(content, shape)
    except msgspec.ValidationError as error:
        raise FixtureProblem(number, str(error)) from None


def _problem(interaction: Interaction) -> str | None:
    """Return what is inconsistent between the fields of an interaction."""
    if interaction.kind == "batch_item" and not interaction.custom_id:
        return "a batch item needs a `custom_id`"
    if interaction.request is None and interaction.kind != "batch_item":
        return f"a {interaction.kind} needs its `request`"
    if interaction.outcome == "succeeded" and interaction.message is None and interaction.answer is None:
        return f"it succeeded, so it needs {'an `answer`' if interaction.kind in _ANSWERED else 'a `message`'}"
    if interaction.outcome == "errored" and interaction.error is None:
        return "it errored, so it needs an `error`"
    try:
        spans(interaction)
    except ValueError as error:
        return str(error)
    return None


_ANSWERED = ("count_tokens", "file")


def spans(interaction: Interaction) -> tuple[int | None, int | None]:
    """Return how long it waited and how long it took, in microseconds; None if unknown."""
    wait, duration = (parse_span(text) if text else None for text in (interaction.wait, interaction.duration))
    return wait, duration
