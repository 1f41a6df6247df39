"""Chance, for spreading things out: nothing secret hangs on it."""

from __future__ import annotations


def chance() -> float:
    """Give a number from 0 up to, but not, 1."""
    from random import random  # noqa: PLC0415 (2 ms, and not every cache needs it)

    return random()  # noqa: S311 (see above)
