"""Recognize the columns of a cost tracker by the names that common tools use.

Sources: https://opentelemetry.io/docs/specs/semconv/gen-ai/, https://docs.litellm.ai/docs/proxy/cost_tracking,
https://arize-ai.github.io/openinference/spec/semantic_conventions.html
"""

import re

from msgspec import Struct

from mockbatch.core.money.ledger import COLUMNS

_INPUT, _OUTPUT, _READ = ("input",), ("output",), ("cache_read",)
_WRITE = ("cache_write_5m", "cache_write_1h")
_PROMPT = (*_INPUT, *_WRITE, *_READ)


class Reading(Struct, frozen=True):
    """A way to count: the token classes included, and a note if this differs from the API."""

    classes: tuple[str, ...]
    words: str = ""


_WITH_CACHE = Reading(_PROMPT, "counts cached tokens too")
_ALL = Reading((*_PROMPT, *_OUTPUT), "counts cached tokens too")
_WITHOUT_CACHE = Reading((*_INPUT, *_OUTPUT), "counts no cached tokens")

_PLAIN = {
    "input_tokens": (Reading(_INPUT),),
    "uncached_input_tokens": (Reading(_INPUT),),
    "input_token_count": (Reading(_INPUT), _WITH_CACHE),
    "tokens_in": (Reading(_INPUT), _WITH_CACHE),
    "prompt_tokens": (_WITH_CACHE, Reading(_INPUT, "counts no cached tokens")),
    "output_tokens": (Reading(_OUTPUT),),
    "completion_tokens": (Reading(_OUTPUT),),
    "total_tokens": (_ALL, _WITHOUT_CACHE),
    "cache_read_input_tokens": (Reading(_READ),),
    "cached_tokens": (Reading(_READ),),
    "cache_creation_input_tokens": (Reading(_WRITE),),
    "ephemeral_5m_input_tokens": (Reading(("cache_write_5m",)),),
    "ephemeral_1h_input_tokens": (Reading(("cache_write_1h",)),),
    "web_search_requests": (Reading(("web_search",)),),
}
_ALIASES = {
    "prompt_token_count": "prompt_tokens",
    "llm_token_count_prompt": "prompt_tokens",
    "gen_ai_usage_input_tokens": "prompt_tokens",
    "gen_ai_usage_prompt_tokens": "prompt_tokens",
    "ai_usage_input_tokens": "prompt_tokens",
    "output_token_count": "output_tokens",
    "tokens_out": "output_tokens",
    "completion_token_count": "completion_tokens",
    "llm_token_count_completion": "completion_tokens",
    "llm_token_count_total": "total_tokens",
    "total_token_count": "total_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "cached_input_tokens": "cache_read_input_tokens",
    "prompt_tokens_details_cached_tokens": "cached_tokens",
    "prompt_details_cache_read": "cache_read_input_tokens",
    "cache_read": "cache_read_input_tokens",
    "llm_token_count_prompt_details_cache_read": "cache_read_input_tokens",
    "gen_ai_usage_cache_read_tokens": "cache_read_input_tokens",
    "cache_write_tokens": "cache_creation_input_tokens",
    "cache_write_input_tokens": "cache_creation_input_tokens",
    "cache_creation_tokens": "cache_creation_input_tokens",
    "prompt_tokens_details_cache_creation_tokens": "cache_creation_input_tokens",
    "llm_token_count_prompt_details_cache_write": "cache_creation_input_tokens",
    "cache_creation_ephemeral_5m_input_tokens": "ephemeral_5m_input_tokens",
    "cache_creation_ephemeral_1h_input_tokens": "ephemeral_1h_input_tokens",
    "cache_write_5m_tokens": "ephemeral_5m_input_tokens",
    "cache_write_1h_tokens": "ephemeral_1h_input_tokens",
    "server_tool_use_web_search_requests": "web_search_requests",
}
READINGS = {**_PLAIN, **{name: _PLAIN[right] for name, right in _ALIASES.items()}}
"""Token columns by name in snake case, with their possible readings; the most common one first."""

