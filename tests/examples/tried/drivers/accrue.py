import json

from accrue import EnrichmentConfig, LLMStep, Pipeline
from accrue.steps.providers.anthropic import AnthropicClient

step = LLMStep("label", fields={"label": "A label"}, model="claude-haiku-4-5", client=AnthropicClient(), batch=True)
result = Pipeline([step]).run([{"row": f"row {n}"} for n in range(40)], config=EnrichmentConfig(enable_caching=False))
came = sum(bool(row.get("label")) for row in result.data)
print(json.dumps({"came": came, "errors": len(result.errors)}))
