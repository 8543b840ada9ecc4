"""S3. The response to a create is lost after the batch was made; the bill must not double."""

import anthropic
import pytest

LOST = {"when": "after_commit", "how": "reset"}


def test_create_timeout_makes_one_billed_batch(mockbatch, pipeline):
    mockbatch.on("create", times=1).fault("create.accept_then_drop", **LOST)
    assert pipeline.run(["a", "b"]).done == ["a", "b"]
    assert mockbatch.batches.duplicates() == []  # no two with the same requests
    assert len(mockbatch.batches) == 1


def test_the_sdk_alone_makes_three(mockbatch, anthropic_client):
    """It sends a lost create again by itself, and nothing in the request says that it is the same."""
    mockbatch.on("create", times=2).fault("create.accept_then_drop", **LOST)
    params = {"model": "claude-haiku-4-5", "max_tokens": 8, "messages": [{"role": "user", "content": "a"}]}
    anthropic_client.messages.batches.create(requests=[{"custom_id": "a", "params": params}])
    assert [call.retry_count for call in mockbatch.requests.find("create")] == [0, 1, 2]
    with pytest.raises(AssertionError, match="duplicate: the same 1 request in 3 batches"):
        mockbatch.check()
    assert isinstance(anthropic_client, anthropic.Anthropic)
