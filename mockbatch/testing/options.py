"""The options of servers and sessions, for editors and type checkers.

Generated from the definitions of the options: `python -m tests.tools.make_options`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict


class SessionOptions(TypedDict, total=False):
    """Options that each session may set."""

    seed: int
    """The seed of all random choices."""
    speedup: float
    """Virtual seconds per real second."""
    clock_start: str
    """The virtual time at which sessions start; default: the real time."""
    frozen: bool
    """Freeze virtual time; it moves only when advanced."""
    progression: str
    """When batches end: as virtual `time` passes, at the first retrieve (`immediate`), or at the Nth (`polls:N`)."""
    poll_advances: str
    """Advance virtual time by this much at each retrieve of an unfinished batch, e.g. 5m."""
    delay_preset: Literal["immediate", "fast", "realistic", "stuck"]
    """`immediate`: ended at the first retrieve; `fast`: a few seconds, to watch progress; `realistic`: most within the
    hour, a tail to 24 h; `stuck`: never finishes, so it expires after 24 h.
    """
    wait: str | Path
    """How long a batch waits before processing starts; replaces the preset's."""
    delay: str | Path
    """How long each request then takes; replaces the preset's."""
    never: float
    """The share of requests that never finish and so expire."""
    capacity: int
    """The number of requests a session processes concurrently; default: unlimited."""
    cancel_delay: str
    """How long a cancel takes; requests in flight may finish meanwhile."""
    fault: str | Sequence[str]
    """Arm a fault, e.g. results.cut,after_items=73,how=reset,times=1; `mockbatch faults` lists all."""
    preset: Literal[
        "happy",
        "realistic",
        "nightmare",
        "expired-half",
        "overloaded",
        "flaky-network",
        "truncated",
        "cache-cold",
        "big",
    ]
    """A named set of options and rules; options and rules of your own take precedence. `happy`: everything succeeds
    immediately; `realistic`: hours of virtual time, a few failures, and an API that is sometimes overloaded;
    `nightmare`: everything together: lost responses, cut streams, odd bytes, overload, and a third of the rows
    fail; `expired-half`: half of the rows never finish and expire after 24 hours; `overloaded`: calls return 429
    and 529; rows fail as overloaded and succeed when resubmitted; `flaky-network`: responses are lost, late or cut
    off; `truncated`: every other download is silently incomplete, and one in ten replies is truncated; `cache-
    cold`: no prompt is ever read from a cache; `big`: every download has a line of 5 MB.
    """
    mix: str
    """The shares of succeeded/errored/expired/canceled rows, e.g. 90/5/3/2."""
    replies: str
    """A Python function that makes the reply to a request if no rule does; the current directory is importable."""
    tokens: str
    """Token usage: `counted`, or constant, e.g. `fixed:input=1000,output=200`."""
    cache_hits: str
    """Simulated prompt cache hits of the rows of a batch: `none`: no row ever reads; `first_writes`: the first row
    with a prefix writes it, the others read it; `rate:P`: a row reads an existing entry with this probability, else
    it writes; `all`: every row reads.
    """
    cache_scope: Literal["separate", "shared"]
    """Whether batches and /v1/messages have `separate` prompt caches or a `shared` one."""
    report_lag: str
    """How far the usage and cost reports lag behind, in virtual time, e.g. 5m."""
    spend_limit: float
    """The USD a session may spend per calendar month; replaces the tier's limit."""
    fail_rate: float
    """The share of requests that end as `errored`."""
    fail_attempts: int
    """How many times --fail-rate fails the same request before it passes; default: every time."""
    luck_by: Literal["custom_id", "content"]
    """What selects, with the seed, the rows that fail: their `custom_id`, or their `content`, for programs whose
    custom_ids differ in each run.
    """
    results_order: Literal["shuffled", "completion", "input", "reversed"]
    """The order of the rows in the results."""
    validation: Literal["api", "early", "off"]
    """When requests are validated: `api`: after create, as the API does, with errors in the results; `early`: at
    create, with a 400; `off`: never.
    """
    models: Literal["known", "strict", "any"]
    """Which models exist: `known`: all known ones, including retired ones; `strict`: each until the virtual day of its
    retirement; `any`: every name.
    """
    extra_models: str | Sequence[str]
    """Add a model that behaves like a known one, e.g. my-model=claude-haiku-4-5."""
    prices: str | Path
    """A TOML file with prices that override the built-in ones."""
    tier: Literal["start", "build", "scale"]
    """Enforce the rate limits of this usage tier, on the virtual clock; default: none."""
    requests_per_minute: int
    """The calls to batch endpoints a session may make per virtual minute; replaces the tier's limit."""
    queue_limit: int
    """The requests a session may have in unfinished batches; replaces the tier's limit."""
    max_requests: int
    """The maximum number of requests per batch."""
    max_bytes: int | str
    """The maximum body size of a create call."""
    gzip_from: int | str
    """Gzip API responses from this size on if the client accepts it; `off`: never."""
    replay: str | Path
    """Replay the recordings of this fixture, a file or a folder."""
    replay_mode: Literal["none", "once", "new_episodes", "all", "fake"]
    """How to answer a request that was not recorded: `none`: an error that shows the nearest recording; `fake`: a
    generated reply. With --record, these call the upstream: `once`: if the fixture does not exist yet;
    `new_episodes`: for requests missing from it; `all`: for every request.
    """
    match_on: str | Sequence[str]
    """A field to compare when matching requests with recordings; `all`: all but `stream`."""
    webhook: str
    """Send a webhook to this URL when a batch ends, expires or is canceled; an extension."""


