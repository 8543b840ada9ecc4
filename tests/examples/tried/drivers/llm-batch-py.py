import json
import tempfile

import polars as pl
from llm_batch_py import (
    AnthropicConfig,
    BatchConfig,
    LockConfig,
    PromptCacheConfig,
    ResultCacheStoreConfig,
    Runner,
    StructuredOutputJob,
    structured_template,
)
from pydantic import BaseModel


class Label(BaseModel):
    label: str


job = StructuredOutputJob(
    name="tried",
    key_cols=["id"],
    input_df=pl.DataFrame({"id": list(range(40)), "row": [f"row {n}" for n in range(40)]}),
    prompt_builder=structured_template(system="Return JSON.", messages="Label {{ row.row }}", name="b", version="v1"),
    output_model=Label,
    provider=AnthropicConfig(model="claude-haiku-4-5"),
    result_cache=ResultCacheStoreConfig(root_uri=tempfile.mkdtemp()),
    prompt_cache=PromptCacheConfig(mode="auto"),
    lock=LockConfig(ttl_seconds=3600),
    batch=BatchConfig(batch_size=40),
)
# a scheduler would run it again and again
for _ in range(12):
    statuses = Runner().run(job)["llm_batch_py_status"].to_list()
    came = sum(status in ("completed", "cached") for status in statuses)
    if came == 40:
        break
print(json.dumps({"came": came, "errors": statuses.count("failed")}))
