"""The prompt cache by the API's rules: which prefixes a request may read or write, and the tokens of each.

A prefix is identified by a rolling hash over tools, system and messages, in that order; settings that invalidate it are
mixed in at the level they affect. Entries live on the virtual clock.

Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.json import Encoder

from mockbatch.core.contract.model import Model
from mockbatch.core.contract.output_format import format_of
from mockbatch.core.seeded_hash import draw_of
from mockbatch.core.tokens import frame_tokens, part_tokens

FIVE_MINUTES, ONE_HOUR = 300, 3600
_BREAKPOINTS = 4
_LOOKBACK = 20
_SECOND = 1_000_000
_TOOLS, _SYSTEM, _MESSAGES = range(3)

_encode = Encoder().encode

Place = tuple[int, str, Any]
"""A block of a prompt: its level, the role of its message, the block itself."""
Count = Callable[[Any, Model], float]


class Prefix(Struct, frozen=True, array_like=True):
    """The start of a prompt up to the end of a block, which may be cached.

    `key` is a 64-bit hash; `tokens` counts the whole prefix; `ttl` is in seconds: 300 or 3600. At a breakpoint it may
    be read and written; other prefixes are only read, by lookback, if an earlier request wrote them.
    """

    key: int
    tokens: int
    ttl: int
    breakpoint: bool


class CacheUse(Struct, frozen=True, array_like=True):
    """Prompt tokens read from the cache, and written to it by lifetime; the rest is not cached."""

    read: int = 0
    write_5m: int = 0
    write_1h: int = 0

    @property
    def total(self) -> int:
        return self.read + self.write_5m + self.write_1h


UNCACHED = CacheUse()


def prefixes(params: dict[str, Any], model: Model, count: Count = part_tokens) -> list[Prefix]:
    """Return the cacheable prefixes of a request, shortest first; none without cache_control.

    `count` returns the tokens of a block, unrounded. Never raises: blocks of an unknown shape are not cached.
    """
    places = _places(params)
    lives = [0 if isinstance(block, str) else _ttl(block) for _, _, block in places]
    if automatic := _lifetime(params.get("cache_control")):
        _mark_last(places, lives, automatic)
    if not any(lives):
        return []
    wanted = _wanted(lives)
    least = model.cache_minimum
    return [
        Prefix(key, tokens, *wanted[index])
        for index, (key, tokens) in enumerate(_rolled(params, model, places[: max(wanted) + 1], count))
        if index in wanted and tokens >= least
    ]


def _places(params: dict[str, Any]) -> list[Place]:
    places: list[Place] = [(_TOOLS, "", block) for block in _blocks(params.get("tools"))]
    places += [(_SYSTEM, "", block) for block in _blocks(params.get("system"))]
    messages = params.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            role = str(message.get("role"))
            places += [(_MESSAGES, role, block) for block in _blocks(message.get("content"))]
    return places


def _blocks(content: Any) -> list[Any]:
    if isinstance(content, list):
        return content
    return [content] if isinstance(content, str) else []


def _lifetime(control: Any) -> int:
    """Return the lifetime in seconds that a cache_control requests; 0 without one."""
    if not isinstance(control, dict):
        return 0
    return ONE_HOUR if control.get("ttl") == "1h" else FIVE_MINUTES


def _ttl(block: Any) -> int:
    """Return the lifetime a block is marked with; a mark on a nested block counts for the outer one."""
    if not isinstance(block, dict):
        return 0
    own = _lifetime(block.get("cache_control")) if _can_be_marked(block) else 0
    nested = block.get("content")
    if own or not isinstance(nested, list):
        return own
    return max(map(_ttl, nested), default=0)


def _can_be_marked(block: Any) -> bool:
    if isinstance(block, str):
        return bool(block)
    if not isinstance(block, dict):
        return False
    kind = block.get("type")
    return kind not in ("thinking", "redacted_thinking") and (kind != "text" or bool(block.get("text")))


def _mark_last(places: list[Place], lives: list[int], ttl: int) -> None:
    """Set the automatic breakpoint on the last block that can have one, unless it is marked already."""
    last = next((index for index in range(len(places) - 1, -1, -1) if _can_be_marked(places[index][2])), None)
    if last is not None and not lives[last]:
        lives[last] = ttl


def _wanted(lives: list[int]) -> dict[int, tuple[int, bool]]:
    """Return lifetime and breakpoint flag of each block at which a cacheable prefix may end."""
    breakpoints = [index for index, ttl in enumerate(lives) if ttl][:_BREAKPOINTS]
    wanted = {index: (lives[index], True) for index in breakpoints}
    for index in breakpoints:
        for earlier in range(max(index - _LOOKBACK + 1, 0), index):
            wanted.setdefault(earlier, (lives[index], False))
    return wanted


def _rolled(params: dict[str, Any], model: Model, places: list[Place], count: Count) -> Iterator[tuple[int, int]]:
    """Yield hash and tokens of the prompt up to the end of each block."""
    per_message, preamble = frame_tokens(model)
    key, tokens = draw_of(0, model.id.encode()), 0.0
    level, speaker = _TOOLS, ""
    if places and places[0][0] == _TOOLS:
        tokens += preamble
    for here, role, block in places:
        while level < here:
            level += 1
            key = draw_of(key, repr(_settings(params, level)).encode("utf-8", "surrogatepass"))
        if role != speaker:
            speaker, tokens = role, tokens + per_message
            key = draw_of(key, role.encode())
        tokens += count(block, model)
        through = _mixed(key, block)
        if not _is_web_search(block) or here != _TOOLS:
            key = through
        yield through, -int(-tokens // 1)


def _mixed(key: int, block: Any) -> int:
    """Return the hash of a prompt extended by a block, ignoring its marks."""
    if isinstance(block, str):
        return draw_of(key, block.encode("utf-8", "surrogatepass"))
    if isinstance(block, dict) and block.get("type") == "text":
        text = block.get("text")
        if isinstance(text, str) and len(block) == 2 + ("cache_control" in block):
            return draw_of(key, text.encode("utf-8", "surrogatepass"))
    try:
        return draw_of(key ^ 1, _encode(_unmarked(block)))
    except OverflowError:  # an integer of more than 64 bits
        return draw_of(key ^ 1, repr(_unmarked(block)).encode("utf-8", "surrogatepass"))


def _unmarked(block: Any) -> Any:
    if not isinstance(block, dict):
        return block
    bare = {name: value for name, value in block.items() if name != "cache_control"}
    if isinstance(nested := bare.get("content"), list):
        bare["content"] = [_unmarked(part) for part in nested]
    return bare


def _is_web_search(tool: Any) -> bool:
    return isinstance(tool, dict) and str(tool.get("type")).startswith("web_search")


def _settings(params: dict[str, Any], level: int) -> tuple[Any, ...]:
    """Return the settings that invalidate the cache from this level on, in addition to the prompt itself.

    Web search, citations and structured outputs change the system prompt; images, forced tools and thinking change how
    messages are encoded.
    """
    config = params.get("output_config")
    config = config if isinstance(config, dict) else {}
    tools = _blocks(params.get("tools"))
    if level == _SYSTEM:
        search = [_unmarked(tool) for tool in tools if _is_web_search(tool)]
        return level, params.get("speed"), search, _has(params, _is_cited), format_of(params)
    choice = params.get("tool_choice") or ({"type": "auto"} if tools else None)
    return level, choice, _has(params, _is_image), params.get("thinking"), config.get("effort")


def _has(params: dict[str, Any], what: Callable[[dict[str, Any]], bool]) -> bool:
    """Return whether any block of the messages, nested ones included, satisfies the predicate."""
    messages = params.get("messages")
    return any(_holds(message, what) for message in (messages if isinstance(messages, list) else ()))


def _holds(block: Any, what: Callable[[dict[str, Any]], bool]) -> bool:
    if not isinstance(block, dict):
        return False
    nested = block.get("content")
    return what(block) or (isinstance(nested, list) and any(_holds(part, what) for part in nested))


def _is_image(block: dict[str, Any]) -> bool:
    return block.get("type") == "image"


def _is_cited(block: dict[str, Any]) -> bool:
    citations = block.get("citations")
    return isinstance(citations, dict) and citations.get("enabled") is True


def use(found: list[Prefix], live: Callable[[int], bool]) -> CacheUse:
    """Return what a request with these prefixes reads and writes; `live` looks up which are cached.

    The longest cached prefix is read; from there to the last one-hour breakpoint is written for an hour, and from there
    to the last breakpoint for five minutes.
    """
    if not found:
        return UNCACHED
    read = next((prefix.tokens for prefix in reversed(found) if live(prefix.key)), 0)
    hour = max((prefix.tokens for prefix in found if prefix.breakpoint and prefix.ttl == ONE_HOUR), default=0)
    last = max((prefix.tokens for prefix in found if prefix.breakpoint), default=0)
    return CacheUse(read, max(last - max(read, hour), 0), max(hour - read, 0))


class CacheState:
    """The cache entries of one session. Instants are microseconds of its clock, in ascending order."""

    def __init__(self, entries: Mapping[int, tuple[int, int, int]] | None = None) -> None:
        self._entries = dict(entries or {})

    def entries(self) -> dict[int, tuple[int, int, int]]:
        """Return for each key when it was written, when it expires, and its lifetime, in microseconds."""
        return self._entries.copy()

    def __len__(self) -> int:
        return len(self._entries)

    def live(self, key: int, at: int) -> bool:
        """Return whether the entry exists at that instant."""
        entry = self._entries.get(key)
        return entry is not None and entry[0] <= at < entry[1]

    def touch(self, key: int, at: int, ttl: int) -> None:
        """Write an entry that lives for `ttl` seconds; an existing one is read, which renews its own lifetime."""
        if self.live(key, at):
            written, expires, own = self._entries[key]
            self._entries[key] = written, max(expires, at + own), own
        else:
            self._entries[key] = at, at + ttl * _SECOND, ttl * _SECOND

    def request(self, found: list[Prefix], at: int) -> CacheUse:
        """Apply a request with these prefixes at that instant, and return what it reads and writes."""
        used = use(found, lambda key: self.live(key, at))
        for prefix in found:
            if self.live(prefix.key, at) if prefix.tokens <= used.read else prefix.breakpoint:
                self.touch(prefix.key, at, prefix.ttl)
        return used

    def prune(self, before: int) -> None:
        """Remove entries that have expired at that instant."""
        self._entries = {key: entry for key, entry in self._entries.items() if entry[1] > before}
