"""What is in `project` is run by environments that are tried, and not here."""

collect_ignore = ["project"]