COSTS = (
    *(
        "cost",
        "cost_usd",
        "usd_cost",
        "usd",
        "amount",
        "amount_usd",
        "total_cost",
        "total_cost_usd",
        "spend",
        "spend_usd",
    ),
    *(
        "net",
        "response_cost",
        "price",
        "price_usd",
        "total_price",
        "cost_total",
        "llm_cost_total",
        "calculated_total_cost",
    ),
    *("estimated_cost", "estimated_cost_usd", "batch_cost", "batch_cost_usd", "gen_ai_usage_cost", "gen_ai_cost"),
)
CENTS = ("cost_cents", "amount_cents", "cents", "spend_cents", "total_cost_cents")
CLASSES = {"class": "class", "token_class": "class"}
IDS = {
    "custom_id": "custom_id",
    "message_id": "message_id",
    "msg_id": "message_id",
    "gen_ai_response_id": "message_id",
    "response_id": "message_id",
    "batch_id": "batch_id",
}
BY_VALUE = ("request_id", "id", "call_id", "key")
"""Columns that hold a message id or a custom_id, depending on their values."""

_WRAPPERS = re.compile(r"^(?:span_|trace_)?(?:attributes_|metadata_|response_|llm_)*(?=gen_ai_|llm_|usage_)")
_USAGE = re.compile(r"^(?:usage_|llm_usage_|ai_usage_|gen_ai_usage_)")
_UNIT = re.compile(r"[\s_]*[(\[]\s*(?:usd|us\$|\$|dollars?)\s*[)\]]\s*$", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CURRENCY = re.compile(r"(?:cost|amount|spend|price|total)_(eur|gbp|jpy|chf|cny|inr|aud|cad|sek|nok|dkk|pln|brl|krw)$")
_TELLING = re.compile(r"cost|price|spend|amount|usd|cents|token|net$")
_PART = re.compile(
    r"^(?:input|output|prompt|completion|cache\w*)_(?:cost|price)|_per_|^max_|budget|_details$|breakdown"
)
_MISSPELT = 0.85
_BESIDE = frozenset({"currency", "api_key", *COLUMNS})


def snake(name: str) -> str:
    """Return a column name in snake case, without the wrappers that tools add."""
    plain = re.sub(r"[\s.\-/:()\[\]]+", "_", _HUMP.sub("_", _UNIT.sub("", name.strip()))).strip("_").casefold()
    plain = _WRAPPERS.sub("", plain)
    bare = _USAGE.sub("", plain)
    return plain if plain in READINGS or plain in COSTS or bare == plain else bare


def currency_in(name: str) -> str:
    """Return the currency in a column name in snake case, if it is not the dollar."""
    found = _CURRENCY.search(name)
    return found[1].upper() if found else ""


def unknown(columns: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return the unknown columns that may hold amounts, with suggestions, and the other unknown columns.

    `columns` maps names to their snake case.
    """
    known = (*COSTS, *CENTS, *IDS, *CLASSES, *READINGS, *_BESIDE)
    strange = {
        name: plain for name, plain in columns.items() if plain not in (*known, *BY_VALUE) and not currency_in(plain)
    }
    telling = {name: plain for name, plain in strange.items() if _TELLING.search(plain) and not _PART.search(plain)}
    return [_hinted(name, plain) for name, plain in telling.items()], [name for name in strange if name not in telling]


def _hinted(name: str, plain: str) -> str:
    """Return a name with the known name it misspells, if any; merely similar names are ignored."""
    # imported lazily: needed only after a mistake
    from difflib import get_close_matches

    near = get_close_matches(plain, (*COSTS, *CENTS, *_PLAIN), 1, _MISSPELT)
    return f"{name}. Did you mean {near[0]}?" if near else name
