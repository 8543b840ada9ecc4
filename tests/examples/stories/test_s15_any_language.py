"""S15. Any language, one line; what was recorded once is replayed."""

import subprocess
import sys


def run(*arguments, **options):
    command = [sys.executable, "-m", "mockbatch", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_any_program_runs_against_a_server_of_its_own(project, tmp_path):
    program = [sys.executable, "-m", "nightly", "--state", str(tmp_path / "state.json")]
    done = run("run", "--progression", "polls:2", "--strict", "--", *program, cwd=project)
    assert (done.returncode, done.stdout) == (0, "3 done\n"), done.stderr


def test_replay(mockbatch, pipeline, project):
    mockbatch.replay(str(project / "fixtures" / "nightly.jsonl"))
    assert pipeline.run(["light", "sound", "water"]).summary == "3 done"
    assert mockbatch.unmatched == []
