"""A first test with mockbatch. Run it with: python -m pytest

The fixture `mockbatch` is a session of its own: a clock, batches, rules and a ledger that no other test sees.
`anthropic_client` is the official SDK, pointed there. ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY are set for the test as
well, so that a client which your own code makes goes there too.
"""

REQUESTS = [
    {
        "custom_id": f"row-{number}",
        "params": {
            "model": "claude-haiku-4-5",
            "max_tokens": 64,
            "messages": [{"role": "user", "content": f"Say {number}."}],
        },
    }
    for number in range(1, 4)
]


def test_a_day_passes_at_once(mockbatch, anthropic_client):
    batches = anthropic_client.messages.batches
    batch = batches.create(requests=REQUESTS)
    assert batch.processing_status == "in_progress"

    mockbatch.clock.advance("24h")

    assert batches.retrieve(batch.id).processing_status == "ended"
    assert {row.custom_id for row in batches.results(batch.id)} == {"row-1", "row-2", "row-3"}


def test_one_request_fails_and_the_others_do_not(mockbatch, anthropic_client):
    mockbatch.on("item", custom_id="row-2").errored("overloaded_error")

    batches = anthropic_client.messages.batches
    batch = batches.create(requests=REQUESTS)
    mockbatch.clock.advance(until="batch.ended", batch=batch.id)

    outcomes = {row.custom_id: row.result.type for row in batches.results(batch.id)}
    assert outcomes == {"row-1": "succeeded", "row-2": "errored", "row-3": "succeeded"}
