# Generated from tests/leases/async_/test_error_replies.py by tools/unasync.py. Do not edit: edit that file instead.
"""A server that answers any command with any error is no reason for a call to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.caches.sync import Cache
from cachetory.decorators.sync import cached, cached_many
from cachetory.policy import Policy
from tests.backends.addresses import patient
from tests.faults import ERRORS, WRITE_ERRORS, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITES = ["SET", "EVALSHA", "EVAL"]
COMMANDS = ["*", "GET", "MGET", *WRITES]
NONSENSE = [b":7\r\n", b"$-1\r\n", b"*0\r\n", b"*1\r\n$1\r\nx\r\n", b"+OK\r\n", b"!\r\n", b""]
POLICIES = {
    "no policy": None,
    "all of it": Policy(
        time_to_live=60,
        stale_while_revalidate=60,
        stale_if_error=60,
        negative_time_to_live=1,
        early_refresh=1,
        lease=0.2,
    ),
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> Policy | None:
    return POLICIES[request.param]


def cache_over(server: ScriptedServer, policy: Policy | None) -> Cache[Any]:
    return Cache[Any](backend=patient(server.url), serializer="json://", policy=policy)


def load_by_all_means(cache: Cache[Any], key: str) -> list[Any]:
    @cached(cache, make_key=lambda _function, key: key)
    def one(key: str) -> str:
        return "value"

    @cached_many(cache)
    def many(keys: list[str]) -> dict[str, str]:
        return dict.fromkeys(keys, "value")

    def load_many(keys: list[str]) -> dict[str, str]:
        return dict.fromkeys(keys, "value")

    values: list[Any] = []
    values.append(cache.get_or_set(key, lambda: "value"))
    values.append(cache.get_or_set_many([key, f"{key} too"], load_many))
    values.append(one(f"{key} three"))
    values.append(many([key, f"{key} too"]))
    values.append(cache.refresh(key, lambda: "value"))
    values.append(cache.refresh_many([key, f"{key} too"], load_many))
    return values


def what_they_give(key: str) -> list[Any]:
    both = {key: "value", f"{key} too": "value"}
    return ["value", both, "value", both, "value", both]


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_error_reply_to_any_command_reaches_no_caller(
    server: ScriptedServer, policy: Policy | None, error: str
) -> None:
    given: dict[str, Any] = {}
    found: dict[str, Any] = {}

    for command in COMMANDS:
        with cache_over(server, policy) as cache:
            server.fail(command, error)
            given[command] = load_by_all_means(cache, command)
            one = cache.get("nothing")
            many = cache.get_many("nothing", "neither")
            lookup = cache.lookup("nothing")
            found[command] = one, many, lookup.state, cache.contains("nothing")
            server.heal()

    assert given == {command: what_they_give(command) for command in COMMANDS}
    assert found == dict.fromkeys(COMMANDS, (None, {}, "miss", False))


@pytest.mark.parametrize("error", WRITE_ERRORS.values(), ids=WRITE_ERRORS)
def test_error_reply_to_writes_leaves_reads_alone(
    server: ScriptedServer, policy: Policy | None, error: str
) -> None:
    with cache_over(server, policy) as cache:
        cache.set("key", "there")
        for command in WRITES:
            server.fail(command, error)

        for number in range(10):
            assert cache.get_or_set(f"cold {number}", lambda: "value") == "value"

        assert cache.get("key") == "there"
        assert cache.get_or_set("key", lambda: "again") == "there"


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_error_reply_of_the_past_is_forgotten(
    server: ScriptedServer, policy: Policy | None, error: str
) -> None:
    with cache_over(server, policy) as cache:
        server.fail("*", error)
        cache.get_or_set("key", lambda: "not stored")
        server.heal()

        assert cache.get_or_set("key", lambda: "stored") == "stored"
        assert cache.get("key") == "stored"


@pytest.mark.parametrize("reply", NONSENSE)
def test_nonsense_for_a_reply_reaches_no_caller(
    server: ScriptedServer, policy: Policy | None, reply: bytes
) -> None:
    given: dict[str, Any] = {}

    for command in COMMANDS[1:]:
        url = f"{server.url}?socket_timeout=1&socket_connect_timeout=10"
        with Cache[Any](backend=url, serializer="json://", policy=policy) as cache:
            server.answer(command, reply)
            given[command] = load_by_all_means(cache, command)
            server.heal()

    assert given == {command: what_they_give(command) for command in COMMANDS[1:]}
