"""The Django backend keeps the contract over Django's own caches, as far as they let it."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django.core.cache.backends import base, db, filebased, locmem
from django.core.cache.backends.redis import RedisCache

from cachetory.backends.async_ import DjangoBackend, from_url
from cachetory.testing.async_ import BackendContract
from tests.backends.addresses import database_of, patient
from tests.backends.django_project import async_close_connections, set_up
from tests.backends.known_faults import KnownFaults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cachetory.interfaces.backends.async_ import AsyncBackend
    from tests.clock import ManualClock
    from tests.servers import Server

set_up()

_AGE = """
for _, key in ipairs(redis.call('KEYS', '*')) do
    local left = redis.call('PTTL', key)
    if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end
"""

_BUSY = "Django gives up silently when SQLite is busy"
_THREADS = "each thread would leave a connection to the database behind"


# Django warns of keys that Memcached, for one, would refuse.
@pytest.mark.filterwarnings("ignore::django.core.cache.CacheKeyWarning")
class DjangoContract(KnownFaults, BackendContract):
    """Django's clocks are moved by the test; it promises little about concurrent use."""

    alias = "default"
    is_atomic = False
    supports_clear_prefix = False
    values = ({"any": "object"}, "text", None)
    extreme_values = (None, False, 0, (), b"", bytes(range(256)) * 4096, float("inf"))

    @pytest.fixture
    async def backend(
        self, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[AsyncBackend[Any]]:
        self.move_clocks(clock, monkeypatch)
        async with from_url(f"django://{self.alias}") as backend:
            await backend.clear()
            yield backend

    def move_clocks(self, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = clock
        for module in (base, filebased, locmem):
            monkeypatch.setattr(module, "time", SimpleNamespace(time=clock))
        monkeypatch.setattr(db, "tz_now", lambda: datetime.fromtimestamp(clock(), timezone.utc))

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds + 1)  # some of the caches cut off fractions of a second


class TestLocMem(DjangoContract):
    pass


class TestFileBased(DjangoContract):
    alias = "file"


class TestDatabase(TestFileBased):
    alias = "database"
    finest_time_to_live = 1.0
    left_out: ClassVar[dict[str, str]] = {
        "test_backend_used_by_many_at_once_mixes_nothing_up": _BUSY,
        "test_backend_in_another_thread_works": _THREADS,
        "test_backend_closed_by_another_thread_works": _THREADS,
    }

    @pytest.fixture
    async def backend(
        self, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[AsyncBackend[Any]]:
        self.move_clocks(clock, monkeypatch)
        async with from_url("django://database") as backend:
            await backend.clear()
            yield backend
        await async_close_connections()


class TestRedis(DjangoContract):
    finest_time_to_live = 1.0

    @pytest.fixture
    async def backend(self, valkey_server: Server) -> AsyncIterator[AsyncBackend[Any]]:
        self.server = valkey_server
        url = patient(valkey_server.fresh_url())
        self.database = database_of(url)
        cache = RedisCache(url, {})
        async with DjangoBackend(cache) as backend:
            yield backend
        for pool in cache._cache._pools.values():
            pool.disconnect()

    async def advance(self, seconds: float) -> None:
        """Take the time that passes off what every key has left."""
        milliseconds = round(seconds * 1000)
        self.server.command("EVAL", _AGE, 0, milliseconds, database=self.database)
