"""The prompt cache: each rule of the documentation, and any sequence of requests against a model without hashes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.contract.catalog import MODELS, Model
from mockbatch.core.money.prompt_cache import CacheState, CacheUse, Prefix, prefixes, use
from mockbatch.core.time.spans import MINUTE, SECOND
from mockbatch.core.tokens import input_tokens
from tests.builders import params

SONNET = MODELS["claude-sonnet-4-6"]
LONG = "word " * 1000
"""1,250 tokens for the older tokenizers."""
MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}


def text(content: str, mark: dict[str, str] | None = None) -> dict[str, Any]:
    return {"type": "text", "text": content, **({"cache_control": mark} if mark else {})}


def request(*system: dict[str, Any], messages: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return params(
        "hello", system=list(system), **({"messages": messages} if messages else {}), **{"model": SONNET.id, **more}
    )


def tool(name: str = "look", mark: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    spec = {"name": name, "description": LONG, "input_schema": {"type": "object"}, **more}
    return {**spec, **({"cache_control": mark} if mark else {})}


def second_use(first: dict[str, Any], second: dict[str, Any], model: Model = SONNET, wait: int = 0) -> CacheUse:
    """What the second of two requests reads and writes."""
    state = CacheState()
    state.request(prefixes(first, model), 0)
    return state.request(prefixes(second, model), wait)


@pytest.mark.parametrize(
    ("model", "least"),
    [
        ("claude-fable-5", 512),
        ("claude-fable-5-2", 512),
        ("claude-mythos-5-1", 512),
        ("claude-opus-5", 512),
        ("claude-opus-5-5", 512),
        ("claude-sonnet-5-5", 512),
        ("claude-haiku-5-5", 512),
        ("claude-opus-4-8", 1024),
        ("claude-sonnet-5", 1024),
        ("claude-sonnet-4-6", 1024),
        ("claude-sonnet-4-5-20250929", 1024),
        ("claude-sonnet-4-20250514", 1024),
        ("claude-opus-4-20250514", 1024),
        ("claude-opus-4-1-20250805", 1024),
        ("claude-opus-4-7", 2048),
        ("claude-mythos-preview", 2048),
        ("claude-3-5-haiku-20241022", 2048),
        ("claude-opus-4-6", 4096),
        ("claude-opus-4-5-20251101", 4096),
        ("claude-haiku-4-5-20251001", 4096),
    ],
)
def test_a_prefix_below_the_minimum_is_not_cached(model: str, least: int) -> None:
    """Silently; one of the minimum is."""
    found = MODELS[model]
    assert found.cache_minimum == least
    marked = request(text("x", MARK), model=model)
    assert prefixes(marked, found, lambda block, model: least - 1) == []
    assert [prefix.tokens for prefix in prefixes(marked, found, lambda block, model: least)] == [least]


def test_without_cache_control_nothing_is_cached() -> None:
    """However long the prompt is."""
    assert prefixes(request(text(LONG), text(LONG)), SONNET) == []


def test_the_first_request_writes_and_the_second_reads() -> None:
    """The same number of tokens; what follows the breakpoint is not cached."""
    marked = request(text(LONG, MARK))
    found = prefixes(marked, SONNET)
    assert [(prefix.tokens, prefix.ttl, prefix.breakpoint) for prefix in found] == [(1250, 300, True)]
    assert use(found, lambda key: False) == CacheUse(write_5m=1250)
    assert second_use(marked, request(text(LONG, MARK), messages=[{"role": "user", "content": "other"}])) == CacheUse(
        read=1250
    )


@pytest.mark.parametrize(
    "changed",
    [
        request(text(LONG + "!", MARK)),
        request(text(LONG, MARK), model="claude-opus-4-8"),
        request(text("first"), text(LONG, MARK)),
    ],
)
def test_a_prefix_must_be_identical(changed: dict[str, Any]) -> None:
    """To the character, and for the same model."""
    again = second_use(request(text(LONG, MARK)), changed, SONNET)
    other = MODELS[changed["model"]]
    state = CacheState()
    state.request(prefixes(request(text(LONG, MARK)), SONNET), 0)
    assert state.request(prefixes(changed, other), 0).read == 0
    assert again.read == 0 or other != SONNET


def test_a_string_is_a_block_and_a_mark_is_no_content() -> None:
    """So neither the way of writing nor a moved breakpoint makes another prefix."""
    turn = {"role": "user", "content": [text(LONG, MARK)]}
    grown: list[dict[str, Any]] = [
        {"role": "user", "content": LONG},
        {"role": "assistant", "content": [text("so", MARK)]},
    ]
    assert second_use(request(messages=[turn]), request(messages=grown)).read == 1250 + 3


def test_the_lookback_ends_after_twenty_blocks() -> None:
    """The breakpoint itself is the first of them."""

    def conversation(blocks: int) -> dict[str, Any]:
        content = [text(LONG), *(text(f"block {index}") for index in range(1, blocks))]
        content[-1] = {**content[-1], "cache_control": MARK}
        return request(messages=[{"role": "user", "content": content}])

    assert second_use(conversation(1), conversation(20)).read > 0
    assert second_use(conversation(1), conversation(21)).read == 0


def test_only_what_was_written_at_a_breakpoint_is_found() -> None:
    """Not every prefix of what was written."""
    first = request(text(LONG), text(LONG + "b", MARK))
    second = request(text(LONG), text("another", MARK))
    assert second_use(first, second).read == 0


def test_mixed_lifetimes_are_billed_in_three_parts() -> None:
    """What is read, then what is written for an hour, then for five minutes."""
    found = [Prefix(1, 2000, 3600, True), Prefix(2, 5000, 3600, True), Prefix(3, 9000, 300, True)]
    table = {
        frozenset[int](): CacheUse(0, 4000, 5000),
        frozenset({1}): CacheUse(2000, 4000, 3000),
        frozenset({1, 2}): CacheUse(5000, 4000, 0),
        frozenset({3}): CacheUse(9000, 0, 0),
        frozenset({2}): CacheUse(5000, 4000, 0),
    }
    assert {live: use(found, live.__contains__) for live in table} == table


def test_only_four_breakpoints_count() -> None:
    """A fifth is refused elsewhere; where nothing is checked it does nothing."""
    found = prefixes(request(*(text(LONG, MARK) for _ in range(6))), SONNET)
    assert [prefix.breakpoint for prefix in found] == [True] * 4


@pytest.mark.parametrize(("ttl", "mark"), [(300, MARK), (3600, HOUR)])
def test_an_entry_lives_from_its_last_use(ttl: int, mark: dict[str, str]) -> None:
    """A read prolongs it by its own lifetime; at the end of that it is gone."""
    found = prefixes(request(text(LONG, mark)), SONNET)
    state = CacheState()
    assert state.request(found, 0).read == 0
    assert state.request(found, ttl * SECOND - 1).read == 1250
    assert state.request(found, 2 * ttl * SECOND - 2).read == 1250
    assert state.request(found, 3 * ttl * SECOND - 2).read == 0


def test_a_read_does_not_shorten_an_hour() -> None:
    """Nor does one for an hour prolong five minutes: nobody paid for it."""
    long, short = prefixes(request(text(LONG, HOUR)), SONNET), prefixes(request(text(LONG, MARK)), SONNET)
    state = CacheState()
    state.request(long, 0)
    state.request(short, MINUTE)
    assert state.request(short, 60 * MINUTE).read == 1250
    state = CacheState()
    state.request(short, 0)
    assert state.request(long, MINUTE) == CacheUse(read=1250)
    assert state.request(long, 7 * MINUTE).read == 0


def test_what_has_expired_is_forgotten() -> None:
    """And only that."""
    state = CacheState()
    state.touch(1, 0, 300)
    state.touch(2, 0, 3600)
    state.prune(300 * SECOND)
    assert (len(state), state.live(1, 0), state.live(2, 300 * SECOND)) == (1, False, True)
    state.touch(3, 10 * SECOND, 300)
    assert not state.live(3, 9 * SECOND)


LEVELS = request(text(LONG, MARK), messages=[{"role": "user", "content": [text(LONG, MARK)]}], tools=[tool(mark=MARK)])
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
CITED = {"type": "document", "source": {"type": "text", "data": "x"}, "citations": {"enabled": True}}
SEARCH = {"type": "web_search_20260318", "name": "web_search"}


def turn(*content: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [text(LONG, MARK), *content]}]}


@pytest.mark.parametrize(
    ("change", "levels"),
    [
        ({}, 3),
        ({"tools": [tool("other", MARK)]}, 0),
        ({"tools": [tool(mark=MARK, strict=True)]}, 0),
        ({"speed": "fast"}, 1),
        ({"tools": [tool(mark=MARK), SEARCH]}, 1),
        (turn(CITED), 1),
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, 1),
        ({"tool_choice": {"type": "any"}}, 2),
        (turn(IMAGE), 2),
        (turn({"type": "tool_result", "tool_use_id": "a", "content": [IMAGE]}), 2),
        ({"thinking": {"type": "adaptive"}}, 2),
        ({"output_config": {"effort": "low"}}, 2),
        ({"tool_choice": {"type": "auto"}}, 3),
        (turn(text("more")), 3),
        ({"max_tokens": 7, "metadata": {"user_id": "u"}}, 3),
    ],
)
def test_what_invalidates_which_levels(change: dict[str, Any], levels: int) -> None:
    """Tools, then system, then messages: what is below a change is read all the same."""
    before = [prefix.tokens for prefix in prefixes(LEVELS, SONNET)]
    assert len(before) == 3
    assert second_use(LEVELS, {**LEVELS, **change}).read == [0, *before][levels]


def test_web_search_leaves_the_tools_in_the_cache() -> None:
    """Wherever it stands among them: it changes the system prompt."""
    tools = prefixes(LEVELS, SONNET)[0].tokens
    assert second_use(LEVELS, {**LEVELS, "tools": [SEARCH, tool(mark=MARK)]}).read > tools
    with_search = {**LEVELS, "tools": [tool(mark=MARK), SEARCH]}
    other = {**LEVELS, "tools": [tool(mark=MARK), {**SEARCH, "max_uses": 2}]}
    assert second_use(with_search, other).read == tools


def test_automatic_caching_marks_the_last_block_that_can_be() -> None:
    """Not a thinking block, nor an empty text, nor one that is marked already."""
    thought = {"type": "thinking", "thinking": "hm", "signature": ""}
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": LONG},
        {"role": "assistant", "content": [text("so"), thought]},
    ]
    found = prefixes(request(messages=turns, cache_control=HOUR), SONNET)
    assert [(prefix.ttl, prefix.breakpoint) for prefix in found] == [(3600, False), (3600, True)]
    assert found[1].tokens == 1250 + 3 + 3 + 1
    marked = request(messages=[{"role": "user", "content": [text(LONG, MARK)]}], cache_control=MARK)
    assert len(prefixes(marked, SONNET)) == 1
    assert prefixes(params("", model=SONNET.id, cache_control=MARK), SONNET) == []


def test_a_mark_inside_of_a_tool_result_counts() -> None:
    """As one on the result."""
    result = {"type": "tool_result", "tool_use_id": "a", "content": [text(LONG, MARK)]}
    assert len(prefixes(request(messages=[{"role": "user", "content": [result]}]), SONNET)) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "content", "text"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["system", "tools", "messages", "tool_choice", "output_config"]), JSON))
def test_no_params_are_too_strange(strange: dict[str, Any]) -> None:
    """What is not checked can be anything."""
    prefixes({**strange, "cache_control": MARK}, SONNET)


BLOCKS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([0, 0, 300, 3600])), max_size=3)
ASKED = st.fixed_dictionaries(
    {
        "tools": BLOCKS,
        "system": BLOCKS,
        "messages": st.lists(st.tuples(st.sampled_from(["user", "assistant"]), BLOCKS), max_size=3),
        "choice": st.sampled_from(["auto", "any"]),
        "speed": st.sampled_from([None, "fast"]),
        "model": st.sampled_from(["claude-sonnet-4-6", "claude-sonnet-4-5-20250929"]),
    }
)
STEP = 700


def as_params(asked: dict[str, Any]) -> dict[str, Any]:
    """The request that is meant."""

    def block(name: str, ttl: int) -> dict[str, Any]:
        return text(name, {0: None, 300: MARK, 3600: HOUR}[ttl])

    return {
        "model": asked["model"],
        "tools": [{**block(*one), "name": one[0]} for one in asked["tools"]],
        "system": [block(*one) for one in asked["system"]],
        "messages": [{"role": role, "content": [block(*one) for one in blocks]} for role, blocks in asked["messages"]],
        "tool_choice": {"type": asked["choice"]},
        **({"speed": asked["speed"]} if asked["speed"] else {}),
    }


class NaiveCache:
    """The documentation read aloud: whole prefixes are compared, nothing is hashed, everything is kept."""

    def __init__(self) -> None:
        self.entries: list[tuple[list[Any], int, int]] = []

    def live(self, prefix: list[Any], now: int) -> bool:
        return any(entry == prefix and until > now for entry, until, _ in self.entries)

    def request(self, asked: dict[str, Any], now: int) -> CacheUse:
        prompt: list[Any] = [asked["model"]]
        places: list[tuple[list[Any], int, int]] = []
        tokens = 496 if asked["tools"] and asked["model"] != SONNET.id else 497 if asked["tools"] else 0
        for name, ttl in asked["tools"]:
            tokens += STEP
            prompt = [*prompt, ("tool", name)]
            places.append((prompt, tokens, ttl))
        prompt = [*prompt, ("speed", asked["speed"])]
        for name, ttl in asked["system"]:
            tokens += STEP
            prompt = [*prompt, ("system", name)]
            places.append((prompt, tokens, ttl))
        prompt = [*prompt, ("choice", asked["choice"])]
        speaker = None
        for role, blocks in asked["messages"]:
            for name, ttl in blocks:
                tokens += STEP + (3 if role != speaker else 0)
                speaker = role
                prompt = [*prompt, (role, name)]
                places.append((prompt, tokens, ttl))
        marked = [index for index, place in enumerate(places) if place[2]][:4]
        near = {index for last in marked for index in range(max(last - 19, 0), last + 1)}
        usable = [places[index] for index in sorted(near) if places[index][1] >= 1024]
        written = [places[index] for index in marked if places[index][1] >= 1024]
        a = max((place[1] for place in usable if self.live(place[0], now)), default=0)
        b = max([a, *(place[1] for place in written if place[2] == 3600)])
        c = max([b, *(place[1] for place in written)])
        for place in usable:
            if place[1] <= a:
                self.entries = [
                    (entry, max(until, now + ttl * SECOND) if entry == place[0] and until > now else until, ttl)
                    for entry, until, ttl in self.entries
                ]
            elif place in written:
                self.entries = [known for known in self.entries if known[0] != place[0]]
                self.entries.append((place[0], now + place[2] * SECOND, place[2]))
        return CacheUse(a, c - b, b - a)


@given(st.lists(st.tuples(ASKED, st.integers(0, 400)), max_size=8))
def test_any_sequence_of_requests_uses_the_cache_as_documented(steps: list[tuple[dict[str, Any], int]]) -> None:
    """Hashes, lookback and lifetimes against whole prefixes."""
    state, naive, now = CacheState(), NaiveCache(), 0
    for asked, seconds in steps:
        now += seconds * SECOND
        model = MODELS[asked["model"]]
        found = prefixes(as_params(asked), model, lambda block, model: float(STEP))
        assert state.request(found, now) == naive.request(asked, now)


@given(ASKED)
def test_what_is_cached_is_part_of_the_input(asked: dict[str, Any]) -> None:
    """Tokens only grow along a prompt, and never beyond the whole."""
    long = {
        key: [(name * 3000, ttl) for name, ttl in value] if key in ("tools", "system") else value
        for key, value in asked.items()
    }
    request = as_params(long)
    found = prefixes(request, MODELS[asked["model"]])
    tokens = [prefix.tokens for prefix in found]
    assert tokens == sorted(tokens)
    assert all(count <= input_tokens(request, MODELS[asked["model"]]) for count in tokens)
