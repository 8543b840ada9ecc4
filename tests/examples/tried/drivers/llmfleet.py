import asyncio
import json

from anthropic import AsyncAnthropic
from llmfleet import FleetDispatcher, RoutingPolicy


async def main():
    policy = RoutingPolicy(batch_min_size=40, poll_interval_s=0.1)
    async with FleetDispatcher(AsyncAnthropic(), policy=policy) as fleet:
        calls = [
            fleet.submit(
                latency_budget_ms=600_000,
                model="claude-haiku-4-5",
                max_tokens=64,
                messages=[{"role": "user", "content": f"Label row {n}."}],
            )
            for n in range(40)
        ]
        return await asyncio.gather(*calls)


print(json.dumps({"came": len(asyncio.run(main()))}))
