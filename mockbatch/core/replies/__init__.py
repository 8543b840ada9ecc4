"""What a model would have answered."""
