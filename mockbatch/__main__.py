"""The command `mockbatch`, also run by `python -m mockbatch`."""

import gc
import sys


def main() -> None:
    """Run the command."""
    gc.disable()  # imports create no garbage, and collecting is slow
    try:
        from mockbatch.cli import main as command

        gc.enable()
        command()
    except MemoryError:
        sys.exit("mockbatch: out of memory")


if __name__ == "__main__":
    main()
