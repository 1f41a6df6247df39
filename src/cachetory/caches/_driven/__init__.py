"""Caches that are reached by their own operations alone."""
