"""S16. What would this suite have cost?"""

import json
import re
import subprocess
import sys


def test_a_run_ends_with_the_sum(project, tmp_path):
    told = tmp_path / "summary.json"
    suite = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "cancel or limit or answered"]
    command = [sys.executable, "-m", "mockbatch", "run", "--summary-json", str(told), "--", *suite]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    line = done.stderr.splitlines()[-1]
    assert re.search(r"^mockbatch: 12 batches, 4\d\d requests \(.*\), would have cost \$\d+\.\d\d", line), line
    summary = json.loads(told.read_text())
    assert summary["problems"] == []
    assert summary["polls"] > 12
