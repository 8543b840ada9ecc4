import json
import os

from batch_router.core.base import BatchStatus, InferenceParams, ProviderId, TextContent
from batch_router.core.input import InputBatch, InputMessage, InputMessageRole, InputRequest
from batch_router.providers import AnthropicProvider

requests = [
    InputRequest(
        custom_id=f"row-{n}",
        messages=[InputMessage(role=InputMessageRole.USER, contents=[TextContent(text=f"Label row {n}.")])],
    )
    for n in range(40)
]
params = InferenceParams(model_id="claude-haiku-4-5", provider_id=ProviderId.ANTHROPIC, max_output_tokens=64)
provider = AnthropicProvider(api_key=os.environ["ANTHROPIC_API_KEY"])
batch = provider.send_batch(InputBatch(requests=requests).with_params(params))
while provider.poll_status(batch) not in (BatchStatus.COMPLETED, BatchStatus.FAILED):
    pass
print(json.dumps({"came": sum(bool(request.messages) for request in provider.get_results(batch).requests)}))
