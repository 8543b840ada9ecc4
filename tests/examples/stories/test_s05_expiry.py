"""S5. The 24 hours are over for some of the requests, in milliseconds."""


def test_expired_rows_are_resubmitted_and_successes_kept(mockbatch, virtual_time, pipeline):
    mockbatch.queue(finish_fraction=0.6)
    report = pipeline.run([f"row-{number}" for number in range(100)], poll_every=60, max_wait="26h")
    first, second, *_ = mockbatch.batches
    assert first.counts.succeeded + first.counts.expired == 100
    assert 40 < first.counts.succeeded < 80
    assert second.custom_ids == {name for name, outcome in first.results.items() if outcome == "expired"}
    assert {*report.answers, *report.failed} == {f"row-{number}" for number in range(100)}
    assert virtual_time.elapsed >= 24 * 3600
    assert virtual_time.real_elapsed < 30


def test_expired_rows_cost_nothing(mockbatch, pipeline):
    mockbatch.on("item", exactly=40).outcome("expired", fail_attempts=1)
    pipeline.run([f"row-{number}" for number in range(100)])
    first, second = mockbatch.batches
    assert (first.counts.succeeded, first.counts.expired, second.counts.succeeded) == (60, 40, 40)
    assert mockbatch.ledger.for_batch(first.id).unbilled == 40
