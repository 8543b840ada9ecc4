"""S4. The program is killed between the create and the note of its id, and started again."""

import os
import subprocess
import sys

import pytest


@pytest.mark.mockbatch(wait="0s", delay="1h")
def test_restart_reattaches(mockbatch, project, tmp_path):
    env = {**os.environ, **mockbatch.env()}
    hang = mockbatch.on("create", times=1).fault("create.accept_then_drop", when="after_commit", how="hang")
    command = [sys.executable, "-m", "nightly", "--state", str(tmp_path / "state.json")]
    process = subprocess.Popen(command, env=env, cwd=project)
    mockbatch.wait_for("batch.created", timeout=30)  # it exists, and the program does not know its id
    process.kill()
    process.wait()
    hang.remove()
    mockbatch.clock.advance("2h")
    assert subprocess.run(command, env=env, cwd=project, check=False).returncode == 0
    assert len(mockbatch.batches) == 1
    assert mockbatch.batches.orphans() == []
