"""The Redis backend keeps the contract on a cluster, and behind Sentinels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cachetory.backends.async_ import RedisBackend
from cachetory.testing.async_ import BackendContract
from cachetory.testing.async_only import run_together
from tests.backends.addresses import patient
from tests.backends.topologies import ON_VALKEY, SENTINELS_ON_VALKEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.servers import Cluster, Sentinels


@ON_VALKEY  # what Redis does without is in the contract on one server
class TestCluster(BackendContract):
    is_atomic = False  # bulk operations are not: they go to several nodes

    @pytest.fixture
    async def backend(self, cluster: Cluster) -> AsyncIterator[RedisBackend]:
        async with RedisBackend.from_url(patient(cluster.url)) as backend:
            yield backend

    async def test_set_of_one_key_by_many_at_once_is_atomic(self, backend: RedisBackend) -> None:
        async def race() -> bool:
            return await backend.set("key", self.values[0], if_not_exists=True)

        outcomes = await run_together([race] * 12)

        assert sorted(outcomes) == [*[False] * 11, True]


@SENTINELS_ON_VALKEY
class TestSentinels(BackendContract):
    @pytest.fixture
    async def backend(self, sentinels: Sentinels) -> AsyncIterator[RedisBackend]:
        async with RedisBackend.from_url(patient(sentinels.url)) as backend:
            yield backend
