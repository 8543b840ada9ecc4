"""S12. A cost tracker agrees with the bill, to the cent."""

from decimal import Decimal

PER_TOKEN = {  # dollars for a million tokens of claude-opus-4-6, by the class of the token; a batch costs half
    "input_tokens": Decimal("5"),
    "output_tokens": Decimal("25"),
    "cache_read_input_tokens": Decimal("0.5"),
    "ephemeral_5m_input_tokens": Decimal("6.25"),
    "ephemeral_1h_input_tokens": Decimal("10"),
}


def cost(usage):
    """What one answer costs, by its usage."""
    classes = {**usage, **usage.get("cache_creation", {})}
    total = sum((classes.get(name) or 0) * price for name, price in PER_TOKEN.items())
    return total / 1_000_000 / 2


def test_cost_tracker_reconciles(mockbatch, anthropic_client, virtual_time, pipeline):
    mockbatch.cache(scope="separate", hits="rate:0.6")
    mockbatch.on("item", rate=0.05).errored("api_error")
    tracked = type(pipeline)(anthropic_client, model="claude-opus-4-6", attempts=1)
    tracked.run([f"row-{number}" for number in range(500)], cache="1h")
    batch = mockbatch.batches.last
    rows = tracked.read(batch.id)  # read twice, and not billed twice
    usages = {row.custom_id: row.message["usage"] for row in rows if row.message}
    costs = {name: cost(usage) for name, usage in usages.items()}
    assert sum(costs.values()) == mockbatch.ledger.total_usd  # Decimal, no floats
    tracker = [{"custom_id": name, "cost_usd": str(amount)} for name, amount in costs.items()]
    difference = mockbatch.ledger.diff(tracker, key="custom_id")
    assert difference.empty, difference.explain()
