"""S8. A batch is canceled half-way; what is done stays."""


def test_cancel_keeps_finished_work(mockbatch, pipeline):
    mockbatch.queue(wait="0s", delay="uniform:1m,60m")
    batch = pipeline.submit([f"r{number}" for number in range(10)])
    mockbatch.clock.advance(until="items_done", count=4, batch=batch)
    pipeline.cancel(batch)  # canceling
    pipeline.cancel(batch)  # again: no error
    mockbatch.clock.advance(until="batch.ended", batch=batch)
    report = pipeline.collect(batch)
    assert len(report.done) == 4 + mockbatch.batches[batch].finished_during_cancel
    assert report.status == "canceled"  # although the API says only "ended"
