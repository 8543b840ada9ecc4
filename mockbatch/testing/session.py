"""The session of a test: an API key with its own clock, batches, rules and ledger."""

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from mockbatch.client.control import Control, ControlError
from mockbatch.core.suggestions import did_you_mean
from mockbatch.core.vocabulary import EVENTS, OPERATIONS, PROBLEM_KINDS
from mockbatch.testing.batches import BatchViews
from mockbatch.testing.clients import Clients
from mockbatch.testing.clock import SessionClock
from mockbatch.testing.money import LedgerView
from mockbatch.testing.requests import Requests
from mockbatch.testing.rules import On, Rules

if TYPE_CHECKING:
    import anthropic

    from mockbatch.core.rules.fault import Scope as RuleScope
    from mockbatch.testing.options import CacheOptions, LimitOptions, QueueOptions, SessionOptions
    from mockbatch.testing.virtual_time import VirtualTime

Scope = Literal["all", "state", "clock", "journal", "rules"]

_GLANCE_SECONDS = 0.01
_OF_QUEUES = ("duration", "finish_fraction", "wait", "delay", "capacity", "progression", "delay_preset")


class Problem(dict[str, Any]):
    """A mistake of the program under test: a `kind`, a `text`, the `batches` concerned."""

    @property
    def kind(self) -> str:
        return str(self["kind"])

    def __str__(self) -> str:
        return f"{self['kind']}: {self['text']}"

    __repr__ = __str__


class Problems(AssertionError):
    """`check` found problems."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def check_word(what: str, word: str, known: Sequence[str]) -> None:
    """Raise ValueError, with a suggestion, if a word is not known."""
    if word not in known:
        raise ValueError(f"{what}: there is no {word!r}.{did_you_mean(str(word), known)} Known: {', '.join(known)}")


def _share(name: str, value: float) -> float:
    """Validate a share between 0 and 1. Raises ValueError."""
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{name}: {value!r} is not between 0 and 1")
    return value


def renamed(message: str, names: dict[str, str]) -> str:
    """Replace names or prefixes of options in a message by the caller's names."""
    for name, other in names.items():
        message = re.sub(rf"(?<![\w-]){name}" + ("" if name.endswith("_") else r"(?![\w-])"), other, message)
    return message


