"""S15. Any language, one line; what was recorded once is replayed."""

import os
import subprocess
import sys

from mockbatch.testing import Server


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


def test_what_was_recorded_once_is_replayed(mockbatch, pipeline, project, tmp_path):
    fixture = str(tmp_path / "nightly")
    program = [sys.executable, "-m", "nightly", "--state", str(tmp_path / "state.json")]
    with Server(progression="immediate", seed=1) as upstream, upstream.session("upstream") as session:
        recording = ["record", "--out", fixture, "--upstream", upstream.url, "--", *program]
        done = run(*recording, cwd=project, env={**os.environ, **session.env()})
        assert done.returncode == 0, done.stderr
        (batch,) = session.batches
        with session.client() as client:
            recorded = {row.custom_id: row.to_dict() for row in client.messages.batches.results(batch.id)}
    mockbatch.replay(fixture)
    report = pipeline.run(["light", "sound", "water"])
    assert report.answers == {name: row["result"]["message"]["content"][0]["text"] for name, row in recorded.items()}
    assert mockbatch.unmatched == []
