"""Virtual time as arithmetic: spans and instants, the clock, delays, the timeline of a batch.

An instant is an integer of microseconds since 1970-01-01 UTC; a span is an integer of microseconds.
"""
