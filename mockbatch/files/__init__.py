"""User files: requests, results, recordings and tables, in any common format."""


class UnreadableFile(Exception):
    """An unusable file; the message is a sentence with the file, and the line if known."""
