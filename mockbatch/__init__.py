"""A local stand-in for the Message Batches API, in which a day passes in a millisecond."""

__version__ = "0.1.0"
