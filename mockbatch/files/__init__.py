"""Files as people have them: requests, results, recordings and tables, in whatever form they come."""


class Unreadable(Exception):
    """A file that cannot be used; the message is a sentence with the file, and the line where there is one."""
