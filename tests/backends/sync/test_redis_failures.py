# Generated from tests/backends/async_/test_redis_failures.py by tools/unasync.py. Do not edit: edit that file instead.
"""A Redis server that is away, restarted, frozen or in trouble does no more harm than it must."""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import (
    AuthenticationError,
    RedisError,
    ResponseError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from cachetory.backends.sync import RedisBackend
from cachetory.testing.sync_only import collect, run_together, sleep
from tests.backends.addresses import patient
from tests.canary import PASSWORD, VALUE
from tests.clock import SLOW
from tests.faults import ERRORS, WRITE_ERRORS, Proxy, ScriptedServer
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import StartServer
    from tests.servers import Server


@pytest.fixture
def scripted_server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


def everything(backend: RedisBackend) -> dict[str, Exception | None]:
    """Try every operation, and tell what each of them raised."""

    def lookup() -> None:
        collect(backend.get_many("key", "other"))

    operations: dict[str, Any] = {
        "get": lambda: backend.get("key"),
        "get_many": lookup,
        "contains": lambda: backend.contains("key"),
        "set": lambda: backend.set("key", b"new"),
        "set with time": lambda: backend.set("key", b"new", time_to_live=60),
        "set_many": lambda: backend.set_many([("key", b"new"), ("other", b"new")]),
        "set_many with time": lambda: backend.set_many([("key", b"new")], time_to_live=60),
        "expire_in": lambda: backend.expire_in("key", 60),
        "delete": lambda: backend.delete("key"),
        "delete_many": lambda: backend.delete_many("key", "other"),
        "clear": backend.clear,
        "clear_prefix": lambda: backend.clear_prefix("k"),
    }
    raised: dict[str, Exception | None] = {}
    for name, operation in operations.items():
        try:
            operation()
        except Exception as error:
            raised[name] = error
        else:
            raised[name] = None
    return raised


# Away


@pytest.mark.no_leaks
def test_server_that_is_away_is_told_soon_by_every_operation() -> None:
    backend = RedisBackend.from_url(f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0")

    start = time.monotonic()
    raised = everything(backend)
    elapsed = time.monotonic() - start

    assert all(isinstance(error, RedisConnectionError) for error in raised.values()), raised
    assert elapsed < SLOW
    for error in raised.values():
        assert PASSWORD not in "".join(traceback.format_exception(error))  # type: ignore[arg-type]
    backend.close()


def test_server_that_comes_up_is_used_at_once(private_server: Server) -> None:
    private_server.kill()
    with RedisBackend.from_url(patient(private_server.url)) as backend:
        with pytest.raises(RedisConnectionError):
            backend.set("key", b"value")

        private_server.start()

        backend.set("key", b"value")
        assert backend.get("key") == b"value"


def test_password_that_is_wrong_is_not_shown(start_server: StartServer) -> None:
    server = start_server(password="right")
    url = patient(server.url.replace("right", PASSWORD))
    with RedisBackend.from_url(url) as backend:
        with pytest.raises(AuthenticationError) as caught:
            backend.set("key", VALUE.encode())

        shown = "".join(traceback.format_exception(caught.value))
        assert PASSWORD not in shown
        assert VALUE not in shown
    with RedisBackend.from_url(patient(server.url)) as backend:
        assert backend.contains("key") is False


def test_host_that_has_no_address_is_told() -> None:
    backend = RedisBackend.from_url("redis://host.invalid:6379/0?socket_connect_timeout=5")

    with pytest.raises(RedisError):
        backend.get("key")


def test_connections_are_opened_a_few_at_a_time(valkey_server: Server) -> None:
    with Proxy(valkey_server.port) as proxy:
        url = patient(proxy.url_through(valkey_server.fresh_url()))
        with RedisBackend.from_url(url) as backend:
            proxy.black_hole()

            def count_and_relieve() -> int:
                sleep(0.3)
                accepted = proxy.accepted
                proxy.forward()
                return accepted

            *found, accepted = run_together(
                [*[lambda: backend.contains("key")] * 40, count_and_relieve]
            )

    assert found == [False] * 40
    assert 1 <= accepted <= 8


# Connections that die while they lie idle


@pytest.mark.no_leaks
def test_server_restarted_between_operations_works_at_once(private_server: Server) -> None:
    with RedisBackend.from_url(patient(private_server.url)) as backend:
        run_together([lambda: backend.set("key", b"value")] * 10)
        private_server.restart()
        with pytest.raises(KeyError):
            backend.get("key")

        run_together([lambda: backend.set("key", b"value")] * 10)
        private_server.restart()
        backend.set_many([("key", b"value")], time_to_live=60)
        assert backend.get("key") == b"value"

        run_together([lambda: backend.contains("key")] * 10)
        private_server.restart()
        assert run_together([lambda: backend.contains("key")] * 10) == [False] * 10


def test_server_restarted_before_a_condition_works_at_once(private_server: Server) -> None:
    with RedisBackend.from_url(patient(private_server.url)) as backend:
        backend.set("key", b"value")
        private_server.restart()

        assert backend.set("key", b"value", if_not_exists=True) is True
        assert backend.set("key", b"value", if_not_exists=True) is False


def test_connections_closed_by_the_server_are_replaced(private_server: Server) -> None:
    with RedisBackend.from_url(patient(private_server.url)) as backend:
        for _ in range(5):
            backend.set("key", b"value", time_to_live=60)
            private_server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")

            assert backend.get("key") == b"value"


@pytest.mark.parametrize("fault", ["reset", "half_close"])
def test_line_cut_between_operations_is_replaced(valkey_server: Server, fault: str) -> None:
    with Proxy(valkey_server.port) as proxy:
        url = patient(proxy.url_through(valkey_server.fresh_url()))
        with RedisBackend.from_url(url) as backend:
            backend.set("key", b"value")

            getattr(proxy, fault)()

            assert backend.get("key") == b"value"


@pytest.mark.parametrize("count", [1, 3, 5, 9, 14])
def test_reply_cut_short_is_asked_for_again(valkey_server: Server, count: int) -> None:
    with Proxy(valkey_server.port) as proxy:
        url = patient(proxy.url_through(valkey_server.fresh_url()))
        with RedisBackend.from_url(url) as backend:
            backend.set_many([("key", b"0123456789"), ("other", b"9876543210")])

            proxy.cut_after(count)

            assert backend.get("key") == b"0123456789"
            assert backend.get("other") == b"9876543210"


def test_set_if_not_exists_whose_reply_is_lost_is_not_denied(valkey_server: Server) -> None:
    with Proxy(valkey_server.port) as proxy:
        url = patient(proxy.url_through(valkey_server.fresh_url()))
        with RedisBackend.from_url(url) as backend:
            backend.contains("key")

            proxy.cut_after(1)
            try:
                changed = backend.set("key", b"value", if_not_exists=True)
            except RedisConnectionError:
                changed = True

            assert changed is True
            assert backend.get("key") == b"value"


# Frozen


@pytest.mark.no_leaks
def test_server_frozen_times_out_and_never_answers_another_question(
    private_server: Server,
) -> None:
    url = f"{private_server.url}?socket_timeout=0.2&socket_connect_timeout=0.2"
    with RedisBackend.from_url(url) as backend:
        keys = [f"key {number}" for number in range(8)]
        backend.set_many((key, key.encode()) for key in keys)
        private_server.freeze()

        start = time.monotonic()
        for key in keys[:3]:
            with pytest.raises((RedisTimeoutError, RedisConnectionError)):
                backend.get(key)
        with pytest.raises((RedisTimeoutError, RedisConnectionError)):
            collect(backend.get_many(*keys))
        assert time.monotonic() - start < SLOW

        private_server.thaw()
        for key in keys:
            assert _get_in_time(backend, key) == key.encode()


def _get_in_time(backend: RedisBackend, key: str) -> bytes:
    """Get a value from a server that may still be about to wake up."""
    deadline = time.monotonic() + SLOW
    while time.monotonic() < deadline:
        try:
            return backend.get(key)
        except (RedisTimeoutError, RedisConnectionError):
            continue
    msg = "the server does not wake up"
    raise AssertionError(msg)


@pytest.mark.no_leaks
def test_connection_in_use_while_the_backend_is_closed_is_closed_after_use(
    private_server: Server,
) -> None:
    backend = RedisBackend.from_url(patient(private_server.url))
    backend.set("key", b"value")
    private_server.freeze()

    def close() -> None:
        sleep(0.2)  # meanwhile the other one waits for an answer
        backend.close()
        private_server.thaw()

    found, _ = run_together([lambda: backend.get("key"), close])

    assert found == b"value"


def test_default_timeout_is_a_quarter_of_a_second(private_server: Server) -> None:
    with RedisBackend.from_url(private_server.url) as backend:
        backend.contains("key")
        private_server.freeze()

        start = time.monotonic()
        with pytest.raises(RedisTimeoutError):
            backend.get("key")

        assert 0.2 < time.monotonic() - start < SLOW


# In trouble


def test_server_out_of_memory_refuses_writes_and_serves_reads(private_server: Server) -> None:
    with RedisBackend.from_url(patient(private_server.url)) as backend:
        backend.set("key", b"value")
        private_server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
        private_server.command("CONFIG", "SET", "maxmemory", "1")

        for time_to_live in (None, 60):
            with pytest.raises(ResponseError, match="maxmemory"):
                backend.set("key", b"new", time_to_live=time_to_live)
            with pytest.raises(ResponseError, match="maxmemory"):
                backend.set_many([("key", b"new")], time_to_live=time_to_live)
        assert backend.get("key") == b"value"

        private_server.command("CONFIG", "SET", "maxmemory", "0")
        assert backend.set("key", b"new") is True


def test_server_that_became_a_replica_refuses_writes_and_serves_reads(
    private_server: Server,
) -> None:
    with RedisBackend.from_url(patient(private_server.url)) as backend:
        backend.set("key", b"value")
        private_server.command("REPLICAOF", "127.0.0.1", str(free_port()))

        with pytest.raises(ResponseError, match="replica"):
            backend.set("key", b"new")
        with pytest.raises(ResponseError, match="replica"):
            backend.set_many([("key", b"new")], time_to_live=60)
        with pytest.raises(ResponseError, match="replica"):
            backend.delete("key")
        assert backend.get("key") == b"value"

        private_server.command("REPLICAOF", "NO", "ONE")
        assert backend.delete("key") is True


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_error_of_the_server_is_raised_by_every_operation(
    scripted_server: ScriptedServer, error: str
) -> None:
    scripted_server.data.update({b"key": b"value", b"other": b"value"})
    with RedisBackend.from_url(patient(scripted_server.url)) as backend:
        scripted_server.fail("*", error)
        raised = everything(backend)
        assert all(isinstance(one, RedisError) for one in raised.values()), raised

        scripted_server.heal()
        assert backend.get("key") == b"value"
    assert scripted_server.data == {b"key": b"value", b"other": b"value"}


@pytest.mark.parametrize("error", WRITE_ERRORS.values(), ids=WRITE_ERRORS)
def test_error_of_a_write_leaves_reads_alone(scripted_server: ScriptedServer, error: str) -> None:
    scripted_server.data[b"key"] = b"value"
    with RedisBackend.from_url(patient(scripted_server.url)) as backend:
        for command in ("SET", "MSET", "DEL"):
            scripted_server.fail(command, error)
        writes = {"set", "set with time", "set_many", "set_many with time", "delete", "delete_many"}
        raised = everything(backend)

        assert {name for name in writes if isinstance(raised[name], ResponseError)} == writes
        assert raised["get"] is raised["get_many"] is raised["contains"] is None


def test_error_while_a_transaction_is_queued_is_the_one_raised(
    scripted_server: ScriptedServer,
) -> None:
    with RedisBackend.from_url(patient(scripted_server.url)) as backend:
        scripted_server.fail("SET", WRITE_ERRORS["OOM"], times=1)

        with pytest.raises(ResponseError, match="maxmemory"):
            backend.set_many([("a", b"1"), ("b", b"2"), ("c", b"3")], time_to_live=60)

        backend.set_many([("a", b"1"), ("b", b"2")], time_to_live=60)
        assert backend.get("b") == b"2"


def test_error_within_a_transaction_is_raised(scripted_server: ScriptedServer) -> None:
    with RedisBackend.from_url(patient(scripted_server.url)) as backend:
        scripted_server.answer("EXEC", b"*2\r\n+OK\r\n-ERR one of them failed\r\n", times=1)

        with pytest.raises(ResponseError, match="one of them failed"):
            backend.set_many([("a", b"1"), ("b", b"2")], time_to_live=60)


@pytest.mark.parametrize("reply", [b"", b"nonsense\r\n", b"$5\r\nab", b"*-7\r\n", b"\0\0\0\0\r\n"])
def test_reply_that_is_none_is_an_error_and_not_used_again(
    scripted_server: ScriptedServer, reply: bytes
) -> None:
    scripted_server.data[b"key"] = b"value"
    url = f"{scripted_server.url}?socket_timeout=0.3&socket_connect_timeout=10"
    with RedisBackend.from_url(url) as backend:
        assert backend.get("key") == b"value"
        scripted_server.answer("GET", reply)
        with pytest.raises(RedisError):
            backend.get("key")

        scripted_server.heal()
        assert backend.get("key") == b"value"
