"""What `/v1` does: batches, messages, files, limits and bills, every change saved before the response."""
