import json
import tempfile

import pandas
from lmsyz_genai_ie_rfs import AnthropicBatchExtractor

row = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}
rows = {"type": "array", "items": row, "minItems": 1, "maxItems": 1}
extractor = AnthropicBatchExtractor(batch_root_dir=tempfile.mkdtemp())
extractor.create_batch_requests(
    dataframe=pandas.DataFrame({"id": range(40), "text": [f"row {n}" for n in range(40)]}),
    id_col="id",
    text_col="text",
    prompt="Label each row.",
    job_id="labels",
    model_name="claude-haiku-4-5",
    chunk_size=1,
    schema_dict={"type": "object", "properties": {"all_results": rows}, "required": ["all_results"]},
)
extractor.submit_batch("labels")
extractor.check_batch_status("labels", continuous=True)
found = extractor.retrieve_results_as_dataframe("labels")
print(json.dumps({"came": 0 if found is None else len(found)}))
