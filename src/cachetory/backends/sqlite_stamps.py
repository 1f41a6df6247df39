"""Tells all processes of a machine which keys of a SQLite file were written, without asking it.

A small file beside the database is mapped by all of them. Each key has a slot there, and each slot
a stamp: a number that is replaced, by one that was never there before, when a key of the slot has
been written. So what was read after a stamp was seen is still true while the stamp is the same.
"""

from __future__ import annotations

import os
import stat
import sys
from binascii import crc32
from contextlib import suppress
from mmap import mmap
from random import Random
from typing import TYPE_CHECKING

from cachetory._runtime.process import call_in_child

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIX = "-stamps"
"""What comes after the name of the database."""

SLOTS = 4096
"""Among so many, keys that share one are taken for written when one of them is."""

_SIZE = (SLOTS + 1) * 8


class Stamps:
    """The stamps of a database.

    Args:
        path: the file that holds them.
        like: the status of the database, whose users they are for.

    Attributes:
        numbers: The stamp of each slot, and one more.
        inode: That of the file.

    Raises:
        OSError: if the file cannot be made, or mapped.
        ValueError: if it is too short.
    """

    def __init__(self, path: str, like: os.stat_result) -> None:
        file = _open(path, like)
        try:
            self.inode: int = os.fstat(file).st_ino
            if (missing := _SIZE - os.fstat(file).st_size) > 0:
                # A hole would need room on the disk when a stamp is put there, at the latest.
                os.lseek(file, 0, os.SEEK_END)
                os.write(file, os.urandom(missing))
            self.numbers: memoryview[int] = memoryview(mmap(file, _SIZE)).cast("Q")
        finally:
            os.close(file)
        self._seed()
        call_in_child(self, Stamps._seed)

    def renew(self, names: Iterable[bytes]) -> None:
        """Tell that keys have been written, after that has come into force."""
        for name in names:
            self.numbers[slot_of(name)] = self._random.getrandbits(64)

    def renew_all(self) -> None:
        """Tell that any key may have been written."""
        self.numbers[:SLOTS] = memoryview(self._random.randbytes(SLOTS * 8)).cast("Q")

    @property
    def era(self) -> int:
        """A number that changes when there is another database of that name."""
        return self.numbers[SLOTS]

    def begin_era(self) -> None:
        """Tell that there is another database, or will be: what was read of this one is over."""
        self.numbers[SLOTS] = self._random.getrandbits(64)
        self.renew_all()

    def _seed(self) -> None:
        self._random = Random()  # noqa: S311 (of its own: a program may have seeded the module's)


def slot_of(name: bytes) -> int:
    """Give the slot of a key."""
    return crc32(name) % SLOTS


def _open(path: str, like: os.stat_result) -> int:
    """Open a file, which is made for those who may use the database, if there is none.

    Raises:
        OSError: if that cannot be done, or something else is there, such as a link to another file.
    """
    flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        return _checked(os.open(path, flags), path)
    except FileNotFoundError:
        pass
    except PermissionError:
        os.unlink(path)  # noqa: PTH108 (somebody else's, who had the database once)
    file = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    if sys.platform != "win32":
        for owner in (like.st_uid, -1):
            with suppress(OSError):  # as its group at least, unless that is not ours
                os.fchown(file, owner, like.st_gid)
                break
        os.fchmod(file, stat.S_IMODE(like.st_mode) & 0o666)
    return file


def _checked(file: int, path: str) -> int:
    """Refuse what is no file, or has another name, so that nothing else is ever written to."""
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(file)
        msg = f"{path} is not a file of its own"
        raise OSError(msg)
    return file
