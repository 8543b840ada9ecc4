"""The rows of batches, from the received bytes to the result lines.

checks.py      the outcome of each row, decided once, without generating replies
batch_rows.py  the rows of one batch: requests, outcomes and results, stored or cached as needed
pipeline.py    access to the rows of batches; background checks of large batches
turns.py       work in blocks that yields to the event loop
tally.py       outcome counts of a batch that has ended
totals.py      its usage: the prompt cache, tokens by model
states.py      the finish time of each row
results.py     result lines, in their configured order
"""
