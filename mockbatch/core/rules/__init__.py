"""Which rows fail, and how."""
