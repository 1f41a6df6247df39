# Generated from src/cachetory/_shell/async_/__init__.py by tools/unasync.py. Do not edit: edit that file instead.
"""The load path, synchronous."""
