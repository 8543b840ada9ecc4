"""`python -m nightly --state FILE`: goes on where the last run stopped, however it stopped."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import anthropic

from nightly.pipeline import Pipeline

QUESTIONS = ["light", "sound", "water"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=Path, required=True)
    path = parser.parse_args().state
    with anthropic.Anthropic() as client:
        pipeline = Pipeline(client)
        batch_id = _batch(pipeline, path)
        pipeline.wait(batch_id, poll_every=0.05)
        print(pipeline.collect(batch_id).summary)


def _batch(pipeline: Pipeline, path: Path) -> str:
    """The batch of the last run, or a new one. That one is about to be created is written down before."""
    state = json.loads(path.read_text()) if path.exists() else {}
    since = datetime.fromisoformat(state.get("since") or datetime.now(UTC).isoformat())
    batch_id = state.get("batch") or (pipeline.find(len(QUESTIONS), since) if state else None)
    if batch_id is None:
        path.write_text(json.dumps({"since": since.isoformat()}))
        batch_id = pipeline.submit(QUESTIONS)
    path.write_text(json.dumps({"since": since.isoformat(), "batch": batch_id}))
    return str(batch_id)


main()
