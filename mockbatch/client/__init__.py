"""A client of the batch API that works on files. It knows the wire and the rules of the API, and no server."""


class ClientError(Exception):
    """What keeps a command from doing its work; the message is a sentence or two for the person who called it."""
