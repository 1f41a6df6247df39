"""Tells all processes of a machine which keys of a SQLite file were written, without asking it.

A small file beside the database is mapped by all of them. Each key has a slot there, and each slot
a stamp: a number that is replaced, by one that was never there before, when a key of the slot has
been written. So what was read after a stamp was seen is still true while the stamp is the same.
"""

from __future__ import annotations

import logging
import os
from binascii import crc32
from contextlib import suppress
from mmap import mmap
from random import Random
from typing import TYPE_CHECKING

from cachetory._runtime.process import call_in_child

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self

SUFFIX = "-stamps"
"""What comes after the name of the database."""

SLOTS = 4096
"""Among so many, keys that share one are taken for written when one of them is."""

_SIZE = (SLOTS + 1) * 8

_logger = logging.getLogger("cachetory")


class Stamps:
    """The stamps of a file.

    Args:
        file: a descriptor of the file that holds them, which may be closed after that.

    Attributes:
        numbers: The stamp of each slot, and one more.
        inode: That of the file.

    Raises:
        OSError: if the file cannot be mapped.
        ValueError: if it is too short.
    """

    def __init__(self, file: int) -> None:
        self.numbers = memoryview(mmap(file, _SIZE)).cast("Q")
        self.inode = os.fstat(file).st_ino
        self._seed()
        call_in_child(self, Stamps._seed)

    @classmethod
    def open(cls, database: str) -> Self | None:
        """Map the stamps of a database, which are made if there are none, in one's turn.

        `None` if that cannot be done. Whoever may write the database should be able to: what it
        writes is noticed late by other processes otherwise, which is logged.
        """
        try:
            file = _open(database + SUFFIX, database)
            try:
                if (missing := _SIZE - os.fstat(file).st_size) > 0:
                    # A hole would need room on the disk when a stamp is put there, at the latest.
                    os.lseek(file, 0, os.SEEK_END)
                    os.write(file, os.urandom(missing))
                return cls(file)
            finally:
                os.close(file)
        except (OSError, ValueError) as error:
            if os.access(database, os.W_OK):
                _logger.warning(
                    "%s%s cannot be used (%s): other processes may serve a value for a second "
                    "after this one has written another",
                    database,
                    SUFFIX,
                    error,
                )
            return None

    @staticmethod
    def slot_of(name: bytes) -> int:
        """Give the slot of a key."""
        return crc32(name) % SLOTS

    def renew(self, names: Iterable[bytes]) -> None:
        """Tell that keys have been written, after that has come into force."""
        for name in names:
            self.numbers[crc32(name) % SLOTS] = self._random.getrandbits(64)

    def renew_all(self) -> None:
        """Tell that any key may have been written."""
        self.numbers[:SLOTS] = memoryview(self._random.randbytes(SLOTS * 8)).cast("Q")

    @property
    def era(self) -> int:
        """A number that changes when there is another database of that name."""
        return self.numbers[SLOTS]

    def begin_era(self) -> None:
        """Tell that there is another database, or will be."""
        self.numbers[SLOTS] = self._random.getrandbits(64)

    def _seed(self) -> None:
        self._random = Random()  # noqa: S311 (of its own: a program may have seeded the module's)


def _open(path: str, database: str) -> int:
    """Open a file for whoever may write the database, and for nobody else."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    like = os.stat(database)  # noqa: PTH116 (a path object gains nothing)
    try:
        file = os.open(path, flags, 0o600)
    except PermissionError:
        if not os.access(database, os.W_OK):
            raise
        os.unlink(path)  # noqa: PTH108 (somebody else's, who had the database once)
        file = os.open(path, flags, 0o600)
    with suppress(OSError, AttributeError):  # not the owner, or Windows
        os.fchown(file, like.st_uid, like.st_gid)
    with suppress(OSError, AttributeError):
        os.fchmod(file, like.st_mode & 0o777)
    return file
