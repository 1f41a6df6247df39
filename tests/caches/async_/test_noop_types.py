"""Values that are stored as they are: a hit has the type of the miss, or the value is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cachetory.caches.async_ import Cache
from cachetory.policy import Policy
from tests.backends.addresses import patient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.servers import Server

    AnyCache = Cache[Any, Any]

POLICIES = {"plain": None, "with times": Policy(time_to_live=60, stale_while_revalidate=60)}


@pytest.fixture(params=["memory", "sqlite", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "redis":
        return patient(request.getfixturevalue("valkey_server").fresh_url())
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/cache.db"


@pytest.fixture(params=POLICIES.values(), ids=POLICIES)
async def cache(url: str, request: pytest.FixtureRequest) -> AsyncIterator[AnyCache]:
    async with Cache[Any, Any](backend=url, serializer="noop://", policy=request.param) as cache:
        yield cache


class Name(str):
    """A string, and more."""

    __slots__ = ()


VALUES: list[Any] = ["text", "", b"bytes", b"", 5, True, 1.5, [1], {"a": 1}, Name("x")]
VALUES += [bytearray(b"buffer"), memoryview(b"view"), ("t",), object()]


@pytest.mark.parametrize("value", VALUES, ids=lambda it: type(it).__name__)
async def test_loaded_value_has_one_type_whether_it_was_stored_or_not(
    cache: AnyCache, value: Any
) -> None:
    results = [await cache.get_or_set("key", lambda: value) for _ in range(3)]

    assert [type(it) for it in results] == [type(value)] * 3
    assert results == [value] * 3


@pytest.mark.parametrize("value", VALUES, ids=lambda it: type(it).__name__)
async def test_set_keeps_the_type_or_refuses_with_the_way_out(cache: AnyCache, value: Any) -> None:
    refusal = None
    try:
        await cache.set("key", value)
    except TypeError as error:
        refusal = str(error)
    if refusal is not None:
        assert "`noop://` stores values as they are" in refusal
        assert f"{type(value).__name__} would come back as another type" in refusal
        assert "`pickle://` or `json://`" in refusal
        return
    found = await cache.get("key")

    assert type(found) is type(value)
    assert found == value


MARKED = [b"\xc1", b"\xc1" * 40, b"\xc1\x01" + bytes(60), b"\xc1" + b"\x01\x08\x00" * 20]


@pytest.mark.parametrize("raw", MARKED, ids=range(len(MARKED)))
async def test_raw_bytes_that_begin_like_an_envelope_are_kept(cache: AnyCache, raw: bytes) -> None:
    await cache.set("key", raw)

    assert await cache.get("key") == raw
    assert await cache.get_or_set("key", lambda: b"loaded") == raw
    assert cache.stats().undecodable == 0


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@example(b"\xc1\x01\x02")
@given(raw=st.binary(max_size=80).map(lambda it: b"\xc1" + it))
async def test_any_bytes_that_begin_like_an_envelope_are_kept(raw: bytes) -> None:
    for policy in POLICIES.values():
        async with Cache[Any, Any](
            backend="memory://", serializer="noop://", policy=policy
        ) as cache:
            await cache.set("key", raw)

            assert await cache.get("key") == raw


RAW = MARKED[:-1]  # the last one has both marks of an envelope, which happens by design only


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
async def test_bytes_that_a_bare_client_writes_are_read_as_they_are(
    valkey_server: Server, raw: bytes
) -> None:
    url = patient(valkey_server.fresh_url())
    client = redis.Redis.from_url(url)
    async with Cache[Any, Any](backend=url, serializer="noop://") as cache:
        client.set("key", raw)

        assert await cache.get("key") == raw
    client.close()


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
async def test_bytes_of_a_bare_client_are_a_miss_where_envelopes_are_expected(
    valkey_server: Server, raw: bytes
) -> None:
    url = patient(valkey_server.fresh_url())
    client = redis.Redis.from_url(url)
    policy = POLICIES["with times"]
    async with Cache[Any, Any](backend=url, serializer="noop://", policy=policy) as cache:
        client.set("key", raw)

        assert await cache.get("key") is None
        assert cache.stats().undecodable == 1
    client.close()


@pytest.mark.parametrize("raw", [*RAW, b"plain", b""], ids=range(len(RAW) + 2))
async def test_bytes_without_times_are_what_a_bare_client_reads(
    valkey_server: Server, raw: bytes
) -> None:
    url = patient(valkey_server.fresh_url())
    client = redis.Redis.from_url(url)
    async with Cache[Any, Any](backend=url, serializer="noop://") as cache:
        await cache.set("key", raw)

        assert client.get("key") == raw
    client.close()
