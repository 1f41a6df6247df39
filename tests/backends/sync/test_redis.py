# Generated from tests/backends/async_/test_redis.py by tools/unasync.py. Do not edit: edit that file instead.
"""What the Redis backend does besides the contract: URLs, clients, commands, and connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from redis import BlockingConnectionPool, ConnectionPool, Redis
from redis.exceptions import RedisError, ResponseError

from cachetory.backends.sync import RedisBackend, from_url
from cachetory.errors import ConfigurationError, InvalidDurationError
from cachetory.testing.sync_only import collect, run_together
from tests.backends.addresses import connections_made, database_of, patient
from tests.canary import PASSWORD

if TYPE_CHECKING:
    from tests.servers import Server


# URLs


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://user:{}@localhost/0?sokket_timeout=1", "the parameter 'sokket_timeout'"),
        ("redis://localhost/0?password={}&max-entries=1", "the parameter 'max-entries'"),
        ("redis://:{}@localhost/0?socket_timeout=soon", "socket_timeout"),
        ("redis://:{}@localhost/0?max_connections=many", "max_connections"),
        ("redis://:{}@localhost:port/0", "cannot be used"),
        ("redis://:{}@localhost:123456789/0", "cannot be used"),
        ("redis://user:{}@localhost/0?decode_responses=True", "`decode_responses`"),
        ("unix://user:{}@/socket?timeout=1", "the parameter 'timeout'"),
        ("redis+unix://user:{}@/socket?decode_responses=yes", "`decode_responses`"),
        ("valkeys://:{}@localhost?ssl_ca=file", "the parameter 'ssl_ca'"),
    ],
)
def test_from_url_that_cannot_work_is_refused_without_its_password(url: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        from_url(url.format(PASSWORD))

    shown = f"{caught.value!r} {caught.value.__cause__!r}"
    assert PASSWORD not in shown
    assert caught.value.__suppress_context__ or PASSWORD not in repr(caught.value.__context__)


@pytest.mark.parametrize("flag", ["1", "true", "True", "yes"])
def test_from_url_decode_responses_is_refused(flag: str) -> None:
    with pytest.raises(ConfigurationError, match="a serializer reads bytes"):
        from_url(f"redis://localhost?decode_responses={flag}")


def test_from_url_connects_nobody() -> None:
    from_url("redis://host.invalid:1/0")


def test_from_url_parameters_reach_the_connections(redis_url: str) -> None:
    url = f"{patient(redis_url)}&client_name=by-url&health_check_interval=30&protocol=2"
    with RedisBackend.from_url(url) as backend:
        assert backend._servers.get().ask("CLIENT", "GETNAME") == b"by-url"


def test_from_url_of_subclass_makes_its_instance() -> None:
    class Mine(RedisBackend):
        pass

    assert type(Mine.from_url("redis://localhost")) is Mine


def test_backend_repr_shows_no_password() -> None:
    backend = RedisBackend.from_url(f"redis://user:{PASSWORD}@localhost/0")

    assert PASSWORD not in repr(backend)
    assert PASSWORD not in repr(backend._servers.get())


# Clients


def test_client_that_decodes_responses_is_refused() -> None:
    client = Redis(password=PASSWORD, decode_responses=True)

    with pytest.raises(ConfigurationError, match="`decode_responses`") as caught:
        RedisBackend(client)
    assert PASSWORD not in repr(caught.value)


@pytest.mark.parametrize("client", [None, object(), "redis://localhost", b""])
def test_client_that_is_none_is_refused(client: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used here: give a `redis"):
        RedisBackend(client)


def test_client_is_never_closed(redis_url: str) -> None:
    with Redis.from_url(patient(redis_url)) as client:
        before = client.client_id()
        with RedisBackend(client) as backend:
            backend.set("key", b"value")
        backend.close()

        assert client.client_id() == before
        assert client.get("key") == b"value"
        assert backend.get("key") == b"value"
        backend.close()


def test_client_settings_are_used(redis_url: str) -> None:
    with Redis.from_url(patient(redis_url), client_name="by-client") as client:
        backend = RedisBackend(client)

        assert backend._servers.get().ask("CLIENT", "GETNAME") == b"by-client"
        backend.close()


@pytest.mark.parametrize("kind", [ConnectionPool, BlockingConnectionPool])
def test_limit_of_the_clients_pool_is_respected(valkey_server: Server, kind: Any) -> None:
    pool = kind.from_url(patient(valkey_server.fresh_url()), max_connections=3)
    backend = RedisBackend(Redis(connection_pool=pool))
    before = connections_made(valkey_server)

    run_together([lambda: backend.contains("key")] * 40)

    assert 1 <= connections_made(valkey_server) - before - 1 <= 3
    backend.close()


def test_limit_of_the_url_is_respected(valkey_server: Server) -> None:
    url = f"{patient(valkey_server.fresh_url())}&max_connections=2"
    with RedisBackend.from_url(url) as backend:
        before = connections_made(valkey_server)

        run_together([lambda: backend.contains("key")] * 40)

        assert 1 <= connections_made(valkey_server) - before - 1 <= 2


def test_one_connection_suffices_for_calls_within_an_iteration(redis_url: str) -> None:
    with RedisBackend.from_url(f"{patient(redis_url)}&max_connections=1") as backend:
        backend.set_many([("a", b"1"), ("b", b"2")], time_to_live=60)

        for key, value in backend.get_many("a", "b"):
            assert backend.get(key) == value
            backend.set(key, value * 2)

        assert dict(collect(backend.get_many("a", "b"))) == {"a": b"11", "b": b"22"}


def test_calls_one_after_another_share_a_connection(valkey_server: Server) -> None:
    with RedisBackend.from_url(patient(valkey_server.fresh_url())) as backend:
        before = connections_made(valkey_server)
        for _ in range(20):
            backend.set("key", b"value", time_to_live=60)
            backend.set_many([("key", b"value")], time_to_live=60)
            collect(backend.get_many("key"))

        assert connections_made(valkey_server) - before - 1 == 1


# Commands


def test_time_to_live_is_kept_in_milliseconds(redis_server: Server) -> None:
    url = redis_server.fresh_url()
    with RedisBackend.from_url(patient(url)) as backend:
        backend.set("alone", b"value", time_to_live=30.5)
        backend.set_many([("bulk", b"value")], time_to_live=30.5)
        backend.set_many([("changed", b"value"), ("eternal", b"value")])
        backend.expire_in("changed", 30.5)

    lasting = [
        redis_server.command("PTTL", key, database=database_of(url))
        for key in ("alone", "bulk", "changed")
    ]
    assert all(15_000 < milliseconds <= 30_500 for milliseconds in lasting)
    assert redis_server.command("PTTL", "eternal", database=database_of(url)) == -1


def test_set_many_without_time_to_live_makes_all_eternal(redis_server: Server) -> None:
    url = redis_server.fresh_url()
    with RedisBackend.from_url(patient(url)) as backend:
        backend.set("key", b"value", time_to_live=60)
        backend.set_many([("key", b"value")])

    assert redis_server.command("PTTL", "key", database=database_of(url)) == -1


def test_refused_duration_reaches_no_server() -> None:
    backend = RedisBackend.from_url("redis://host.invalid:1/0")

    with pytest.raises(InvalidDurationError):
        backend.set("key", b"value", time_to_live=float("nan"))
    with pytest.raises(InvalidDurationError):
        backend.set_many([("key", b"value")], time_to_live=float("nan"))
    with pytest.raises(InvalidDurationError):
        backend.expire_in("key", True)


def test_empty_bulk_operations_reach_no_server() -> None:
    backend = RedisBackend.from_url("redis://host.invalid:1/0")

    assert collect(backend.get_many()) == []
    backend.set_many([])
    backend.set_many(iter([]), time_to_live=60)
    backend.delete_many()


def test_clear_empties_its_own_database_only(redis_server: Server) -> None:
    one, other = redis_server.fresh_url(), redis_server.fresh_url()
    with (
        RedisBackend.from_url(patient(one)) as ours,
        RedisBackend.from_url(patient(other)) as theirs,
    ):
        ours.set("key", b"value")
        theirs.set("key", b"value")

        ours.clear()

        assert ours.contains("key") is False
        assert theirs.contains("key") is True


def test_clear_prefix_of_20000_keys_blocks_nobody_and_spares_the_others(
    redis_server: Server,
) -> None:
    url = redis_server.fresh_url()
    with RedisBackend.from_url(patient(url)) as backend:
        backend.set_many((f"ours:{number}", b"") for number in range(20_000))
        backend.set_many((f"theirs:{number}", b"") for number in range(2_000))
        before = _calls_of(redis_server)

        backend.clear_prefix("ours:")

        calls = {
            name: count - before.get(name, 0)
            for name, count in _calls_of(redis_server).items()
            if count != before.get(name, 0)
        }
    assert redis_server.command("DBSIZE", database=database_of(url)) == 2_000
    assert calls.keys() <= {"scan", "unlink", "info", "select"}
    assert calls["scan"] >= 10


def _calls_of(server: Server) -> dict[str, int]:
    answer = server.command("INFO", "commandstats")
    assert isinstance(answer, bytes)
    lines = (line.partition(":calls=") for line in answer.decode().splitlines())
    return {
        name.removeprefix("cmdstat_"): int(rest.partition(",")[0])
        for name, found, rest in lines
        if found
    }


def test_key_that_holds_another_type_is_an_error_not_a_miss(
    redis_server: Server,
) -> None:
    url = redis_server.fresh_url()
    redis_server.command("LPUSH", "list", "item", database=database_of(url))
    with RedisBackend.from_url(patient(url)) as backend:
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            backend.get("list")
        assert collect(backend.get_many("list")) == []
        assert backend.contains("list") is True

        backend.set("list", b"value")
        assert backend.get("list") == b"value"


@pytest.mark.no_leaks
def test_value_that_is_no_wire_is_refused_and_spoils_nothing(valkey_server: Server) -> None:
    with RedisBackend.from_url(patient(valkey_server.fresh_url())) as backend:
        backend.set("key", b"value")
        before = connections_made(valkey_server)

        wrong: Any
        for wrong in (None, {}, object(), 5):
            with pytest.raises(TypeError, match=f"not a {type(wrong).__name__}"):
                backend.set("key", wrong)
            with pytest.raises(TypeError):
                backend.set_many([("key", b"new"), ("other", wrong)], time_to_live=60)

        assert backend.get("key") == b"value"
        assert backend.contains("other") is False
        assert connections_made(valkey_server) - before - 1 == 0


@pytest.mark.no_leaks
def test_command_that_cannot_be_sent_leaves_no_connection_open(
    valkey_server: Server,
) -> None:
    with RedisBackend.from_url(patient(valkey_server.fresh_url())) as backend:
        backend.set("key", b"value")
        unsendable: Any = object()

        for _ in range(5):
            with pytest.raises(RedisError):
                backend._servers.get().ask("SET", "key", unsendable)

        assert backend.get("key") == b"value"


# Life


@pytest.mark.no_leaks
def test_backend_closed_leaves_nothing_open(valkey_server: Server) -> None:
    with RedisBackend.from_url(patient(valkey_server.fresh_url())) as backend:
        run_together([lambda: backend.set("key", b"value", time_to_live=60)] * 20)
        collect(backend.get_many("key"))
        with pytest.raises(KeyError):
            backend.get("missing")
    backend.close()


@pytest.mark.no_leaks
def test_backend_used_again_after_closing_is_closed_again(valkey_server: Server) -> None:
    backend = RedisBackend.from_url(patient(valkey_server.fresh_url()))
    for _ in range(5):
        with backend:
            backend.set("key", b"value")
            assert backend.get("key") == b"value"


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:p4/canary-secret@host",
        "redis://:canary-secret#x@host",
        "redis://:canary-secret?x@host",
        "redis://:pa[canary-secret]x@host",
    ],
)
def test_password_with_special_characters_is_not_quoted(url: str) -> None:
    with pytest.raises(ConfigurationError, match="percent-encode") as caught:
        RedisBackend.from_url(url)

    assert "canary-secret" not in str(caught.value)
