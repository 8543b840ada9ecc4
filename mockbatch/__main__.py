"""The command `mockbatch`, which is also `python -m mockbatch`."""

import gc
import sys


def main() -> None:
    """Run the command."""
    gc.disable()  # nothing of what is imported is garbage, and to look for some takes long
    try:
        from mockbatch.cli import main as command

        gc.enable()
        command()
    except MemoryError:
        sys.exit("mockbatch: there is not enough memory")


if __name__ == "__main__":
    main()
