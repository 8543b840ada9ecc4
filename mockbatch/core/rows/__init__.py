"""From a request to its line in the results, in two steps.

A `RowChecker` decides how a row ends, which nearly always needs no reply: counts come from that alone. A `RowBuilder`
makes the rest, the reply and what it used, when somebody asks for it. `Lines` writes rows as results.
"""
