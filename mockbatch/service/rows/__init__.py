"""The rows of batches, from the bytes that came to the lines that are sent.

checks.py      how each row ends: what counts are made of, decided once, without replies
batch_rows.py  the rows of one batch: requests, how they end, what is sent of them; each kept where that pays
pipeline.py    hands out the rows of batches; checks large batches in the background
turns.py       work in blocks that lets others have their turn
tally.py       counts of a batch that has ended
totals.py      what it used: the prompt cache, tokens by model
states.py      when each row is done
results.py     lines, in the order of the results
"""
