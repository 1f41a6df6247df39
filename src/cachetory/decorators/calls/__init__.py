"""What becomes of the calls of decorated functions."""
