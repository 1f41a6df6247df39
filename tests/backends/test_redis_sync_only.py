"""The synchronous Redis backend under what only threads and signals do."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest
import redis
import redis.asyncio

from cachetory.backends.sync import RedisBackend
from cachetory.errors import ConfigurationError
from cachetory.testing.sync_only import run_together
from tests.backends.addresses import connections_made, patient

if TYPE_CHECKING:
    from tests.servers import Server


@pytest.mark.no_leaks
def test_crowd_of_threads_shares_64_connections(redis_server: Server) -> None:
    with RedisBackend.from_url(patient(redis_server.fresh_url())) as backend:
        items = {f"key {number}": f"value {number}".encode() for number in range(1000)}
        backend.set_many(items.items())
        before = connections_made(redis_server)

        with ThreadPoolExecutor(150) as pool:
            found = list(pool.map(backend.get, items))

        assert found == list(items.values())
        assert connections_made(redis_server) - before - 1 <= 64


def test_crowd_of_threads_over_tls_works(tls_server: Server) -> None:
    with (
        RedisBackend.from_url(patient(tls_server.fresh_url())) as backend,
        ThreadPoolExecutor(100) as pool,
    ):
        found = list(pool.map(backend.contains, map(str, range(200))))

    assert found == [False] * 200


@pytest.mark.no_leaks
def test_backend_closed_while_threads_use_it_leaves_nothing_open(valkey_server: Server) -> None:
    backend = RedisBackend.from_url(patient(valkey_server.fresh_url()))
    backend.set("key", b"value")

    def use() -> None:
        for _ in range(50):
            assert backend.get("key") == b"value"

    def close() -> None:
        for _ in range(50):
            backend.close()

    run_together([use, close, use, close, use])
    backend.close()


def test_server_that_dies_under_a_crowd_is_not_tried_by_each_of_them_in_turn(
    private_server: Server,
) -> None:
    attempts: list[None] = []
    answers: list[None] = []

    class Connection(redis.Connection):
        def connect(self) -> None:
            attempts.append(None)
            super().connect()

    pool = redis.ConnectionPool(
        connection_class=Connection, port=private_server.port, max_connections=1, socket_timeout=10
    )
    with RedisBackend(redis.Redis(connection_pool=pool)) as backend:
        backend.set("key", b"")

        def ask_until_it_fails() -> None:
            while True:
                backend.get("key")
                answers.append(None)

        with ThreadPoolExecutor(30) as threads:
            crowd = [threads.submit(ask_until_it_fails) for _ in range(30)]
            while len(answers) < 1000:
                sleep(0.01)
            attempts.clear()
            private_server.kill()

            errors = [asking.exception() for asking in crowd]

    assert all(isinstance(error, redis.ConnectionError) for error in errors)
    assert len(attempts) < 10


def test_interruption_while_connecting_leaves_room_for_another_attempt(
    valkey_server: Server,
) -> None:
    steps = iter(["make", "connect", "", ""])

    class Connection(redis.Connection):
        def __init__(self, **settings: Any) -> None:
            self.stops_at = next(steps)
            if self.stops_at == "make":
                raise KeyboardInterrupt
            super().__init__(**settings)

        def connect(self) -> None:
            if self.stops_at == "connect":
                raise KeyboardInterrupt
            super().connect()

    pool = redis.ConnectionPool(
        connection_class=Connection, port=valkey_server.port, max_connections=1
    )
    with RedisBackend(redis.Redis(connection_pool=pool)) as backend:
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                backend.contains("key")

        assert not backend.contains("key")


def test_interruption_while_waiting_for_an_answer_mixes_no_answers(private_server: Server) -> None:
    with RedisBackend.from_url(patient(private_server.url)) as backend:
        backend.set_many([("mine", b"mine"), ("yours", b"yours")])
        private_server.freeze()

        with pytest.raises(KeyboardInterrupt), interruption_after(0.1):
            backend.get("mine")

        private_server.thaw()
        assert backend.get("yours") == b"yours"
        assert backend.get("mine") == b"mine"


class interruption_after:  # noqa: N801 (it reads like a function)
    """Presses Ctrl-C after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGUSR1))

    def __enter__(self) -> None:
        self._former = signal.signal(signal.SIGUSR1, self._interrupt)
        self._timer.start()

    def __exit__(self, *_exc: object) -> None:
        self._timer.join()
        signal.signal(signal.SIGUSR1, self._former)

    @staticmethod
    def _interrupt(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt


def test_client_of_the_other_colour_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        RedisBackend(redis.asyncio.Redis())  # type: ignore[arg-type]
