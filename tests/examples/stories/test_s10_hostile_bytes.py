"""S10. Bytes that are allowed, or happen, between and within the lines."""

import pytest

TRICKS = [
    "u2028",
    "u2029",
    "nel",
    "crlf",
    "crlf_split",
    "blank_line",
    "bom",
    "no_final_newline",
    "emoji_split",
    "line_5mb",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_reader_survives(mockbatch, pipeline, trick):
    mockbatch.on("results").fault("results.bytes", trick=trick)
    assert pipeline.run(["a", "b"]).done == ["a", "b"]
