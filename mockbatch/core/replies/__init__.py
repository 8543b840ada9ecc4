"""Simulated model replies."""
