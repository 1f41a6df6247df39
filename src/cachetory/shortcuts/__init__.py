"""Ready-made caches, in each colour."""
