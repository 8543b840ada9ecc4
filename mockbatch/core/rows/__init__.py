"""From a request to its line in the results, in two steps.

A `RowChecker` decides the outcome of a row, which nearly always needs no reply; counts are based on it alone. A
`RowBuilder` adds the reply and its usage on demand. `Lines` encodes rows as results.
"""
