"""The scripted server serves a client, and fails it as told."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
import redis

from tests.faults import ERRORS, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture(params=[2, 3])
def client(server: ScriptedServer, request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url, retry=None, protocol=request.param) as client:
        yield client


def test_scripted_server_unscripted_keeps_values(
    server: ScriptedServer, client: redis.Redis
) -> None:
    assert client.ping()
    assert client.get("key") is None
    assert client.set("key", b"value")
    assert client.set("key", b"other", nx=True, px=1000) is None
    assert client.mget("key", "none") == [b"value", None]
    assert client.exists("key") == 1
    assert server.data == {b"key": b"value"}
    assert client.delete("key", "none") == 1
    assert [b"PING"] in server.received


def test_scripted_server_lets_values_go_when_their_time_is_over(client: redis.Redis) -> None:
    client.set("key", b"value", px=20)
    client.set("other", b"value", px=20)
    client.set("other", b"for ever")

    deadline = time.monotonic() + 30
    while client.get("key") is not None:
        assert time.monotonic() < deadline
    assert client.get("other") == b"for ever"


def test_scripted_server_given_a_transaction_runs_it(client: redis.Redis) -> None:
    with client.pipeline(transaction=True) as pipeline:
        pipeline.set("key", b"value")
        pipeline.get("key")

        assert pipeline.execute() == [True, b"value"]


def test_unknown_command_is_refused(client: redis.Redis) -> None:
    with pytest.raises(redis.ResponseError, match="unknown command"):
        client.incr("key")


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_fail_once_raises_once(server: ScriptedServer, client: redis.Redis, name: str) -> None:
    client.ping()
    server.fail("get", ERRORS[name], times=1)

    with pytest.raises(redis.RedisError):
        client.get("key")
    assert client.get("key") is None


def test_fail_for_all_commands_spares_the_handshake_until_healed(
    server: ScriptedServer, client: redis.Redis
) -> None:
    server.fail("*", ERRORS["OOM"])
    for _ in range(2):
        with pytest.raises(redis.OutOfMemoryError):
            client.set("key", b"value")

    server.heal()

    assert client.set("key", b"value")


def test_fail_within_a_transaction_aborts_it(server: ScriptedServer, client: redis.Redis) -> None:
    server.fail("SET", ERRORS["OOM"])

    with client.pipeline(transaction=True) as pipeline:
        pipeline.set("key", b"value")
        pipeline.get("key")
        with pytest.raises(redis.RedisError):
            pipeline.execute()

    assert server.data == {}


def test_answer_is_sent_as_it_is(server: ScriptedServer, client: redis.Redis) -> None:
    server.answer("GET", b"$5\r\nwrong\r\n")

    assert client.get("key") == b"wrong"


def test_answer_of_nothing_hangs_up(server: ScriptedServer) -> None:
    server.answer("GET", b"")

    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n")
        assert line.recv(1) == b""


def test_disconnect_ends_lines_and_takes_new_ones(
    server: ScriptedServer, client: redis.Redis
) -> None:
    client.ping()
    server.disconnect()

    with redis.Redis.from_url(server.url, retry=None) as newer:
        assert newer.ping()


@pytest.mark.no_leaks
def test_scripted_server_closed_under_a_client_leaves_nothing_behind() -> None:
    with ScriptedServer() as server, redis.Redis.from_url(server.url) as client:
        client.ping()
