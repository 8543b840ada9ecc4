"""Shape and status codes: HTTP in, HTTP out, and no rule of the batch API."""
