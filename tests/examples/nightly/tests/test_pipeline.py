"""The suite of the program: no key, no network, no waiting, and nothing of the client replaced."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from nightly.pipeline import Pipeline

IDS = [f"row-{number}" for number in range(40)]


@pytest.mark.parametrize("seed", range(10))
def test_every_question_is_answered(pipeline, mockbatch, seed):
    mockbatch.configure(seed=seed)
    report = pipeline.run(IDS)
    assert report.done == sorted(IDS)
    assert mockbatch.batches.last.delivered == len(IDS)


@pytest.mark.mockbatch(fail_rate=0.3)
@pytest.mark.parametrize("seed", range(10))
def test_what_fails_is_told_and_only_the_transient_is_sent_again(pipeline, mockbatch, seed):
    mockbatch.configure(seed=seed)
    report = pipeline.run(IDS)
    assert {*report.done, *report.failed} == set(IDS)
    first, *later = mockbatch.batches
    for batch in later:
        assert batch.custom_ids < first.custom_ids


@pytest.mark.mockbatch(never=0.4, delay="5m")
@pytest.mark.parametrize("seed", range(10))
def test_what_expires_is_sent_again(pipeline, mockbatch, virtual_time, seed):
    mockbatch.configure(seed=seed)
    report = pipeline.run(IDS)
    first, second, *_ = mockbatch.batches
    assert first.counts.expired > 0
    assert second.custom_ids == {name for name, outcome in first.results.items() if outcome == "expired"}
    assert virtual_time.elapsed >= 24 * 3600
    assert {*report.done, *report.failed} == set(IDS)


@pytest.mark.parametrize("size", [1, 7, 39, 40, 41])
def test_batches_are_as_large_as_allowed(anthropic_client, virtual_time, mockbatch, size):
    mockbatch.limits(max_requests=size)
    report = Pipeline(anthropic_client, max_requests=size).run(IDS)
    assert report.done == sorted(IDS)
    assert all(batch.size <= size for batch in mockbatch.batches)
    assert mockbatch.requests.count("create", status=413) == 0


@pytest.mark.mockbatch(requests_per_minute=5)
def test_a_rate_limit_is_waited_for(pipeline, mockbatch, virtual_time):
    assert pipeline.run(["a"], poll_every=1).done == ["a"]
    assert mockbatch.requests.count("retrieve", status=429) >= 1


@pytest.mark.parametrize("round", range(5))
def test_several_runs_at_once_do_not_disturb_each_other(anthropic_client, virtual_time, mockbatch, round):
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda n: Pipeline(anthropic_client).run([f"{n}-{id}" for id in IDS[:5]]), range(4)))
    assert [len(report.done) for report in reports] == [5] * 4
    assert len(mockbatch.batches) == 4


def test_a_cancel_keeps_what_was_done(pipeline, mockbatch):
    mockbatch.queue(delay="uniform:1m,60m", wait="0s")
    batch_id = pipeline.submit(IDS)
    mockbatch.clock.advance(until="items_done", count=4, batch=batch_id)
    pipeline.cancel(batch_id)
    mockbatch.clock.advance(until="batch.ended", batch=batch_id)
    report = pipeline.collect(batch_id)
    assert len(report.done) == 4 + mockbatch.batches[batch_id].finished_during_cancel
    assert report.status == "canceled"


@pytest.mark.mockbatch(progression="polls:3")
def test_the_program_goes_on_where_it_stopped(mockbatch, tmp_path):
    command = [sys.executable, "-m", "nightly", "--state", str(tmp_path / "state.json")]
    for _ in range(2):
        done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
        assert done.stdout == "3 done\n"
    assert len(mockbatch.batches) == 1