class Session:
    """One session of a server.

    `url` and `api_key` are for clients; `env()` returns them as environment variables. `clock`, `batches`, `requests`,
    `rules` and `ledger` give access to its state.
    """

    def __init__(self, control: Control, clients: Clients, view: dict[str, Any]) -> None:
        self.id: str = view["id"]
        self.label: str = view["label"]
        self.api_key: str = view["api_key"]
        self._clients = clients
        own = self._control = control.of_session(self.api_key)
        self.clock = SessionClock(own)
        self.batches = BatchViews(own)
        self.requests = Requests(own)
        self.rules = Rules(own)
        self.ledger = LedgerView(own)

    def __repr__(self) -> str:
        return f"<session {self.label or self.id} at {self._clients.url}>"

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The base URL for clients. Raises ValueError for a server without a socket."""
        return self._clients.dialable_url()

    def env(self) -> dict[str, str]:
        """Return the environment variables that point clients to this session."""
        return {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_API_KEY": self.api_key}

    def client(self, **options: Any) -> "anthropic.Anthropic":
        """Return a client of the official SDK, with its `options`."""
        return self._clients.sync(self.api_key, options)

    def async_client(self, *, keep_alive: bool = True, **options: Any) -> "anthropic.AsyncAnthropic":
        """Return an async client of the official SDK, with its `options`. Without `keep_alive` it needs no close."""
        return self._clients.asynchronous(self.api_key, options, keep_alive)

    def virtual_time(self) -> "VirtualTime":
        """Return a context in which sleeps advance the clock of this session."""
        from mockbatch.testing.virtual_time import VirtualTime

        return VirtualTime(self.clock)

    def on(self, scope: "RuleScope", **given: Any) -> On:
        """Start a rule with its scope (`item`, `batch`, `create`, `retrieve`, `results`, `http` ...) and its matchers
        (`custom_id`, `model`, `prompt`, `nth`, `rate`, `times` ...). A method of the returned object sets the effect.
        """
        return On(self._control, scope, given)

    def configure(self, **options: Unpack["SessionOptions"]) -> None:
        """Change options of this session from now on, under their command line names."""
        self._control.patch("sessions", self.id, options=options)

    def queue(
        self,
        duration: str | None = None,
        finish_fraction: float | None = None,
        **options: Unpack["QueueOptions"],
    ) -> None:
        """Configure new batches: `duration` is how long a request takes, `finish_fraction` the share of requests that
        ever finish; further options are `wait`, `delay`, `capacity`, `progression`, `delay_preset`.
        """
        if options:
            # not before: most calls use only the two arguments above
            from mockbatch.config import OPTIONS

            for name in options.keys() - OPTIONS.keys():
                check_word("queue", name, _OF_QUEUES)
        given: dict[str, Any] = {**options}
        if duration is not None:
            given |= {"wait": "0s", "delay": duration}
        if finish_fraction is not None:
            given["never"] = round(1 - _share("finish_fraction", finish_fraction), 12)
        self._configure(given, {} if duration is None else {"delay": "duration"})

    def limits(self, **options: Unpack["LimitOptions"]) -> None:
        """Set limits: `max_requests`, `max_bytes`, `requests_per_minute`, `queue_limit`, `tier`."""
        self.configure(**options)

    def cache(self, **options: Unpack["CacheOptions"]) -> None:
        """Configure the simulated prompt cache."""
        self._configure({f"cache_{name}": value for name, value in options.items()}, {"cache_": ""})

    def replay(self, folder: str, mode: str = "none", match: Sequence[str] | None = None) -> None:
        """Replay the recordings in a folder."""
        matched = {"match_on": ",".join(match)} if match else {}
        names = {"replay_mode": "mode", "match_on": "match", "replay": "folder"}
        self._configure({"replay": folder, "replay_mode": mode, **matched}, names)

    def _configure(self, options: dict[str, Any], names: dict[str, str]) -> None:
        """Change options; `names` maps their names or prefixes to those the caller used, for error messages."""
        try:
            self.configure(**options)
        except ControlError as error:
            raise ControlError(error.status, renamed(str(error), names), error.body) from None

    def problems(self) -> list[Problem]:
        """Return the mistakes of the program under test."""
        return [Problem(problem) for problem in self._control.get("problems")["problems"]]

    def check(self, *, ignore: Sequence[str] = ()) -> None:
        """Raise Problems, an AssertionError, if there are any, except of the kinds in `ignore`."""
        ignored = [ignore] if isinstance(ignore, str) else ignore
        for kind in ignored:
            check_word("ignore", kind, PROBLEM_KINDS)
        found = [problem for problem in self.problems() if problem.kind not in ignored]
        if found:
            raise Problems(found)

    def attempts(self, custom_id: str) -> int:
        """Return the number of batches with a request of this custom_id."""
        return sum(custom_id in batch.custom_ids for batch in self.batches)

    @property
    def unmatched(self) -> list[Problem]:
        """The requests that a replay could not match."""
        return [problem for problem in self.problems() if problem.kind == "unmatched_replay"]

    def wait_for(self, event: str, *, batch: str | None = None, count: int = 1, timeout: float = 10) -> None:
        """Wait, in real time, until an event has happened `count` times since the start of the session:
        `batch.created`, `batch.ended`, or a call, e.g. `results`. Raises TimeoutError after `timeout` seconds.
        """
        check_word("event", event, (*EVENTS, *OPERATIONS))
        deadline = time.monotonic() + timeout
        while (happened := self._happened(event, batch)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{event} happened {happened} of {count} times in {timeout:g} s in {self!r}")
            time.sleep(_GLANCE_SECONDS)

    def _happened(self, event: str, batch: str | None) -> int:
        if event == "batch.created":
            return sum(batch in (None, one.id) for one in self.batches)
        if event == "batch.ended":
            return sum(one.status == "ended" and batch in (None, one.id) for one in self.batches)
        return self.requests.count(event, **({} if batch is None else {"batch": batch}))

    def reset(self, scope: Scope) -> None:
        """Reset the session: its `state` (batches, files, spending), `clock`, `rules`, `journal`, or `all`."""
        self._control.post("reset", scope=scope)

    def close(self) -> dict[str, Any]:
        """Delete the session with everything in it; return its summary."""
        summary: dict[str, Any] = self._control.delete("sessions", self.id)
        return summary
