"""S9. The results are gone after 29 days; what is deleted is gone at once."""

import anthropic
import pytest


def test_late_download(mockbatch, anthropic_client):
    batch = mockbatch.batches.synthetic(items=3, ended=True)
    mockbatch.clock.advance("30d")
    info = anthropic_client.messages.batches.retrieve(batch.id)
    assert info.archived_at is not None
    assert info.results_url is None
    anthropic_client.messages.batches.delete(batch.id)
    with pytest.raises(anthropic.NotFoundError):
        anthropic_client.messages.batches.retrieve(batch.id)
