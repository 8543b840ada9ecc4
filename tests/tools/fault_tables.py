"""The tables of the README about faults, printed from the registry: python -m tests.tools.fault_tables"""

from mockbatch.core.rules.faults import FAULTS
from mockbatch.core.rules.presets import PRESETS

MODES: dict[int, str] = {
    1: "Create is committed, its answer lost, the client sends it again",
    2: "Results end early but cleanly",
    3: "Rows expire after 24 hours",
    4: "The client dies between create and saving the id",
    5: "The poll loop leaves on the wrong state, or never",
    6: "1 h cache writes priced as 5 m",
    7: "The cost report is in cents",
    8: "`results_url` cannot be reached",
    9: "`ended` taken for `succeeded`",
    10: "The batch discount is missing",
    11: "Spend of batches is not recorded",
    12: "One failed poll ends the wait",
    13: "404 right after create, or on results",
    14: "Results are not in the order of the requests",
    15: "The error of a row is nested",
    16: "Transient and permanent errors are not told apart",
    17: "Replies cut off by `max_tokens`",
    18: "Cancel races with the end, or gets lost",
    19: "Odd line ends and code points",
    20: "The batch cache is not that of messages",
    21: "Empty content, refusals, thinking first",
    22: "One huge line",
    23: "100,000 results at once",
    24: "Too large or too many requests in a batch",
    25: "429 on create",
    26: "5xx in odd shapes",
    27: "Wrong keys inside `params`",
    28: "The same custom_id twice",
    29: "`input_tokens` without cached ones",
    30: "Usage counted twice",
    31: "A price table that is wrong",
    32: "Ended, but the download keeps failing",
    33: "Results stall or drip",
    34: "Giving up before 24 hours",
    35: "A batch that is left running",
    36: "Going on with another key",
    37: "Results are gone after 29 days",
    38: "Which checks come at create, and which later",
    39: "custom_ids that are refused",
    40: "Rows that failed are not billed",
    41: "Counts that stand still, or do not add up",
    42: "Polling too hard",
    43: "Only the first page of a list",
    44: "The code never ran",
    45: "Errors of a stream are not those of the SDK",
    46: "404 after delete",
    47: "Results asked for too early",
    48: "Values and fields of tomorrow",
    49: "Fees of server tools",
    50: "A model that is retired, in one row",
    51: "Spend limits and keys that end half-way",
    52: "Webhooks are expected",
    53: "An empty batch",
    54: "Results read twice",
    55: "Dates and clocks",
}
OTHERWISE: dict[int, str] = {
    6: "no fault: usage and ledger always tell both classes",
    7: "no fault: the reports are served as the API has them",
    10: "no fault: the ledger tells the discount",
    11: "no fault: the reports are served",
    14: "no fault: the order is shuffled by default (`--results-order`)",
    20: "no fault: an option of the cache",
    23: "no fault: send a large batch",
    27: "no fault: requests are checked as the API does (`--validation`)",
    29: "no fault: usage adds up as the API's does",
    31: "no fault: prices are listed with their dates",
    35: "no fault: the batch is in the list",
    36: "no fault: a key is a workspace",
    39: "no fault: the API's own 400",
    42: "no fault: `--requests-per-minute`",
    44: "no fault: unknown routes are a 404 with the known ones",
    46: "no fault: deletes obey the API's rules",
    49: "no fault: replies with server tools",
    53: "no fault: the API's own 400",
    54: "no fault: it is the SDK's own",
    55: "no fault: `--clock-start`",
}


def faults_table() -> str:
    """Every fault, what it does and how the official SDK reacts."""
    rows = [f"| `{fault.name}` | {fault.effect} | {fault.sdk} |" for fault in FAULTS.values()]
    return "\n".join(["| fault | what happens | what the official SDK does |", "| --- | --- | --- |", *rows])


def modes_table() -> str:
    """Every failure mode, the faults that make it and the test that shows it."""
    rows = ["| | what goes wrong | fault | shown by |", "| --- | --- | --- | --- |"]
    for number, mode in MODES.items():
        faults = [fault for fault in FAULTS.values() if number in fault.modes]
        names = ", ".join(f"`{fault.name}`" for fault in faults) or OTHERWISE[number]
        tests = dict.fromkeys(fault.test.partition("::")[2] for fault in faults if fault.test)
        rows.append(f"| {number} | {mode} | {names} | {', '.join(f'`{test}`' for test in tests)} |")
    return "\n".join(rows)


def presets_table() -> str:
    """Every preset and its sentence."""
    rows = [f"| `{name}` | {preset.summary} |" for name, preset in PRESETS.items()]
    return "\n".join(["| preset | |", "| --- | --- |", *rows])


if __name__ == "__main__":
    print(faults_table(), modes_table(), presets_table(), sep="\n\n")
