"""The API contract: errors, ids, wire models, the model catalog, and the validation of requests."""
