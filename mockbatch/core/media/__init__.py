"""What is in the media of a request, read within bounds whatever was sent."""
