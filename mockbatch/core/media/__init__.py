"""Read the media of a request, within bounds, whatever was sent."""
