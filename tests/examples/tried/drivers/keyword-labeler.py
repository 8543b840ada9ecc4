import json
import tempfile
from pathlib import Path

import anthropic
from keyword_labeler.core.batch_manager import BatchManager


def requests(indices):
    return [
        {
            "custom_id": f"row-{index}",
            "params": {
                "model": "claude-haiku-4-5",
                "max_tokens": 64,
                "messages": [{"role": "user", "content": f"Label row {index}."}],
            },
        }
        for index in indices
    ]


manager = BatchManager.create(Path(tempfile.mkdtemp()) / "state.json", "tried", [{} for _ in range(40)])
manager.run(anthropic.Anthropic(), requests, lambda text: {"text": text})
results = manager.get_results()
print(json.dumps({"came": results.completed_count, "errors": results.retry_exhausted_count}))
