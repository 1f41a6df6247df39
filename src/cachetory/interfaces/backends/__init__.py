"""What a backend is, in each colour."""
