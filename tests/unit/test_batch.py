"""Queues, draws, ids and tokens: the small rules that batches are made of."""

from array import array
from heapq import heapify, heappop, heappush

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.batch import Durations, Lanes, Profile
from mockbatch.core.contract.catalog import MODELS, find_model
from mockbatch.core.contract.ids import batch_id, message_id, organization_id
from mockbatch.core.rules.faults import ROW_FAULTS, random_fault
from mockbatch.core.seeded_hash import derive_seed, hash64, threshold, to_unit_interval
from mockbatch.core.time.spans import MINUTE
from mockbatch.core.time.timeline import NEVER
from mockbatch.core.tokens import image_size_tokens, input_tokens, text_tokens


@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 100), st.integers(0, 50)), max_size=40))
def test_lanes_start_what_a_simulation_would(capacity: int, jobs: list[tuple[int, int]]) -> None:
    """Compared with workers that each take the next job when they are free; kept between batches."""
    lanes, workers = Lanes(capacity), [0] * capacity
    heapify(workers)
    ready = 0
    for wait, duration in jobs:
        ready += wait
        start = max(ready, heappop(workers))
        heappush(workers, start + duration)
        assert lanes.start(ready, duration, 10**9) == start
        lanes = Lanes.load(capacity, lanes.dump())


def test_a_row_that_never_ends_holds_its_lane_until_the_deadline() -> None:
    """Then its batch expires and the lane is free."""
    lanes = Lanes(1)
    assert lanes.start(0, NEVER, 500) == 0
    assert lanes.start(10, 5, 600) == 500
    assert array("q", [505]).tobytes() == lanes.dump()


@given(st.floats(0, 1), st.lists(st.text(min_size=1, max_size=5), min_size=1, unique=True))
def test_the_largest_draw_belongs_to_the_row_that_is_done_last(never: float, names: list[str]) -> None:
    """So the end of a batch is known without looking at each row's time."""
    durations = Durations(Profile(delay="exponential:5m", never=never), "msgbatch_x")
    assert durations.of_draw(durations.largest(names)) == max(durations.of(name) for name in names)


def test_the_share_that_never_ends_is_what_was_asked_for() -> None:
    """And the others take the time of the distribution."""
    durations = Durations(Profile(delay="uniform:0s,10m", never=0.3), "msgbatch_x")
    spans = [durations.of(f"row-{number}") for number in range(5000)]
    finite = [span for span in spans if span != NEVER]
    assert 0.27 < 1 - len(finite) / 5000 < 0.33
    assert 4.8 * MINUTE < sum(finite) / len(finite) < 5.2 * MINUTE


@given(st.integers(0, 2**70), st.text(max_size=8))
def test_draws_are_numbers_between_0_and_1(seed: int, name: str) -> None:
    """Both ends excluded, so that every distribution can take them."""
    assert 0 < to_unit_interval(hash64(derive_seed(seed, "x"), name)) < 1


def test_shares_of_nothing_and_all_are_exact() -> None:
    """A probability of 0 never hits, one of 1 always does."""
    assert threshold(0) == 0
    assert threshold(1) > (1 << 64) - 1
    assert [random_fault(1, f"row-{n}", 0) for n in range(100)] == [None] * 100
    assert None not in [random_fault(1, f"row-{n}", 1) for n in range(100)]


def test_random_faults_come_in_the_shares_of_the_registry() -> None:
    """Each kind, as often as its weight says."""
    drawn = [random_fault(3, f"row-{number}", 1) for number in range(5000)]
    total = sum(fault.weight for fault in ROW_FAULTS.values())
    for name, fault in ROW_FAULTS.items():
        assert abs(drawn.count(name) / 5000 - fault.weight / total) < 0.03


def test_ids_have_the_format_of_the_api_and_are_all_different() -> None:
    """Prefix, 24 characters of base 58 starting with 01."""
    made = {batch_id(1, str(number)) for number in range(2000)} | {message_id(1, "1")}
    assert len(made) == 2001
    for name in made:
        prefix, _, rest = name.rpartition("_")
        assert prefix in {"msgbatch", "msg"}
        assert len(rest) == 24
        assert rest.startswith("01")
        assert rest.isalnum()
    assert len(organization_id(1)) == 36


def test_models_are_found_by_id_and_alias() -> None:
    """An alias leads to the snapshot; what is unknown is not found."""
    model = find_model("claude-haiku-4-5")
    assert model is not None
    assert model.id == "claude-haiku-4-5-20251001"
    assert find_model("claude-none") is None
    names = [name for model in MODELS.values() for name in (model.id, *model.aliases)]
    assert len(names) == len(set(names))


OLD, NEW = MODELS["claude-haiku-4-5-20251001"], MODELS["claude-opus-5"]


@pytest.mark.parametrize(
    ("width", "height", "old", "new"),
    [
        (200, 200, 64, 64),
        (1000, 1000, 1296, 1296),
        (1092, 1092, 1521, 1521),
        (1920, 1080, 1560, 2691),
        (3840, 2160, 1560, 4784),
    ],
)
def test_images_have_the_tokens_of_the_documentation(width: int, height: int, old: int, new: int) -> None:
    """The samples of https://platform.claude.com/docs/en/build-with-claude/vision."""
    assert image_size_tokens(width, height, OLD) == old
    assert image_size_tokens(width, height, NEW) == new
    assert image_size_tokens(height, width, OLD) == old


def test_the_greeting_of_the_documentation_has_about_its_tokens() -> None:
    """`Hello, Claude` has 8 to 16 tokens there."""
    params = {"messages": [{"role": "user", "content": "Hello, Claude"}]}
    assert 8 <= input_tokens(params, OLD) <= 16
    blocks = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hello, Claude"}]}]}
    assert input_tokens(blocks, OLD) == input_tokens(params, OLD)


@given(st.text(), st.text())
def test_more_text_never_has_fewer_tokens(one: str, two: str) -> None:
    """And only no text has none."""
    assert text_tokens(one, OLD) <= text_tokens(one + two, OLD)
    assert (text_tokens(one, OLD) == 0) == (one == "")
    assert text_tokens(one, OLD) <= text_tokens(one, NEW)


@given(
    st.dictionaries(
        st.sampled_from(["messages", "system", "tools", "tool_choice"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=7), inner, max_size=3),
        ),
    )
)
def test_tokens_of_anything_can_be_counted(params: dict[str, object]) -> None:
    """What is no message is the checks' business; counting never fails."""
    assert input_tokens(params, NEW) >= 7
