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

COMMANDS = ["*", "GET", "MGET", "SET", "EVALSHA", "EVAL", "SUBSCRIBE"]
POLICIES = {
    "plain": None,
    "lease": Policy(lease=5),
    "everything": Policy(
        time_to_live=60,
        stale_while_revalidate=60,
        stale_if_error=60,
        negative_time_to_live=1,
        early_refresh=1,
        lease=5,
    ),
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture(params=POLICIES)
def cache(server: ScriptedServer, request: pytest.FixtureRequest) -> Cache[Any]:
    policy = POLICIES[request.param]
    return Cache[Any](backend=patient(server.url), serializer="json://", policy=policy)


def everything(cache: Cache[Any], key: str) -> list[Any]:
    """Read by all means that there are."""

    @cached(cache, make_key=lambda _function, key: key)
    def one(key: str) -> str:
        return "value"

    @cached_many(cache)
    def many(keys: list[str]) -> dict[str, str]:
        return dict.fromkeys(keys, "value")

    def load_many(keys: list[str]) -> dict[str, str]:
        return dict.fromkeys(keys, "value")

    results: list[Any] = []
    results.append(cache.get_or_set(key, lambda: "value"))
    results.append(cache.get_or_set_many([key, f"{key} too"], load_many))
    results.append(one(f"{key} three"))
    results.append(many([key, f"{key} too"]))
    results.append(cache.refresh(key, lambda: "value"))
    results.append(cache.refresh_many([key, f"{key} too"], load_many))
    return results


def what_they_give(key: str) -> list[Any]:
    both = {key: "value", f"{key} too": "value"}
    return ["value", both, "value", both, "value", both]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_error_reply_reaches_no_caller(
    server: ScriptedServer, cache: Cache[Any], command: str, error: str
) -> None:
    server.fail(command, error)

    cold = everything(cache, "key")
    assert cache.get("another") is None
    assert cache.get_many("another") == {}
    assert not cache.contains("another")
    assert (cache.lookup("another")).state == "miss"

    assert cold == what_they_give("key")
    assert everything(cache, "key") == cold
    cache.close()


@pytest.mark.parametrize("command", ["SET", "EVALSHA", "EVAL", "SUBSCRIBE"])
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_error_reply_to_a_write_leaves_reads_alone(
    server: ScriptedServer, cache: Cache[Any], command: str, error: str
) -> None:
    cache.set("key", "there")
    server.fail(command, error)

    for number in range(10):
        cache.get_or_set(f"cold {number}", lambda: "value")

    assert cache.get("key") == "there"
    cache.close()


@pytest.mark.parametrize("error", WRITE_ERRORS.values(), ids=WRITE_ERRORS)
def test_write_error_to_a_claim_does_not_hold_up_its_load(
    server: ScriptedServer, cache: Cache[Any], error: str
) -> None:
    server.fail("SET", error, times=1)

    assert cache.get_or_set("key", lambda: "value") == "value"
    assert cache.get_or_set("key", lambda: "another") in ("value", "another")
    assert cache.get_or_set("key", lambda: "yet another") != "yet another"
    cache.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_nonsense_for_a_reply_reaches_no_caller(
    server: ScriptedServer, cache: Cache[Any], command: str
) -> None:
    for reply in (
        b":7\r\n",
        b"$-1\r\n",
        b"*0\r\n",
        b"*1\r\n$1\r\nx\r\n",
        b"+OK\r\n",
        b"!\r\n",
        b"",
    ):
        server.heal()
        server.answer(command, reply)
        for key in ("key", "other key"):
            assert everything(cache, key) == what_they_give(key)
    cache.close()