class QueueOptions(TypedDict, total=False):
    """Options of `Session.queue`."""

    wait: str | Path
    """How long a batch waits before processing starts; replaces the preset's."""
    delay: str | Path
    """How long each request then takes; replaces the preset's."""
    capacity: int
    """The number of requests a session processes concurrently; default: unlimited."""
    progression: str
    """When batches end: as virtual `time` passes, at the first retrieve (`immediate`), or at the Nth (`polls:N`)."""
    delay_preset: Literal["immediate", "fast", "realistic", "stuck"]
    """`immediate`: ended at the first retrieve; `fast`: a few seconds, to watch progress; `realistic`: most within the
    hour, a tail to 24 h; `stuck`: never finishes, so it expires after 24 h.
    """


class LimitOptions(TypedDict, total=False):
    """Options of `Session.limits`."""

    max_requests: int
    """The maximum number of requests per batch."""
    max_bytes: int | str
    """The maximum body size of a create call."""
    requests_per_minute: int
    """The calls to batch endpoints a session may make per virtual minute; replaces the tier's limit."""
    queue_limit: int
    """The requests a session may have in unfinished batches; replaces the tier's limit."""
    tier: Literal["start", "build", "scale"]
    """Enforce the rate limits of this usage tier, on the virtual clock; default: none."""


class CacheOptions(TypedDict, total=False):
    """Options of `Session.cache`."""

    scope: Literal["separate", "shared"]
    """Whether batches and /v1/messages have `separate` prompt caches or a `shared` one."""
    hits: str
    """Simulated prompt cache hits of the rows of a batch: `none`: no row ever reads; `first_writes`: the first row
    with a prefix writes it, the others read it; `rate:P`: a row reads an existing entry with this probability, else
    it writes; `all`: every row reads.
    """


class ServerOptions(SessionOptions, total=False):
    """The options of a server."""

    host: str
    """The address to listen on."""
    port: int
    """The port to listen on; 0 picks a free one."""
    public_url: str
    """Base of `results_url`; default: the address that the client used."""
    allow_host: str | Sequence[str]
    """Another host name under which browsers may use the dashboard and the control plane."""
    db: str | Path
    """Store everything in this SQLite file; by default all is lost when the server stops."""
    durability: Literal["process", "power"]
    """Durability of --db: acknowledged batches survive a crash of the `process`, or a `power` failure too (slower)."""
    api_key: str | Sequence[str]
    """Accept only this API key."""
    control_key: str | Sequence[str]
    """Clients with this key, and those on this machine, may access all sessions."""
    replay_used: str | Path
    """Log the recordings that were replayed to this file, for `mockbatch fixtures prune --used`."""
    webhook_secret: str
    """Sign webhooks with this secret; default: one derived from the seed."""
    webhook_allow: str | Sequence[str]
    """Another host that webhooks may call; default: this machine only."""
    ready_file: str | Path
    """Write the URL and the process ID to this file, as JSON, once the server accepts connections."""
    row_processes: int
    """Process the requests of large batches in up to this many additional processes."""
    log_requests: bool
    """Log each call, and each batch that ends, to standard error; default: on for `serve` in a terminal, otherwise
    off.
    """
    log_level: str
    """The log level on standard error."""
