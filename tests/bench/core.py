"""What the core does, without a server, in time of the processor: `python -m tests.bench.core` prints it as JSON."""

import json
import time
from collections.abc import Callable
from random import Random
from typing import Any

from mockbatch.config import Config
from mockbatch.core.money.ledger import Account, TokenCounts
from mockbatch.core.money.prices import Prices
from mockbatch.core.money.report_query import cost_query, usage_query
from mockbatch.core.money.reports import cost_report, usage_report
from mockbatch.core.money.spending import Dated
from mockbatch.core.replies.reply import natural_reply
from mockbatch.core.rules.items import ItemRules
from mockbatch.core.rules.rules import Rule, parse_rule
from mockbatch.core.time.clock import Clock
from mockbatch.core.time.spans import DAY, parse_instant
from mockbatch.service.sessions.session import SessionState
from mockbatch.store import SessionFacts

from .bodies import realistic
from .replies import REQUESTS, asked, line, per_second, plain

_ROWS, _SAMPLE, _RULES = 100_000, 2_000, 100
_BATCHES, _ROWS_OF_EACH = 1_000, 1_000
_SESSIONS = 300
_START = parse_instant("2026-11-01T00:00:00Z")
_MODELS = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-4-5", "claude-opus-4-8")


def replies(name: str) -> float:
    """Replies in a second, each as a line of the results; of the requests of that name."""
    request = asked(**REQUESTS.get(name, {}))
    return per_second(plain if name == "plain" else lambda made: line(natural_reply(made), made), request)


def planning() -> float:
    """Seconds in which a hundred rules decide about a hundred thousand rows, of which they strike a few."""
    rules = ItemRules([_rule(number) for number in range(_RULES)], seed=1, batch_id="msgbatch_01", created_at=_START)
    rows = list(realistic(_SAMPLE))
    return _seconds(lambda: [_decide(rules, row) for _ in range(_ROWS // _SAMPLE) for row in rows])


def _decide(rules: ItemRules, row: dict[str, Any]) -> None:
    params = row["params"]
    rules.decide(row["custom_id"], params, params["model"])


def _rule(number: int) -> Rule:
    """One of each sort in turn: a share, some names, a text in the prompt, an attempt."""
    kinds: tuple[dict[str, Any], ...] = (
        {"rate": 0.001},
        {"custom_id": f"re:^request-{number}\\d$"},
        {"prompt": f"number {number} of many"},
        {"custom_id": f"request-{number}*", "rate": 0.5},
    )
    return parse_rule({"name": f"r{number}", "on": "item", "outcome": "errored", **kinds[number % len(kinds)]}, "rule")


def reports() -> float:
    """Seconds of both reports over a month in which a million rows were billed."""
    used = list(_used(Random(7)))
    now, span = _START + 30 * DAY, {"starting_at": ["2026-11-01T00:00:00Z"], "limit": ["31"]}
    usage, cost = usage_query({**span, "group_by": ["model", "workspace_id"]}), cost_query({**span, "group_by": []})
    return _seconds(lambda: (usage_report(usage, used, now), cost_report(cost, used, now, Prices())))


def _used(random: Random) -> Any:
    for batch in range(_BATCHES):
        for model in _MODELS:
            rows = _ROWS_OF_EACH // len(_MODELS)
            counts = TokenCounts(input=rows * random.randint(100, 900), output=rows * random.randint(10, 200))
            account = Account(model, 0, "0-200k", "global", "batch")
            at = _START + random.randrange(29 * DAY)
            yield Dated(at, "2026-11-01", account, rows, counts, workspace=None, api_key=f"apikey_{batch % 10}")


def sessions() -> float:
    """Milliseconds until a session is open."""
    config = Config()
    clock = Clock(0, _START)
    opened = lambda number: SessionState(SessionFacts(f"{number:016x}", clock), lambda: 0, 1, config)  # noqa: E731
    return _seconds(lambda: [opened(number) for number in range(_SESSIONS)]) / _SESSIONS * 1000


def _seconds(work: Callable[[], Any]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main() -> None:
    print(
        json.dumps(
            {
                "replies-plain": replies("plain"),
                "replies-schema": replies("a schema"),
                "replies-tool": replies("a tool"),
                "rules": planning(),
                "reports": reports(),
                "session": sessions(),
            }
        )
    )


if __name__ == "__main__":
    main()
