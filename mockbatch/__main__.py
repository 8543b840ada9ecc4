"""`python -m mockbatch` is the command `mockbatch`."""

from mockbatch.cli import main

main()
