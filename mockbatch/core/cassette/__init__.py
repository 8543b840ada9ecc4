"""Recorded interactions: how they are written, known again and cleaned of secrets. Bytes, never files."""
