import json
import os

os.environ["ANTHROPIC_API_BASE"] = os.environ["ANTHROPIC_BASE_URL"]
import litellm
from pydantic import BaseModel


class Label(BaseModel):
    label: str


came = 0
for n in range(40):
    answer = litellm.completion(
        model="anthropic/claude-haiku-4-5",
        messages=[{"role": "user", "content": f"Label row {n}."}],
        response_format=Label,
    )
    came += bool(Label.model_validate_json(answer.choices[0].message.content))
print(json.dumps({"came": came}))
