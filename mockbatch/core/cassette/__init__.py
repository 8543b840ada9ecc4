"""Recorded interactions: format, matching and redaction. Works on bytes, never on files."""
