"""Containers, which the API checks last.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool
"""

from typing import Any

from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.refusals.refusal import Found, Refusal, request


def _runs_code(tool: dict[str, Any]) -> bool:
    return str(tool.get("type")).startswith("code_execution_")


def _container(asked: ParsedRequest) -> Found:
    return asked.params["container"] is not None and not any(map(_runs_code, asked.tools))


REFUSALS = (
    Refusal(
        name="a container without code execution",
        says="container: Container identifier can only be provided when using the code execution tool",
        on="container",
        finds=_container,
        refused=request(container="container_1"),
        taken=request(container="container_1", tools=[{"type": "code_execution_20250825", "name": "code_execution"}]),
        source="agents-and-tools/tool-use/code-execution-tool",
        seen="2026-10-10",
    ),
)
