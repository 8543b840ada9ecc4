"""The sample project is a project of its own: `tests/testing/test_examples.py` runs its suite as its owner would."""

collect_ignore = ["nightly", "typescript", "ci"]
