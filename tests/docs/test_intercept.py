"""The page about interception: its table of variables is that of the code."""

import re
from pathlib import Path

from mockbatch.intercept.roots import write_bundles
from mockbatch.intercept.settings import Bypass, variables
from tests.docs.pages import DOCS


def test_all_variables_are_in_the_table(tmp_path: Path) -> None:
    lines = (DOCS / "intercept.md").read_text().splitlines(keepends=True)
    shown = set(re.findall(r"`(\w+)`", "".join(line for line in lines if line.startswith("| `")))) - {"1"}
    given = {*variables("", Bypass(()), offline=True), *write_bundles(tmp_path, {}, b"")}
    assert given - shown == {"http_proxy", "all_proxy"}
    assert shown - given == set()
