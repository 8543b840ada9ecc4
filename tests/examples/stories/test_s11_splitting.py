"""S11. Batches are split by the limits, without 256 MB."""

import pytest


@pytest.mark.mockbatch(max_requests=100, max_bytes="64kB")
def test_splitting(mockbatch, anthropic_client, virtual_time, pipeline):
    small = type(pipeline)(anthropic_client, max_requests=100, max_bytes=64_000)
    report = small.run([f"row-{number}" for number in range(1050)])
    assert len(report.answers) == 1050
    assert all(batch.size <= 100 for batch in mockbatch.batches)
    assert mockbatch.requests.count("create", status=413) == 0
    assert mockbatch.requests.count("create", status=400) == 0
