"""The bounds that both ways to Zstandard keep."""

from __future__ import annotations

REUSE_BELOW = 128 << 10
"""Values of fewer bytes share a context per thread: it stays below 4 MiB at any level."""

SIZELESS_WINDOW = 8 << 20
"""The window in bytes that a frame may ask for which does not tell the size of its content.

It is what RFC 8878 asks every reader to support.
"""
