"""Published programs against mockbatch; `python -m tests.examples.tried` prints the table of docs/tried-with.md."""
