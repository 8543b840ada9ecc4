"""Rules: which rows and calls fail, and how."""
