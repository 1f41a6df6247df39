"""What becomes of the calls of decorated functions that take many items."""
