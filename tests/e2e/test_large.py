"""The largest batch that the API allows, once."""

import json
from collections import Counter
from pathlib import Path

from tests.builders import BATCHES, params
from tests.processes import running

SIZE = 100_000


def test_a_hundred_thousand_requests_go_through(tmp_path: Path) -> None:
    """Each comes back once; while they do, memory does not grow with them; one more is refused."""
    body = {"requests": [{"custom_id": f"row-{n}", "params": params(f"text {n} " * 30)} for n in range(SIZE)]}
    content = json.dumps(body)
    with running(tmp_path, "--progression", "immediate", "--fail-rate", "0.05") as server:
        batch = server.http.post(BATCHES, content=content, timeout=60).json()
        ended = server.http.get(f"{BATCHES}/{batch['id']}", timeout=60).json()
        assert ended["processing_status"] == "ended"
        before = memory(server.process.pid)
        seen: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        with server.http.stream("GET", f"{BATCHES}/{batch['id']}/results", timeout=60) as answer:
            for line in answer.iter_lines():
                row = json.loads(line)
                seen[row["custom_id"]] += 1
                kinds[row["result"]["type"]] += 1
        grown = memory(server.process.pid) - before
        assert len(seen) == SIZE
        assert set(seen.values()) == {1}
        assert kinds == {kind: count for kind, count in ended["request_counts"].items() if count}
        assert grown < 32 << 20
        body["requests"].append({"custom_id": "one-more", "params": {}})
        refused = server.http.post(BATCHES, content=json.dumps(body), timeout=60)
        assert refused.json()["error"]["message"] == (
            "requests: List should have at most 100000 items after validation, not 100001"
        )


def memory(pid: int) -> int:
    """Resident bytes of a process; 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024
