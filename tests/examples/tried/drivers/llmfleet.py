import asyncio
import json

from anthropic import Anthropic
from llmfleet import FleetDispatcher, RoutingPolicy


async def main():
    policy = RoutingPolicy(batch_window_ms=1_000, batch_min_size=40)
    async with FleetDispatcher(Anthropic(), policy=policy) as fleet:
        calls = (
            fleet.submit_batch(
                model="claude-haiku-4-5", max_tokens=64, messages=[{"role": "user", "content": f"Label row {n}."}]
            )
            for n in range(40)
        )
        answers = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 7200)
    errors = sum(isinstance(answer, BaseException) for answer in answers)
    print(json.dumps({"came": sum(hasattr(answer, "content") for answer in answers), "errors": errors}))


asyncio.run(main())
