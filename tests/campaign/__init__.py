"""Campaigns: long attacks on real servers, each repeatable by its seed. See `docs/reliability.md`."""
