"""The page of programs that were tried: its command is one, and its table has a row for each of their runs."""

from tests.docs.pages import ROOT, blocks
from tests.examples.tried.programs import PROGRAMS, Program

PAGE = ROOT / "docs" / "tried-with.md"


def rows_of(program: Program) -> list[list[str]]:
    """The cells of a program, without what came of its runs."""
    first = [", ".join(f"`{package}`" for package in program.packages), program.needed]
    return [[*(first if run == program.runs[0] else ["", ""]), run.title] for run in program.runs]


def test_every_run_of_every_program_has_a_row() -> None:
    """In the order in which they are tried, and something came of it."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert [row[:3] for row in cells] == [row for program in PROGRAMS.values() for row in rows_of(program)]
    assert all(row[3] for row in cells)


def test_the_command_is_there_and_each_program_has_a_driver() -> None:
    (command,) = blocks(PAGE)
    folder = ROOT.joinpath(*command.code.strip().removeprefix("python -m ").split("."))
    assert (folder / "__main__.py").exists()
    drivers = {path.stem: path.suffix == ".mjs" for path in (folder / "drivers").iterdir()}
    assert drivers == {name: program.is_node for name, program in PROGRAMS.items()}
