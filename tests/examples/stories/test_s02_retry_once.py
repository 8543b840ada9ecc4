"""S2. What can be sent again is sent again, once, and nothing else."""


def test_only_transient_failures_are_resubmitted(mockbatch, pipeline):
    message = "messages: at least one message is required"
    mockbatch.on("item", custom_id="bad-*").errored("invalid_request_error", message)
    mockbatch.on("item", custom_id="busy-*").errored("overloaded_error", fail_attempts=1)
    report = pipeline.run(["ok-1", "bad-1", "busy-1", "busy-2"])
    assert report.done == ["busy-1", "busy-2", "ok-1"]
    assert report.failed == {"bad-1": "invalid_request_error"}
    _, second = mockbatch.batches
    assert second.custom_ids == {"busy-1", "busy-2"}  # not the whole batch, and not bad-1
