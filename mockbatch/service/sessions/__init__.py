"""The state of one API key: its clock, batches, rules, files, journal, events and recordings."""
