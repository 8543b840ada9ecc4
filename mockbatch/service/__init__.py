"""Use cases: the layer that combines clock, store and core. `services.py` composes them; nothing else does."""
