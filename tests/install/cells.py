"""The environments that are tried: what a project has pinned."""

from typing import NamedTuple


class Cell(NamedTuple):
    """An environment. With `lowest` each dependency of mockbatch has the lowest version that is admitted."""

    name: str
    pins: tuple[str, ...]
    lowest: bool = False


_OLD_TESTS = ("pytest==7.4.4",)

CELLS = {
    cell.name: cell
    for cell in (
        Cell("empty", ()),
        Cell("anthropic-0.42", ("anthropic==0.42.0", "httpx==0.27.2", *_OLD_TESTS)),
        Cell("anthropic-0.75", ("anthropic==0.75.0", "pytest==8.3.5")),
        Cell("anthropic-1.17", ("anthropic==1.17.0",)),
        Cell("anthropic-2.14", ("anthropic==2.14.0",)),
        Cell("fastapi-0.110", ("fastapi==0.110.0", "uvicorn==0.27.1", "python-multipart==0.0.9", "pydantic==2.6.4")),
        Cell("fastapi-0.115", ("fastapi[standard]==0.115.0", "anthropic==0.75.0", "typer==0.12.5", "click==8.1.7")),
        Cell("starlette-0.37", ("starlette==0.37.2", "httpx==0.27.0", "jinja2==3.1.3")),
        Cell("pydantic-2.5", ("pydantic==2.5.3", "anthropic==0.42.0", "httpx==0.27.2", "rich==13.7.0")),
        Cell("httpx", ("httpx==0.28.1", "pypdf==5.1.0", "prometheus-client==0.20.0", "imagesize==1.4.1")),
        Cell("genai-prices-0.0.35", ("genai-prices==0.0.35", "anthropic==0.75.0")),
        Cell("pydantic-ai", ("pydantic-ai-slim[anthropic]==1.40.0",)),
        Cell("lowest", (), lowest=True),
    )
}
IN_CI = ("fastapi-0.115", "lowest")
"""What is tried with every change; the others when a bound moves."""

PARTS_OF_THE_SUITE = (
    "tests/unit/test_media.py",
    "tests/unit/test_nested_params.py",
    "tests/unit/test_template.py",
    "tests/api/test_life.py",
    "tests/e2e/test_wire.py",
    "tests/e2e/test_connections.py",
    "tests/e2e/test_faults_wire.py",
)
"""What the lowest versions have to pass."""
