"""S14. Wrong params fail as they do with the API: later, one by one."""

import pytest


@pytest.mark.mockbatch(frozen=True)
def test_beta_in_params_is_an_item_error_not_a_400(mockbatch, anthropic_client):
    params = {
        "model": "claude-haiku-4-5",
        "max_tokens": 8,
        "messages": [{"role": "user", "content": "hi"}],
        "output_format": {"type": "json_schema"},
    }
    batch = anthropic_client.messages.batches.create(requests=[{"custom_id": "x", "params": params}])  # accepted
    mockbatch.clock.advance(until="batch.ended", batch=batch.id)
    (row,) = anthropic_client.messages.batches.results(batch.id)
    assert row.result.error.error.type == "invalid_request_error"
    assert "Extra inputs are not permitted" in row.result.error.error.message
