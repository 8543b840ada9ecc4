"""Our contract against the types of the newest official SDK: what it can send, and what it expects."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from msgspec import Struct

from mockbatch.core.contract.beta_fields import BETA_FIELDS
from mockbatch.core.contract.betas import BETAS
from mockbatch.core.contract.catalog import Models
from mockbatch.core.contract.shapes import missing_beta, shape_problem
from mockbatch.core.contract.wire import BatchCreate, BatchItem
from tests.builders import params
from tests.drift.exceptions import BETAS_OF_OUR_OWN, OMITTED, UNDECLARED, UNMISSED, UNSENT
from tests.drift.grammar import Sample, newest
from tests.drift.removals import is_noticed, removals, schema_of_everything
from tests.drift.requests import ROOTS, call, not_closed, not_taken, samples
from tests.drift.responses import PAIRS, Comparison, Field, Ours, fields_below

SCHEMA = schema_of_everything()
REMOVALS = [removal for removal in removals(SCHEMA) if removal.path not in UNSENT]
FIELDS = sorted({field for struct in PAIRS for field in fields_below(struct)}, key=str)


@cache
def sent(about: str) -> list[Sample]:
    """What the SDK can send, first what is about that key at the top."""
    return sorted(samples(newest(), "beta create"), key=lambda sample: not sample[0].startswith(about))


@pytest.mark.parametrize("root", ROOTS)
def test_whatever_the_sdk_can_send_is_taken(root: str) -> None:
    """Every key, member and value, under the beta headers; without them what is not in the beta types only."""
    assert not_taken(newest(), root) == []


@pytest.mark.parametrize("root", ["beta create", "beta count"])
def test_what_is_new_in_the_beta_types_needs_a_header(root: str) -> None:
    """Until it is in the table of beta fields, it counts as drift."""
    assert not_closed(newest(), root) == []


@settings(max_examples=15)
@given(st.integers(0, len(REMOVALS) - 1))
def test_nothing_can_be_taken_out_of_the_shapes_unnoticed(number: int) -> None:
    """No key, no member, no value."""
    removal = REMOVALS[number]
    note(removal.path)
    about = removal.path.partition(".")[0].partition("=")[0]
    with removal.done():
        assert is_noticed(SCHEMA, sent(about))


def test_every_unsent_part_is_one() -> None:
    """What is listed as such and gone is a drift too."""
    paths = {removal.path for removal in removals(SCHEMA)}
    assert UNSENT.keys() - paths == set()


@pytest.mark.parametrize("field", BETA_FIELDS, ids=lambda field: field.path)
def test_each_beta_field_needs_one_of_its_headers(field: Any) -> None:
    """Any one of them; without, it is not known."""
    request, besides = params(**field.example), frozenset(field.besides)
    problem = shape_problem(request, call("create", besides))
    assert problem is not None
    assert "Extra inputs are not permitted" in problem or "Input should be" in problem or "Input tag" in problem
    assert missing_beta(request, call("create", besides)) == problem.partition(": ")[0]
    for beta in field.betas:
        assert beta in BETAS
        assert shape_problem(request, call("create", besides | {beta})) is None


def test_the_betas_are_those_of_the_sdk() -> None:
    """And some that are documented elsewhere."""
    theirs = newest().values(newest().roots["betas"])
    assert theirs - BETAS == set()
    assert BETAS - theirs == BETAS_OF_OUR_OWN.keys()


def test_the_models_are_those_of_the_sdk() -> None:
    """Each under the names that the SDK suggests."""
    names = newest().values(newest().roots["models"])
    assert sorted(name for name in names if Models().find(name, "") is None) == []


def test_the_deprecated_models_are_those_of_the_sdk() -> None:
    """Those it warns of, and no other of those that it suggests."""
    names = newest().values(newest().roots["models"])
    ours = {name for name in names if (model := Models().find(name, "")) and model.lifecycle == "deprecated"}
    assert ours == newest().deprecated.keys()


def test_a_batch_has_the_keys_of_the_sdk() -> None:
    """Besides what it sends as headers."""
    headers = {"betas", "user_profile_id", "workspace_id"}
    for root in ("batch", "beta batch"):
        keys = newest().keys(root)
        assert keys.keys() - headers == set(BatchCreate.__struct_fields__)
        item = newest().objects[keys["requests"]["type"]["list"]["object"]]
        assert item.keys() == set(BatchItem.__struct_fields__)


def known_differences() -> set[str]:
    return OMITTED.keys() | UNDECLARED.keys()


def differences(ours: Ours) -> Iterator[str]:
    for struct in PAIRS:
        yield from Comparison(newest(), ours).of(struct)


@pytest.mark.parametrize("struct", PAIRS, ids=lambda struct: struct.__name__)
def test_what_is_sent_is_what_the_sdk_declares(struct: type[Struct]) -> None:
    """Same fields, same values, same members, null only where it is declared."""
    assert set(Comparison(newest(), Ours()).of(struct)) - known_differences() == set()


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field[0].__name__}.{field[1]}")
def test_no_field_can_be_taken_out_of_the_answers_unnoticed(field: Field) -> None:
    """Each is missed in one of the answers."""
    assert any(line not in known_differences() for line in differences(Ours(without=field))) == (field not in UNMISSED)


def test_every_exception_is_still_one() -> None:
    """A field that is listed here and has come or gone is a drift too."""
    assert set(differences(Ours())) == OMITTED.keys() | UNDECLARED.keys()
