"""A first test with mockbatch. Run it with: python -m pytest

The fixture `mockbatch` is an isolated session: its clock, batches, rules and ledger are not shared with other tests.
`anthropic_client` is the official SDK's client, pointed to it. The fixture also sets ANTHROPIC_BASE_URL and
ANTHROPIC_API_KEY, so clients that your own code creates use the session too.
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
