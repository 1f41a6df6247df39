"""What decorated functions become."""
