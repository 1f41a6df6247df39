"""Whether a path still leads to the SQLite file that is open here, and what was read of that.

Another process may have set the file aside and begun a new one, and somebody may have removed it.
"""

from __future__ import annotations

import logging
import os
from time import monotonic
from typing import TYPE_CHECKING

from cachetory.backends.sqlite_recent import Recent
from cachetory.backends.sqlite_schema import inode_of
from cachetory.backends.sqlite_stamps import SUFFIX, Stamps

if TYPE_CHECKING:
    from typing import Literal

_logger = logging.getLogger("cachetory")


class SqliteWatch:
    """Watches the file at a path, for the connections of a process.

    Args:
        path: the file.
        memory_bytes: how much may be taken by what was read lately.

    Attributes:
        inode: That of the file that was opened last; `None` before.
        recent: What was read lately.
    """

    def __init__(self, path: str, memory_bytes: int) -> None:
        self._path = path
        self._memory_bytes = memory_bytes
        self.inode: int | None = None
        self._era = 0
        self._has_stamps = False
        self._has_warned = False
        self.recent: Recent = Recent(None, 0)

    @property
    def is_right(self) -> bool:
        """Whether the path leads to the file that was opened."""
        return inode_of(self._path) == self.inode

    def is_over(self, *, to: Literal["read", "write"]) -> bool:
        """Tell whether connections have to be opened anew.

        That others have begun a new file is heard of at once. That it was taken away is looked for
        now and then; before each write if nothing can be heard of.
        """
        recent = self.recent
        stamps = recent.stamps
        is_due = to == "write" if stamps is None else stamps.era != self._era
        return (is_due or monotonic() > recent.until) and self._is_over(recent)

    def _is_over(self, recent: Recent) -> bool:
        stamps = recent.stamps
        era = 0 if stamps is None else stamps.era
        if self.inode is None:
            return False
        if not self.is_right:
            return True
        if stamps is None:
            if self._has_stamps and monotonic() > recent.until and self._open() is not None:
                return True
        elif not self._is_current(stamps):
            return True
        self._era = era
        if monotonic() > recent.until and self.recent is recent:
            self.recent = Recent(stamps, self._memory_bytes)
        return False

    def adopt(self, *, former: int | None, has_stamps: bool) -> tuple[Stamps | None, bool]:
        """Watch the file that was just opened, in one's turn.

        Args:
            former: the inode that the path led to before.
            has_stamps: whether all who use the file put stamps where they write.

        Returns:
            The stamps, if there are any, and whether other connections are over.
        """
        inode, known = inode_of(self._path), self.recent.stamps
        stamps: Stamps | None = None
        if has_stamps:
            is_known = known is not None and self._is_current(known)
            stamps = known if is_known else self._open()
        is_over = self.inode not in {None, inode} or known not in {None, stamps}
        if stamps is not None:
            if inode != former:
                stamps.begin_era()
            self._era = stamps.era
        self.inode = inode
        self._has_stamps = has_stamps
        if is_over or stamps is not known:
            self.recent = Recent(stamps, self._memory_bytes)
        return stamps, is_over

    def forget(self) -> None:
        """Let go of what was read, and of the stamps."""
        self.recent = Recent(None, 0)

    def tell(self) -> None:
        """Tell other processes that the file was set aside."""
        if (stamps := self.recent.stamps) is not None:
            stamps.begin_era()

    def _is_current(self, stamps: Stamps) -> bool:
        return inode_of(self._path + SUFFIX) == stamps.inode

    def _open(self) -> Stamps | None:
        """Open the stamps, if this process may write the file; if that fails, tell it once."""
        try:
            return Stamps(self._path + SUFFIX, os.stat(self._path))  # noqa: PTH116 (a path is text)
        except (OSError, ValueError) as error:
            if not self._has_warned:
                self._has_warned = True
                _logger.warning(
                    "%s%s cannot be used (%s): other processes may read for a second what this one "
                    "has written over",
                    self._path,
                    SUFFIX,
                    error,
                )
            return None
