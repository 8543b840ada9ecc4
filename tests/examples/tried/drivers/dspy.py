import json
import os
import tempfile

os.environ["ANTHROPIC_API_BASE"] = os.environ["ANTHROPIC_BASE_URL"]
os.environ["DSPY_CACHEDIR"] = tempfile.mkdtemp()
import dspy

dspy.configure(lm=dspy.LM("anthropic/claude-haiku-4-5", cache=False), adapter=dspy.JSONAdapter())
label = dspy.Predict("row: int -> label: str")
print(json.dumps({"came": sum(bool(label(row=n).label) for n in range(40))}))
