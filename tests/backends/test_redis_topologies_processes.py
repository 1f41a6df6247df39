"""Event loops, cancellation and forks: what only one colour has, over clusters and Sentinels."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis

from benchmarks.cancellations import rage
from cachetory.backends import async_, sync
from cachetory.errors import ConfigurationError
from tests.backends.addresses import patient
from tests.backends.topologies import ON_VALKEY, SENTINELS_ON_VALKEY

if TYPE_CHECKING:
    from tests.servers import Cluster, Sentinels

ROOT = Path(__file__).parents[2]
KEYS = [f"key {number}" for number in range(30)]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(params=["cluster", "sentinels"])
def url(request: pytest.FixtureRequest, cluster: Cluster, sentinels: Sentinels) -> str:
    return patient(cluster.url if request.param == "cluster" else sentinels.url)


@ON_VALKEY
@SENTINELS_ON_VALKEY
@pytest.mark.no_leaks
def test_loops_one_after_another_and_side_by_side_are_served(url: str) -> None:
    backend = async_.RedisBackend.from_url(url)
    failures: list[BaseException] = []

    async def use(name: str) -> None:
        async with backend:
            items = {f"{name} {key}": name.encode() for key in KEYS}
            for _ in range(5):
                await backend.set_many(items.items())
                await asyncio.gather(*(backend.get(key) for key in items))
                assert {key: value async for key, value in backend.get_many(*items)} == items

    def run(name: str) -> None:
        try:
            asyncio.run(use(name))
        except BaseException as error:
            failures.append(error)

    run("first")
    threads = [threading.Thread(target=run, args=(f"thread {number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


@ON_VALKEY
@SENTINELS_ON_VALKEY
@pytest.mark.no_leaks
async def test_cancellations_mix_no_answers(url: str) -> None:
    outcome = await rage(url, 150)

    assert (outcome.wrong, outcome.hung, outcome.innocent) == (0, 0, 0)


@ON_VALKEY
def test_cluster_client_of_the_other_colour_is_refused(cluster: Cluster) -> None:
    host, port = cluster.addresses[0]
    client: Any = redis.RedisCluster(host=host, port=port)
    with client, pytest.raises(ConfigurationError, match="cannot be used here: give a `redis"):
        async_.RedisBackend(client)
    client = redis.asyncio.RedisCluster(host=host, port=port)
    with pytest.raises(ConfigurationError, match="cannot be used here: give a `redis"):
        sync.RedisBackend(client)


FORKS = """
import os, sys, threading
from cachetory.backends import sync

backend = sync.RedisBackend.from_url(sys.argv[1])
keys = [f"key {number}" for number in range(30)]

def check(name):
    items = {f"{name} {key}": name.encode() for key in keys}
    backend.set_many(items.items(), time_to_live=60)
    assert dict(backend.get_many(*items)) == items

def child_succeeds():
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    for _ in range(3):
        check(f"child {os.getpid()}")
    backend.close()
    check("once more")
    sys.exit(0)  # with all finalisers

assert child_succeeds()  # of a process that has asked nothing
check("parent")

over = threading.Event()
failures = []
def hammer(name):
    try:
        while not over.is_set():
            check(name)
    except BaseException as error:
        failures.append(error)

threads = [threading.Thread(target=hammer, args=(f"thread {number}",)) for number in range(4)]
for thread in threads:
    thread.start()
for _ in range(5):
    assert child_succeeds()
over.set()
for thread in threads:
    thread.join()
check("parent")
assert not failures, failures
print("well done")
"""


@needs_fork
@ON_VALKEY
@SENTINELS_ON_VALKEY
def test_fork_both_sides_keep_working(url: str) -> None:
    result = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS, url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert result.stdout == "well done\n", result.stderr
    assert "Traceback" not in result.stderr
