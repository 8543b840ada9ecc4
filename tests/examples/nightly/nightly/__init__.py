"""A program that sends its questions over night, and reads the answers in the morning."""
