"""How fast mockbatch is, beside the fastest server that could be written: `python -m tests.bench`."""
