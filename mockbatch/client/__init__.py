"""A client of the batch API that works on files. It knows the wire format and the API rules, but not the server."""


class ClientError(Exception):
    """A command failed; the message is a sentence or two for the user."""
