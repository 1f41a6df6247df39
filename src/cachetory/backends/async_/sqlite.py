"""A backend over a SQLite file, which outlives the process and is shared by others."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal

from cachetory._core.overrides import clearing
from cachetory._core.urls import Parameters, choice, integer, number, optional, parse, redact, size
from cachetory._runtime.async_ import Hands
from cachetory._runtime.clocks import wall_time
from cachetory.backends.async_.sqlite_leases import SqliteLeases
from cachetory.backends.names import name_of, names_of
from cachetory.backends.sqlite_errors import reason_of
from cachetory.backends.sqlite_file import SqliteFile
from cachetory.backends.sqlite_identity import (
    ForeignFileError,
    refuse_unusable_path,
)
from cachetory.durations import to_milliseconds, to_timestamp
from cachetory.errors import ConfigurationError
from cachetory.interfaces.backends.async_ import AsyncBackend
from cachetory.interfaces.backends.private import BytesT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from datetime import datetime
    from os import PathLike

    from typing_extensions import Self

    from cachetory.backends.sqlite_file import SqliteStats
    from cachetory.durations import Duration

_PARAMETERS = Parameters(
    {
        "max-entries": optional(integer),
        "max-bytes": optional(size),
        "busy-timeout": number,
        "memory-bytes": size,
        "on-corrupt": choice("replace", "raise"),
    }
)


class SqliteBackend(AsyncBackend[bytes], Generic[BytesT]):
    """Keeps entries in a file. Threads, event loops and processes may share it, forks too.

    Nothing is lost but the last writes if the machine loses its power, and nothing if a process is
    killed. Every operation is atomic, the bulk ones included.

    Args:
        path: the file, which is made if there is none. Beside it, SQLite keeps `…-wal` and `…-shm`.
            A file that is not the file of a cache is refused, and never changed.
        max_entries: how many entries it holds at most; `None` for no limit, as in a new file. The
            file keeps what was said last, by whichever process.
        max_bytes: how many bytes keys and values may take; `None` for no limit, 1 GiB in a new
            file, which keeps this too. The file itself is somewhat bigger. Expired entries go
            first, then old ones that have not been read.
        busy_timeout: seconds to wait while another process writes.
        memory_bytes: how much memory may be taken by what was read within the last second. It is
            given again without asking the file, unless any process has written it since.
        on_corrupt: what becomes of a cache file that is corrupt. `"replace"`: it gets another
            name, a warning is logged, and a new one is begun. `"raise"`: an error.
        wall_clock: epoch seconds, by which entries expire.

    Raises:
        ConfigurationError: for bounds that cannot work, for a path that SQLite would take for a
            database in memory (use `memory://`), and for a file that is not the file of a cache.
            If such a file appears at the path later, operations raise this error.
    """

    exact_types: tuple[type, ...] | None = (bytes, str)

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        max_entries: int | Literal["kept"] | None = "kept",
        max_bytes: int | Literal["kept"] | None = "kept",
        busy_timeout: float = 1.0,
        memory_bytes: int = 4 << 20,
        on_corrupt: Literal["replace", "raise"] = "replace",
        wall_clock: Callable[[], float] = wall_time,
    ) -> None:
        refuse_unusable_path(os.fspath(path))
        self._wall_clock = wall_clock
        self._file = SqliteFile(
            str(Path(path).absolute()),
            max_entries=max_entries,
            max_bytes=max_bytes,
            busy_timeout=busy_timeout,
            memory_bytes=memory_bytes,
            replaces_damaged=on_corrupt == "replace",
            clock=wall_clock,
        )
        self._file.refuse_foreign_file()
        self._readers = Hands(_one_by_one)
        self._writers = Hands(self._file.together)
        self._leases = SqliteLeases(self._file, self._writers)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Make a backend from `sqlite:///relative/path.db`, or `sqlite:////absolute/path.db`.

        Parameters: `max-entries`, `max-bytes` (such as `512MiB`), each a number or `none`;
        `busy-timeout` in seconds; `memory-bytes`, a number; `on-corrupt` (`replace` or `raise`).

        Raises:
            ConfigurationError: for another form, an unknown parameter, and see the constructor.
        """
        parsed = parse(url)
        path = parsed.path[1:]
        refuse_unusable_path(parsed.authority or path, dict(parsed.parameters).get("mode", ""))
        if parsed.authority:
            msg = (
                f"`{redact(url)}` names no file: write `sqlite:///relative/path.db`, "
                "or `sqlite:////absolute/path.db`"
            )
            raise ConfigurationError(msg)
        return cls(path, **_PARAMETERS.read(parsed))

    @property
    def leases(self) -> SqliteLeases:
        """The claims to the keys of the file."""
        return self._leases

    def is_outage(self, error: Exception) -> bool:
        """Tell whether the file cannot even be read: it is locked for long, or does not open."""
        return (
            isinstance(error, sqlite3.Error)
            and not isinstance(error, (sqlite3.DataError, ForeignFileError))
            and not any(word in reason_of(error) for word in ("full", "readonly"))
        )

    async def get(self, key: str) -> bytes:
        """Get the value of a key.

        Raises:
            KeyError: if there is none, or its time is over.
        """
        name = name_of(key)
        value: bytes | None = self._file.recall(name)
        if value is None:
            value = await self._readers.do(self._file.get, name)
        if value is None:
            raise KeyError(key)
        return value

    async def get_many(self, *keys: str) -> AsyncIterator[tuple[str, bytes]]:
        """Get the values of those keys that have one, all from the same instant."""
        if not keys:
            return
        values = await self._readers.do(self._file.get_many, names_of(keys))
        for key, value in zip(keys, values, strict=True):
            if value is not None:
                yield key, value

    async def set(
        self,
        key: str,
        value: bytes,
        *,
        time_to_live: Duration | None = None,
        if_not_exists: bool = False,
    ) -> bool:
        """Set the value of a key and tell whether it was changed."""
        milliseconds = None if time_to_live is None else to_milliseconds(time_to_live)
        if milliseconds == 0:
            return not if_not_exists and await self.delete(key)
        return await self._writers.do(
            self._file.set, name_of(key), value, milliseconds, if_not_exists
        )

    async def set_many(
        self, items: Iterable[tuple[str, bytes]], *, time_to_live: Duration | None = None
    ) -> None:
        """Set many values at once, all with the same time to live."""
        values = dict(items)
        milliseconds = None if time_to_live is None else to_milliseconds(time_to_live)
        if milliseconds == 0:
            await self.delete_many(*values)
        elif values:
            pairs = list(zip(names_of(values), values.values(), strict=True))
            await self._writers.do(self._file.set_many, pairs, milliseconds)

    async def expire_in(self, key: str, time_to_live: Duration | None = None) -> None:
        """Let a key live for so long from now: `None` for ever, zero or less not at all."""
        expires_at = None
        if time_to_live is not None:
            expires_at = round(self._wall_clock() * 1000) + to_milliseconds(time_to_live)
        await self._writers.do(self._file.expire, name_of(key), expires_at)

    async def expire_at(self, key: str, deadline: datetime | None) -> None:
        """Let a key live until the deadline, a timezone-aware datetime; `None` is for ever."""
        expires_at = None if deadline is None else round(to_timestamp(deadline) * 1000)
        await self._writers.do(self._file.expire, name_of(key), expires_at)

    async def delete(self, key: str) -> bool:
        """Delete a key and tell whether it was there."""
        return await self._writers.do(self._file.delete, name_of(key))

    async def delete_many(self, *keys: str) -> None:
        """Delete many keys at once."""
        if keys:
            await self._writers.do(self._file.delete_many, names_of(keys))

    async def clear(self) -> None:
        """Delete every key of the file, whoever wrote it.

        If a cache with a prefix calls this through an overridden `clear`, only its own keys.
        """
        if prefix := clearing.get():
            await self.clear_prefix(prefix)
            return
        await self._writers.do(self._file.clear)

    async def clear_prefix(self, prefix: str) -> None:
        """Delete the keys that begin with the prefix, and no other, in steps of 1000 keys."""
        name = name_of(prefix)
        while await self._writers.do(self._file.clear_step, name):
            pass

    async def contains(self, key: str) -> bool:
        """Tell whether a key has a value."""
        name = name_of(key)
        return self._file.recall(name) is not None or await self._readers.do(
            self._file.contains, name
        )

    async def keys(self, prefix: str = "") -> AsyncIterator[str]:
        """List the keys that begin with the prefix, in order.

        Those that are written or deleted meanwhile may be among them or not.
        """
        last: bytes | None = None
        while keys := await self._readers.do(self._file.keys, name_of(prefix), last):
            for key in keys:
                yield key
            last = name_of(keys[-1])

    async def stats(self) -> SqliteStats:
        """Tell how many entries the file holds, how many bytes, and how many were evicted."""
        return await self._readers.do(self._file.stats)

    async def aclose(self) -> None:
        """Close the connections to the file; later operations open new ones."""
        await self._readers.do(self._file.close)


def _one_by_one(
    calls: Iterable[tuple[Callable[..., object], tuple[object, ...]]],
) -> list[tuple[object, Exception | None]]:
    outcomes: list[tuple[object, Exception | None]] = []
    for function, arguments in calls:
        try:
            outcomes.append((function(*arguments), None))
        except Exception as error:
            outcomes.append((None, error))
    return outcomes
