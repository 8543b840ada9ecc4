"""The command `mockbatch`, which is also `python -m mockbatch`."""

import gc


def main() -> None:
    """Run the command."""
    gc.disable()  # nothing of what is imported is garbage, and to look for some takes long
    from mockbatch.cli import main as command

    gc.enable()
    command()


if __name__ == "__main__":
    main()
