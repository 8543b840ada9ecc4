import json

from langchain_anthropic import ChatAnthropic
from pydantic import BaseModel


class Label(BaseModel):
    label: str


model = ChatAnthropic(model="claude-haiku-4-5").with_structured_output(Label)
answers = model.batch([f"Label row {n}." for n in range(40)])
print(json.dumps({"came": sum(isinstance(answer, Label) for answer in answers)}))
