"""S13. No bad answer passes as a good one, and none is asked for again and again."""

import pytest

FAULTS = [
    "item.truncate",
    "item.refusal",
    "item.empty_content",
    "item.wrong_tool",
    "item.schema_violation",
]
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_bad_answer_is_passed_as_good(mockbatch, pipeline, fault):
    mockbatch.on("item", custom_id="odd").fault(fault)
    report = pipeline.run(["odd", "fine"], schema=SCHEMA if fault == "item.schema_violation" else None)
    assert (report.done, report.needs_review) == (["fine"], ["odd"])
    assert mockbatch.attempts("odd") <= 2  # no storm of identical retries


def test_a_thinking_block_before_the_text_is_no_harm(mockbatch, pipeline):
    mockbatch.on("item", custom_id="odd").fault("item.thinking_first")
    assert pipeline.run(["odd", "fine"]).done == ["fine", "odd"]
