"""What the contract hands to a store: times, keys and prefixes with which stores go wrong."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cachetory.durations import Duration

HOUR = timedelta(hours=1)

NOT_DURATIONS: tuple[Any, ...] = (
    *(float("nan"), float("inf"), -float("inf"), 1e300, 10**400, timedelta.max),
    *(True, False, "60", b"60", 1j, object),
)
"""What no backend may take for a time to live."""

NOT_DEADLINES: tuple[Any, ...] = (
    datetime(2100, 1, 1),  # noqa: DTZ001 (naive: it does not say which moment it means)
    datetime(1970, 1, 1),  # noqa: DTZ001
    *(4e9, HOUR, "2100-01-01T00:00:00Z", date(2100, 1, 1)),
)
"""What no backend may take for a deadline."""

OVER_AT_ONCE: tuple[Duration, ...] = (
    *(0, 0.0, -0.0, -1, -1e9),
    *(timedelta(0), timedelta(microseconds=-1), timedelta.min),
)
"""Times to live that are over as soon as they begin."""

TINY: tuple[Duration, ...] = (1e-9, 0.0004, timedelta(microseconds=1), 0.001)
"""Times to live that are as good as a millisecond."""

KEYS = (
    *("", " ", "  ", "\t", "\n", "\r\n", "\0", "\x7f", "a", "A", "a ", " a", "a\n", "a\0", "aa"),
    *("a:b", "a::b", "a/b", "../a", "*", "?", "[a]", "{a}", "\\", "%61", "%", "'", '"', "$a"),
    *("\u00e9", "e\u0301", "\u2028", "\ufeff", "\uffff", "\U0010ffff", "\U0001f600", "\u202ea"),
    *("\ud83d", "\ude00", "\ud83d\ude00", "\udcff", "\u00ff", "???", "\ufffd"),
    *("k" * 1023, "k" * 1024, "k" * 1025, "\U0001f600" * 256, "k" * 1023 + "\n"),
)
"""Keys that are distinct, though a careless store may take one for another."""

STRETCHES_OF_UNICODE = tuple(
    "".join(map(chr, range(first, first + 0x1000))) for first in range(0, 0x110000, 0x1000)
)
"""Keys that contain, together, every character there is, lone surrogates included."""

GLOBS = (
    ("a*", "a*b", "ab"),
    ("a?", "a?b", "axb"),
    ("[x]", "[x]y", "xy"),
    ("[^a]", "[^a]b", "bb"),
    ("[a-z]", "[a-z]1", "b1"),
    ("\\", "\\a", "a"),
    ("\\*", "\\*a", "\\a"),
    ("a\\", "a\\*", "a*"),
    ("{a,b}", "{a,b}c", "ac"),
    ("%", "%a", "ba"),
    ("_", "_a", "ba"),
    (".", ".a", "ba"),
    ("A", "Ab", "ab"),
    ("\u00e9", "\u00e9a", "ea"),
    ("\ud800", "\ud800a", "\ud801a"),
    ("\n", "\na", "a"),
)
"""Prefixes, each with a key that begins with it, and one that only a pattern would match."""


def brief(value: object) -> str:
    """Name a sample in the name of a test."""
    return f"{value!r:.20}"
