"""S1. A download that ends early is no error to any client; a program that counts notices."""

import pytest


@pytest.mark.parametrize("how", ["clean", "reset", "stall"])
def test_every_row_is_accounted_for(mockbatch, pipeline, how):
    ids = [f"row-{number}" for number in range(200)]
    with mockbatch.on("results", times=1).cut(after_items=73, how=how) as cut:
        report = pipeline.run(ids)
        assert cut.hits == 1
    assert {*report.answers, *report.failed} == set(ids)
    assert mockbatch.batches.last.delivered == len(ids)  # the server's own count: each row reached the client
    assert mockbatch.requests.count("results") == 2  # it noticed, and fetched again
    mockbatch.check()


def test_rows_that_are_left_out_are_missed(mockbatch, pipeline):
    with mockbatch.on("results", times=1).omit(custom_id="row-7"):
        report = pipeline.run([f"row-{number}" for number in range(20)])
    assert len(report.answers) == 20
    assert mockbatch.requests.count("results") == 2
