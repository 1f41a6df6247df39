"""Comparison of the library with its peers, side by side in one run: `python -m benchmarks`."""
