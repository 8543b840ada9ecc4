"""The calls of a session, as the server received them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from mockbatch.client.control import Control


class CallView:
    """A call of the API: time (`at`, virtual seconds since 1970; `real_at`), operation (`op`) and response status."""

    def __init__(self, view: dict[str, Any]) -> None:
        self.view = view
        self.at = datetime.fromisoformat(view["at"]).timestamp()
        self.real_at = datetime.fromisoformat(view["real_at"]).timestamp()
        self.op: str = view["op"]
        self.method: str = view["method"]
        self.path: str = view["path"]
        self.status: int = view["status"]
        self.retry_count: int = view["retry_count"]
        self.batch: str | None = view["batch"]
        self.fault: str | None = view["fault"]

    def __repr__(self) -> str:
        retry = f" retry {self.retry_count}" if self.retry_count else ""
        fault = f" by {self.fault}" if self.fault else ""
        return f"<{self.view['at'][:19]} {self.op} {self.method} {self.path} -> {self.status}{retry}{fault}>"


class Requests:
    """The last calls of a session, oldest first. An `op` is `create`, `retrieve`, `list`, `cancel`, `delete`,
    `results` or `messages`; further criteria are `method`, `path`, `status`, `batch`, `fault` and `body`.
    """

    def __init__(self, control: Control) -> None:
        self._control = control

    def __repr__(self) -> str:
        return f"<requests {list(self)}>"

    def __iter__(self) -> Iterator[CallView]:
        return iter(self.find())

    def __len__(self) -> int:
        return self.count()

    def last(self, count: int) -> list[CallView]:
        """Return the last `count` calls."""
        return [CallView(view) for view in self._control.get("requests", limit=count)["requests"]]

    def find(self, op: str | None = None, **criteria: Any) -> list[CallView]:
        """Return the calls that meet all criteria."""
        return [CallView(view) for view in self._control.post("requests", "find", **_given(op, criteria))["requests"]]

    def count(self, op: str | None = None, **criteria: Any) -> int:
        """Return the number of calls that meet all criteria."""
        return int(self._control.post("requests", "count", **_given(op, criteria))["count"])

    def verify(self, op: str | None = None, **expected: Any) -> None:
        """Raise AssertionError, with the closest calls, unless the calls that meet the criteria are as expected by
        `count`, `at_least`, `at_most` or `min_gap`.
        """
        from mockbatch.client.control import ControlError

        try:
            self._control.post("verify", expectations=[_given(op, expected)])
        except ControlError as error:
            if error.status != 422:
                raise
            raise AssertionError(str(error)) from None


def _given(op: str | None, criteria: dict[str, Any]) -> dict[str, Any]:
    return criteria if op is None else {"op": op, **criteria}
