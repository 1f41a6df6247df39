# Generated from tests/backends/async_/test_redis_progress.py by tools/unasync.py. Do not edit: edit that file instead.
"""Progress on a connection is life: a timeout applies to silence, and trickling has a bound."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError

from cachetory.backends.sync import RedisBackend
from cachetory.testing.sync_only import run_together
from tests.backends.addresses import patient
from tests.faults import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Server

SIZE = 6_000_000
RATE = 4_000_000
TIMEOUTS = "?socket_timeout=0.5&socket_connect_timeout=30"


@pytest.fixture
def proxy(valkey_server: Server) -> Iterator[Proxy]:
    with Proxy(valkey_server.port) as proxy:
        yield proxy


@pytest.fixture
def url(valkey_server: Server, proxy: Proxy) -> str:
    return proxy.url_through(valkey_server.fresh_url())


@pytest.fixture(scope="module")
def big() -> bytes:
    return random.Random(7).randbytes(SIZE)


def test_big_value_is_written_for_longer_than_the_timeout(
    proxy: Proxy, url: str, big: bytes
) -> None:
    with RedisBackend.from_url(f"{url}{TIMEOUTS}") as backend:
        backend.set("small", b"value")
        proxy.request_rate(RATE)
        start = time.monotonic()

        assert backend.set("big", big) is True

        assert time.monotonic() - start > 1
        proxy.forward()
        assert backend.get("big") == big


def test_big_value_is_read_for_longer_than_the_timeout(proxy: Proxy, url: str, big: bytes) -> None:
    with RedisBackend.from_url(f"{url}{TIMEOUTS}") as backend:
        backend.set("big", big)
        proxy.rate(RATE)

        assert backend.get("big") == big


def test_small_values_beside_a_big_one_are_found(proxy: Proxy, url: str, big: bytes) -> None:
    with RedisBackend.from_url(f"{url}{TIMEOUTS}") as backend:
        backend.set_many([(f"key {it}", b"value") for it in range(8)])
        proxy.request_rate(RATE)

        def write() -> None:
            assert backend.set("big", big) is True

        def read() -> None:
            for number in range(8):
                assert backend.get(f"key {number}") == b"value"

        run_together([write, *[read] * 8])


def test_server_that_stops_in_the_midst_of_a_big_value_is_noticed(
    proxy: Proxy, url: str, big: bytes
) -> None:
    with RedisBackend.from_url(f"{url}{TIMEOUTS}") as backend:
        backend.set("small", b"value")
        proxy.black_hole()

        with pytest.raises(RedisTimeoutError):
            backend.set("big", big)


def test_server_that_trickles_does_not_hold_a_caller_for_long(proxy: Proxy, url: str) -> None:
    with RedisBackend.from_url(f"{url}?socket_timeout=0.3&socket_connect_timeout=30") as one:
        one.set("key", b"value" * 1000)
        proxy.rate(20)  # a byte each 50 ms
        start = time.monotonic()

        with pytest.raises(RedisTimeoutError):
            one.get("key")

        assert 2 < time.monotonic() - start < 30


def test_big_values_of_a_patient_client_come_back_whole(redis_url: str, big: bytes) -> None:
    with RedisBackend.from_url(patient(redis_url)) as backend:
        for size in (16_384, 16_385, 1_000_000, SIZE):
            backend.set("key", big[:size])

            assert backend.get("key") == big[:size]


def test_big_value_over_tls_is_written_for_longer_than_the_timeout(
    tls_server: Server, big: bytes
) -> None:
    with Proxy(tls_server.port) as proxy:
        url = f"{proxy.url_through(tls_server.fresh_url())}"
        separator = "&" if "?" in url else "?"
        timeouts = TIMEOUTS.replace("?", separator, 1)
        with RedisBackend.from_url(f"{url}{timeouts}") as backend:
            backend.set("small", b"value")
            proxy.request_rate(RATE)

            assert backend.set("big", big) is True
