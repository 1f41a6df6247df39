# Generated from tests/backends/async_/test_redis_topologies_contract.py by tools/unasync.py. Do not edit: edit that file instead.
"""The Redis backend keeps the contract on a cluster, and behind Sentinels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cachetory.backends.sync import RedisBackend
from cachetory.testing.sync import BackendContract
from cachetory.testing.sync_only import run_together
from tests.backends.addresses import patient
from tests.backends.topologies import ON_VALKEY, SENTINELS_ON_VALKEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Cluster, Sentinels


@ON_VALKEY  # what Redis does without is in the contract on one server
class TestCluster(BackendContract):
    is_atomic = False  # bulk operations are not: they go to several nodes

    @pytest.fixture
    def backend(self, cluster: Cluster) -> Iterator[RedisBackend]:
        with RedisBackend.from_url(patient(cluster.url)) as backend:
            yield backend

    def test_set_of_one_key_by_many_at_once_is_atomic(self, backend: RedisBackend) -> None:
        def race() -> bool:
            return backend.set("key", self.values[0], if_not_exists=True)

        outcomes = run_together([race] * 12)

        assert sorted(outcomes) == [*[False] * 11, True]


@SENTINELS_ON_VALKEY
class TestSentinels(BackendContract):
    @pytest.fixture
    def backend(self, sentinels: Sentinels) -> Iterator[RedisBackend]:
        with RedisBackend.from_url(patient(sentinels.url)) as backend:
            yield backend
