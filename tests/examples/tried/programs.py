"""Which programs are tried, and under what. A driver prints how many of 40 rows its program gave back."""

from typing import NamedTuple

ROWS = 40


class Run(NamedTuple):
    """A run under certain options of `mockbatch run`, and what they mean."""

    title: str
    options: tuple[str, ...] = ()


class Program(NamedTuple):
    """A published program: what is installed, what points it here, its runs, and the options of all of them."""

    packages: tuple[str, ...]
    needed: str
    runs: tuple[Run, ...]
    options: tuple[str, ...] = ("--progression", "polls:2")
    is_node: bool = False


WELL = Run("all goes well")
CUT = Run("results end after 20 rows", ("--fault", "results.cut,after_items=20"))
FAILED = Run("8 rows are errored", ("--fault", "item.errored,exactly=8"))
POLLS = Run("3 polls get a 529", ("--fault", "http.error,on=retrieve,status=529,times=3"))
BUSY = Run("the first call gets a 529", ("--fault", "http.error,on=messages,status=529,times=1"))
VARIABLES = "environment only"
SLEEPS = ("--virtual-time", "--wait", "10m")

PROGRAMS = {
    "ai-sdk": Program(("ai@7.0.173", "@ai-sdk/anthropic@4.0.105"), VARIABLES, (WELL, CUT, FAILED, POLLS), is_node=True),
    "litellm": Program(("litellm==1.110.2",), VARIABLES, (WELL, BUSY), ()),
    "langchain-anthropic": Program(("langchain-anthropic==1.7.10",), VARIABLES, (WELL, BUSY), ()),
    # later versions of the SDK ask for an API version that refuses the temperature it sends
    "accrue": Program(
        ("accrue[anthropic]==1.5.2", "anthropic==0.125.0"), VARIABLES, (WELL, CUT, FAILED, POLLS), SLEEPS
    ),
    "keyword-labeler": Program(("keyword-labeler==1.0.3",), VARIABLES, (WELL, CUT, FAILED, POLLS), SLEEPS),
    "lmsyz": Program(("lmsyz-genai-ie-rfs==0.1.4",), VARIABLES, (WELL, CUT, FAILED, POLLS), SLEEPS),
    "llmfleet": Program(("llmfleet==0.1.0", "anthropic==2.14.0"), VARIABLES, (WELL,)),
}
