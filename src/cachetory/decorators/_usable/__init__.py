"""What the decorators accept as a cache."""
