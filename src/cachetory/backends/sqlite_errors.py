"""Errors of a SQLite file that say which file, which operation, and what to do."""

from __future__ import annotations

import os
import sqlite3
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate

    from typing_extensions import ParamSpec

    P = ParamSpec("P")

T = TypeVar("T")


class _HasPath(Protocol):
    path: str


S = TypeVar("S", bound=_HasPath)

_DAMAGED = ("malformed", "not a database", "encrypted", "no such table", "Could not decode")
_WAYS_OUT = {
    "this very thread": "do not write to the cache in a signal handler that interrupts a write",
    "locked": "another connection holds a lock on the file: end its transaction, or raise "
    "`busy_timeout`",
    "readonly": "give this user the right to write the file and its directory",
    "full": "free some space on the disk, or lower `max_bytes`",
    "disk I/O error": "check the disk, its quota, and the limits of the process",
}


def reason_of(error: BaseException) -> str:
    """Return what SQLite said, without what `describe` has added."""
    return str(getattr(error, "sqlite_reason", error))


def is_busy(error: BaseException) -> bool:
    """Return whether an error means that others held a lock on the file for too long."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in reason_of(error)


def is_damage(error: BaseException) -> bool:
    """Return whether an error means that the file is corrupt."""
    reason = reason_of(error)
    return isinstance(error, sqlite3.DatabaseError) and any(it in reason for it in _DAMAGED)


def describes_errors(
    method: Callable[Concatenate[S, P], T],
) -> Callable[Concatenate[S, P], T]:
    """Add the path and the name of the method to SQLite errors that a method raises."""

    @wraps(method)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except sqlite3.Error as error:
            describe(error, method.__name__, self.path)
            raise

    return call


def describe(error: sqlite3.Error, operation: str, path: str) -> sqlite3.Error:
    """Add to the message of an error the operation, the file and the way out; return the error.

    The error stays the same object, and so of the same class. It is described once only.
    """
    if hasattr(error, "sqlite_reason") or isinstance(error, ValueError):
        return error  # a `ConfigurationError` names the file already
    reason = str(error)
    # The reason is kept for those who classify it; the log may show a text that quotes no value.
    error.__dict__.update(sqlite_reason=reason, quotes_no_value=True)
    message = f"{reason} ({operation} in {path!r})"
    way_out = _way_out(error, path)
    error.args = (f"{message}: {way_out}" if way_out else message,)
    return error


def _way_out(error: sqlite3.Error, path: str) -> str:
    if is_damage(error):
        return 'delete the file, or use on_corrupt="replace"'
    reason = reason_of(error)
    if "unable to open" in reason:
        return _why_it_does_not_open(path)
    return next((way_out for words, way_out in _WAYS_OUT.items() if words in reason), "")


def _why_it_does_not_open(path: str) -> str:
    directory = Path(path).parent
    if not directory.exists():
        return f"create the directory {str(directory)!r}, which does not exist"
    if not directory.is_dir():
        return f"{str(directory)!r} is not a directory"
    target = path if Path(path).exists() else directory
    if not os.access(target, os.R_OK | os.W_OK):
        return f"give this user the right to read and write {str(target)!r}"
    return "give this user the right to write the file and its directory"
