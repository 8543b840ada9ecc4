import json
import tempfile

import pandas as pd
from lmsyz_genai_ie_rfs.anthropic_batch import AnthropicBatchExtractor

extractor = AnthropicBatchExtractor(tempfile.mkdtemp())
frame = pd.DataFrame({"id": range(40), "text": [f"Row {n}." for n in range(40)]})
row = {"type": "object", "properties": {"input_id": {"type": "string"}, "label": {"type": "string"}}}
row["required"] = ["input_id", "label"]
schema = {
    "type": "object",
    "properties": {"all_results": {"type": "array", "items": row, "minItems": 1, "maxItems": 1}},
}
schema["required"] = ["all_results"]
extractor.create_batch_requests(
    frame,
    "id",
    "text",
    "Label each row.",
    "tried",
    "claude-haiku-4-5",
    chunk_size=1,
    schema_dict=schema,
    max_tokens=512,
)
extractor.submit_batch("tried")
extractor.check_batch_status("tried", continuous=True)
found = extractor.retrieve_results_as_dataframe("tried")
print(json.dumps({"came": 0 if found is None else len(found)}))
