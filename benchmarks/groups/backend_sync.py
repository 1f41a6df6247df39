"""What a backend adds to its client, or spares it: operations on bytes in one thread."""

# ruff: noqa: PLC0415
# A library is imported where it is measured, so that one may be missing.

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from benchmarks.cases import SECONDS, TIME_TO_LIVE, Group
from benchmarks.groups.redis_sync import REDIS_PY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from benchmarks.cases import Bench, Case

CASES = {
    "get": "get(key)",
    "set, TTL": "put(key, value)",
    "get_many(100)": "get_many(keys)",
    "set_many(100), TTL": "put_many(items)",
}


class Store(NamedTuple):
    """The operations of one library; whatever it writes lives for an hour."""

    get: Callable[[str], Any]
    put: Callable[[str, bytes], Any]
    get_many: Callable[[list[str]], Any]
    put_many: Callable[[Mapping[str, bytes]], Any]


def redis_py(url: str) -> Store:
    """The client itself; it writes many values with a time to live in a transaction."""
    from redis import Redis

    client = Redis.from_url(url)

    def put_many(items: Mapping[str, bytes]) -> None:
        pipeline = client.pipeline()
        for key, value in items.items():
            pipeline.set(key, value, ex=SECONDS)
        pipeline.execute()

    return Store(client.get, partial(client.set, ex=SECONDS), client.mget, put_many)


def cachetory(url: str) -> Store:
    """The backend alone, without a cache."""
    from cachetory.backends.sync import RedisBackend

    backend = RedisBackend.from_url(url)

    def put_many(items: Mapping[str, bytes]) -> None:
        backend.set_many(items.items(), time_to_live=TIME_TO_LIVE)

    return Store(
        backend.get,
        partial(backend.set, time_to_live=TIME_TO_LIVE),
        lambda keys: list(backend.get_many(*keys)),
        put_many,
    )


def valkey_glide(url: str) -> Store:
    """A core in Rust; it, too, writes many values in a transaction."""
    import glide_sync as glide

    client = glide.GlideClient.create(glide_configuration(glide, url))
    expiry = glide.ExpirySet(glide.ExpiryType.SEC, SECONDS)

    def put_many(items: Mapping[str, bytes]) -> None:
        batch = glide.Batch(is_atomic=True)
        for key, value in items.items():
            batch.set(key, value, expiry=expiry)
        client.exec(batch, raise_on_error=True)

    return Store(client.get, partial(client.set, expiry=expiry), client.mget, put_many)


def glide_configuration(glide: ModuleType, url: str) -> Any:
    """Tell valkey-glide, of either colour, which server to use."""
    address = urlsplit(url)
    password = address.password and unquote(address.password)
    return glide.GlideClientConfiguration(
        [glide.NodeAddress(address.hostname, address.port or 6379)],
        credentials=glide.ServerCredentials(password, address.username) if password else None,
        database_id=int(address.path.strip("/") or 0),
    )


def _cases(open_store: Callable[[str], Store], bench: Bench) -> Iterator[Case]:
    store = open_store(bench.redis_url)
    for key, value in bench.items.items():
        store.put(key, value)
    for operation, statement in CASES.items():
        yield bench.case(operation, statement, **store._asdict())


GROUP = Group(
    name="backend",
    title="Redis backends, sync",
    about=(
        "The backend alone, without cache and serializer, beside other clients: time as a multiple "
        "of the same operation of redis-py 8 with hiredis; less is better. Release 3.5.1 of "
        "cachetory runs on redis-py 6.4."
    ),
    baselines={operation: (REDIS_PY, operation) for operation in CASES},
    libraries={
        name: partial(_cases, open_store)
        for name, open_store in {
            REDIS_PY: redis_py,
            "cachetory": cachetory,
            "valkey-glide": valkey_glide,
        }.items()
    },
    needs_server=True,
    shows_costs=True,
)
