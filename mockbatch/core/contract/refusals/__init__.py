"""The table of everything the API refuses. The checks, their tests, the docs page and `mockbatch batch check` use it.

To add a refusal, add one entry to the module for its subject.
"""

from mockbatch.core.contract.refusals.parsed_request import ParsedRequest
from mockbatch.core.contract.refusals.refusal import Example, Refusal
from mockbatch.core.contract.refusals.table import TABLE, check_batch, check_request

__all__ = ["TABLE", "Example", "ParsedRequest", "Refusal", "check_batch", "check_request"]
