"""The output format that a request specifies for its reply."""

from typing import Any


def format_of(params: dict[str, Any]) -> dict[str, Any] | None:
    """Return `output_config.format`, or `output_format`, its name under the beta header of 2025."""
    config = params.get("output_config")
    form = config.get("format") if isinstance(config, dict) else None
    form = params.get("output_format") if form is None else form
    return form if isinstance(form, dict) else None
