# Generated from tests/typing/async_/__init__.py by tools/unasync.py. Do not edit: edit that file instead.
