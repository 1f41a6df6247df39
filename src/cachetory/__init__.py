"""Caching behind one small, typed interface, in a sync and an async colour."""
