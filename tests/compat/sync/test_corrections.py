# Generated from tests/compat/async_/test_corrections.py by tools/unasync.py. Do not edit: edit that file instead.
"""Where this library is right instead of equal to release 3.5.1; what each colour has of its own
is in `tests/compat/test_corrections.py`.

There is a test for each row of the table of corrections, in its order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
import redis
from django.core.cache.backends.locmem import LocMemCache

from cachetory.errors import (
    ConfigurationError,
    DecodeError,
    InvalidDurationError,
    UncacheableFunctionError,
    UnkeyableArgumentError,
)
from cachetory.events import BackendFailed, Undecodable
from cachetory.interfaces.backends.sync import SyncBackend
from cachetory.serializers import NoopSerializer
from cachetory.sync import (
    Cache,
    DjangoBackend,
    DummyBackend,
    MemoryBackend,
    RedisBackend,
    cached,
    from_url,
    memory_cache,
)
from cachetory.testing.sync_only import run_together, sleep
from tests.backends import django_project
from tests.backends.addresses import patient
from tests.ports import free_port

HOUR = timedelta(hours=1)
CALLS: list[object] = []


@pytest.fixture(autouse=True)
def _no_calls_so_far():
    CALLS.clear()


@pytest.fixture
def url(valkey_server):
    return valkey_server.fresh_url()


@pytest.fixture
def ask(valkey_server, url):
    """Ask the server itself, in the database of the test."""
    return partial(valkey_server.command, database=int(url.rpartition("/")[2]))


@pytest.fixture
def backend(url):
    with RedisBackend.from_url(patient(url)) as backend:
        yield backend


@pytest.fixture
def cache(backend):
    return Cache[object, bytes](backend=backend, serializer="pickle://", prefix="app:")


@pytest.fixture
def memory():
    return memory_cache()


@pytest.fixture
def _django():
    django_project.set_up()


@pytest.fixture
def no_server():
    """Give the URL of a server that is not there."""
    return f"redis://127.0.0.1:{free_port()}"


# `get_many` with a prefix


def test_get_many_with_a_prefix_gives_values_of_its_own_keys_alone(cache, backend):
    other = Cache(backend=backend, serializer="pickle://", prefix="other:")
    bare = Cache(backend=backend, serializer="pickle://")
    other.set("key", "another owner's")
    bare.set("key", "nobody's")

    assert cache.get_many("key") == {}
    cache.set("key", "mine")
    assert cache.get_many("key", "missing") == {"key": "mine"}


# `clear` ignores the prefix


def test_clear_with_a_prefix_leaves_the_keys_of_others(backend, ask):
    cache = Cache(backend=backend, serializer="pickle://", prefix="a*[b]?:")
    cache.set_many({str(number): number for number in range(2_500)})
    theirs = ["aXb?:key", "a*[b]?", "other"]
    for key in theirs:
        ask("SET", key, "theirs")

    cache.clear()

    assert {key.decode() for key in ask("KEYS", "*")} == set(theirs)


def test_clear_without_a_prefix_spares_a_store_that_others_may_use(backend, ask):
    cache = Cache(backend=backend, serializer="pickle://")
    ask("SET", "other", "theirs")

    with pytest.raises(ConfigurationError, match=r"cache\.backend\.clear\(\)"):
        cache.clear()

    assert ask("GET", "other") == b"theirs"
    cache.backend.clear()
    assert ask("GET", "other") is None


# Default keys collide


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a:", "b"), ("a", ":b")),
        ((1,), ("1",)),
        ((1,), (True,)),
        ((1,), (1.0,)),
        ((None,), ("None",)),
        ((b"a",), ("b'a'",)),
        (((1, 2),), ([1, 2],)),
        (("x" * 5_000 + "a",), ("x" * 5_000 + "b",)),
        ((list(range(5_000)),), ([*range(4_999), -1],)),
    ],
)
def test_default_keys_of_different_arguments_differ(memory, one, other):
    @cached(memory)
    def same(*args: object) -> object:
        return args

    assert same(*one) == one
    assert repr(same(*other)) == repr(other)


def test_default_keys_of_equal_calls_are_one(memory):
    @cached(memory)
    def note(first: int, second: int = 2) -> None:
        CALLS.append((first, second))

    note(1)
    note(1, 2)
    note(second=2, first=1)

    assert CALLS == [(1, 2)]


def test_default_key_of_an_argument_without_identity_is_refused(memory):
    @cached(memory)
    def note(thing: object) -> None:
        CALLS.append(thing)

    with pytest.raises(UnkeyableArgumentError, match=r"thing.*ignore.*key"):
        note(object())


def test_default_keys_of_functions_of_one_factory_differ(memory):
    def make(number):
        @cached(memory)
        def add(other: int) -> int:
            return number + other

        return add

    assert [make(number)(1) for number in (1, 2)] == [2, 3]


def test_default_keys_of_functions_that_cannot_be_told_apart_are_refused(memory):
    numbers = []

    with pytest.raises(UncacheableFunctionError, match=r"closes over `numbers`.*version="):

        @cached(memory)
        def count() -> int:
            return len(numbers)


# 100 concurrent callers make 100 calls


def test_concurrent_callers_make_one_call(cache):
    @cached(cache)
    def double(number: int) -> int:
        CALLS.append(number)
        sleep(0.05)
        return number * 2

    assert run_together([partial(double, 21)] * 100) == [42] * 100
    assert CALLS == [21]


# `None` is never cached


def test_none_is_a_value_like_any_other(cache):
    @cached(cache)
    def note(number: int) -> None:
        CALLS.append(number)

    assert [note(1), note(1)] == [None, None]
    assert CALLS == [1]
    assert note.purge(1) is True


# `expire_in(timedelta(0))` makes a Redis key eternal


@pytest.mark.parametrize("duration", [0, -1, timedelta(0), timedelta(seconds=-1), -1e-9])
def test_duration_of_zero_or_less_is_over_at_once(cache, ask, duration):
    for key in ("set", "several", "expiring"):
        cache.set(key, "old")

    cache.set("set", "new", time_to_live=duration)
    cache.set("unset", "new", time_to_live=duration)
    cache.set_many({"several": "new"}, time_to_live=duration)
    cache.expire_in("expiring", duration)

    assert ask("KEYS", "*") == []


@pytest.mark.parametrize("duration", [1e-9, timedelta(microseconds=1), 0.000_9])
def test_duration_below_a_millisecond_is_rounded_up(clock, duration):
    cache = Cache(backend=MemoryBackend(clock=clock), serializer=NoopSerializer())

    cache.set("key", "value", time_to_live=duration)

    assert cache.get("key") == "value"
    clock.advance(0.001)
    assert cache.get("key") is None


@pytest.mark.parametrize("duration", [1e-9, timedelta(microseconds=1), 0.000_9])
def test_duration_below_a_millisecond_is_no_error_of_the_server(cache, duration):
    cache.set("key", "value", time_to_live=duration)
    cache.expire_in("key", duration)


@pytest.mark.parametrize(
    "duration", [float("nan"), float("inf"), -float("inf"), 1e12, 10**400, timedelta.max, True, "1"]
)
@pytest.mark.parametrize("backend_class", [MemoryBackend, DummyBackend])
def test_duration_that_is_none_is_refused(duration, backend_class):
    cache = Cache(backend=backend_class(), serializer=NoopSerializer())

    with pytest.raises(InvalidDurationError):
        cache.set("key", "value", time_to_live=duration)
    with pytest.raises(InvalidDurationError):
        cache.set_many({"key": "value"}, time_to_live=duration)
    with pytest.raises(InvalidDurationError):
        cache.expire_in("key", duration)


# Django: `time_to_live=None` means 300 s


@pytest.mark.usefixtures("_django")
def test_django_without_a_time_to_live_keeps_for_ever():
    expires_at_once_by_default = LocMemCache("at once", {"TIMEOUT": 0})
    cache = Cache(backend=DjangoBackend(expires_at_once_by_default), serializer=NoopSerializer())

    cache.set("a", 1)
    cache.set("b", 2, if_not_exists=True)
    cache.set_many({"c": 3, "d": 4})
    cache.expire_in("d", None)

    assert cache.get_many("a", "b", "c", "d") == {"a": 1, "b": 2, "c": 3, "d": 4}


# The memory backend


def test_memory_set_if_not_exists_over_an_expired_entry_stores(clock):
    backend = MemoryBackend(clock=clock)
    backend.set("key", "old", time_to_live=1)
    clock.advance(1)

    assert backend.set("key", "new", if_not_exists=True) is True

    assert backend.get("key") == "new"


def test_memory_is_bounded():
    backend = MemoryBackend()

    backend.set_many((str(number), number) for number in range(101_000))

    assert backend.size == 100_000


def test_memory_expired_entries_go_as_others_are_written(clock):
    backend = MemoryBackend(clock=clock)
    backend.set_many([(f"old {number}", 1) for number in range(1_000)], time_to_live=1)
    clock.advance(1)

    for number in range(1_000):
        backend.set(f"new {number}", 1)

    assert backend.size == 1_000


def test_memory_does_not_mind_a_wall_clock_that_jumps(clock):
    now = datetime.now(timezone.utc).timestamp()
    backend = MemoryBackend(clock=clock, wall_clock=lambda: now)
    backend.set("key", "value", time_to_live=HOUR)

    now += 1e6

    assert backend.get("key") == "value"
    clock.advance(3_600)
    assert [key for key, _ in backend.get_many("key")] == []


# A store's connection error


def test_store_that_is_down_makes_reads_misses_and_loses_no_computed_value(no_server):
    events = []
    cache = Cache(backend=no_server, serializer="pickle://", on_event=events.append)

    @cached(cache)
    def double(number: int) -> int:
        return number * 2

    assert cache.get("key", "default") == "default"
    assert cache.get_many("key") == {}
    assert double(21) == 42
    assert [event.operation for event in events if isinstance(event, BackendFailed)] == [
        "get",
        "get_many",
        "get",
    ]


def test_store_that_is_down_fails_explicit_writes(no_server):
    cache = Cache(backend=no_server, serializer="pickle://")

    with pytest.raises(redis.exceptions.ConnectionError):
        cache.set("key", 1)
    with pytest.raises(redis.exceptions.ConnectionError):
        cache.delete("key")


def test_store_that_is_down_raises_if_the_cache_is_told_to(no_server):
    cache = Cache(backend=no_server, serializer="pickle://", on_backend_error="raise")

    with pytest.raises(redis.exceptions.ConnectionError):
        cache.get("key")


# `json+zlib://` always fails


@pytest.mark.parametrize("compressor", ["zlib", "zstd"])
def test_json_can_be_compressed(compressor):
    cache = Cache(backend="memory://", serializer=f"json+{compressor}://")

    cache.set("key", {"text": "grüße"})

    assert cache.get("key") == {"text": "grüße"}


# A `KeyError` inside a deserializer, corrupt bytes


class Fails(NoopSerializer[object]):
    """A serializer with a mistake in it."""

    def deserialize(self, data):
        raise {}[data]


@pytest.mark.parametrize(
    "serializer",
    [Fails(), "pickle://", "json://", "msgpack://", "pickle+zlib://", "pickle+zstd://"],
)
def test_undecodable_value_is_a_miss_and_an_event(serializer):
    events = []
    cache = Cache(backend="memory://", serializer=serializer, on_event=events.append)
    cache.backend.set("key", b"\xc1 nonsense")

    assert cache.get("key", "default") == "default"
    assert cache.get_many("key") == {}
    assert [event.key for event in events if isinstance(event, Undecodable)] == ["key", "key"]


def test_undecodable_value_raises_if_the_cache_is_told_to():
    cache = Cache(backend="memory://", serializer=Fails(), on_undecodable="raise")
    cache.backend.set("key", b"nonsense")

    with pytest.raises(DecodeError) as caught:
        cache.get("key")
    assert not isinstance(caught.value, KeyError)


# The key of a method, `obj.method.purge`


@dataclass(frozen=True)
class Account:
    """Equal accounts share their results."""

    number: int

    @cached(Cache(backend="memory://accounts", serializer="noop://"))
    def balance(self, currency: str) -> str:
        CALLS.append(self.number)
        return f"{self.number} {currency}"


def test_method_is_keyed_by_the_value_of_its_object():
    assert Account(1).balance("EUR") == "1 EUR"
    assert Account(2).balance("EUR") == "2 EUR"
    assert Account(1).balance("EUR") == "1 EUR"
    assert CALLS == [1, 2]


def test_method_of_an_object_purges_its_own_result():
    Account(3).balance("EUR")
    Account(4).balance("EUR")

    assert Account(3).balance.purge("EUR") is True
    assert Account(3).balance.purge("EUR") is False

    Account(3).balance("EUR")
    Account(4).balance("EUR")
    assert CALLS == [3, 4, 3]


class Plain:
    """An object that is told from others by its address alone."""

    @cached(Cache(backend="memory://", serializer="noop://"))
    def by_itself(self) -> None:
        raise NotImplementedError

    @cached(Cache(backend="memory://", serializer="noop://"), ignore=["self"])
    def by_class(self) -> int:
        CALLS.append(self)
        return 42


def test_method_of_an_object_without_identity_is_refused():
    with pytest.raises(UnkeyableArgumentError, match=r"self.*ignore"):
        Plain().by_itself()


def test_method_that_ignores_its_object_shares_results():
    assert [Plain().by_class(), Plain().by_class()] == [42, 42]
    assert len(CALLS) == 1


# The default `delete_many` of the interface is empty


class Minimal(SyncBackend[bytes]):
    """The least that a backend must have; it notes how it is entered and left."""

    def __init__(self):
        self.values = {}
        self.steps = []

    @classmethod
    def from_url(cls, url):
        return cls()

    def get(self, key):
        return self.values[key]

    def set(self, key, value, *, time_to_live=None, if_not_exists=False):
        self.values[key] = value
        return True

    def delete(self, key):
        return self.values.pop(key, None) is not None

    def __enter__(self):
        self.steps.append("enter")
        return self

    def __exit__(self, *exception):
        self.steps.append("leave")


def test_delete_many_of_the_interface_deletes():
    cache = Cache(backend=Minimal(), serializer="pickle://", prefix="app:")
    cache.set_many({"a": 1, "b": 2, "c": 3})

    cache.delete_many("a", "b", "missing")

    assert list(cache.backend.values) == ["app:c"]


# `__enter__` never enters the backend, `__exit__` leaves it


def test_cache_enters_and_leaves_its_backend():
    backend = Minimal()

    with Cache(backend=backend, serializer="pickle://"):
        assert backend.steps == ["enter"]

    assert backend.steps == ["enter", "leave"]


# `"k" in cache` raises `KeyError: '0'`


def test_cache_tells_whether_it_contains_a_key(cache):
    cache.set("key", None)

    assert cache.contains("key") is True
    assert cache.contains("missing") is False


def test_cache_refuses_iteration(memory):
    with pytest.raises(TypeError, match="cannot be iterated"):
        iter(memory)


# `set_many({})` and `get_many()` fail on Redis; `set_many` has no TTL and wipes existing ones


def test_bulk_operations_of_nothing_do_nothing(cache, backend, ask):
    cache.set_many({})
    cache.set_many([], time_to_live=HOUR)
    cache.delete_many()
    backend.set_many([])
    backend.delete_many()

    assert cache.get_many() == {}
    assert [key for key, _ in backend.get_many()] == []
    assert ask("KEYS", "*") == []


def test_set_many_with_a_time_to_live_gives_it_to_all(cache, ask):
    cache.set("a", 1, time_to_live=1_000)

    cache.set_many({"a": 2, "b": 3}, time_to_live=HOUR)

    assert cache.get_many("a", "b") == {"a": 2, "b": 3}
    for key in ("app:a", "app:b"):
        assert 3_000_000 < ask("PTTL", key) <= 3_600_000


# Generators, callable objects and partial functions


def test_generator_is_refused_with_the_remedy(memory):
    def count():
        yield 1

    with pytest.raises(UncacheableFunctionError, match=r"generator.*return a list"):
        cached(memory)(count)


class Multiplier:
    """An object that is called like a function."""

    def __init__(self, factor):
        self.factor = factor

    def __repr__(self):
        return f"Multiplier({self.factor})"

    def __call__(self, number: int) -> int:
        CALLS.append(number)
        return number * self.factor


@dataclass(frozen=True)
class Adder:
    """An object that is called like a function, with a value of its own."""

    more: int

    def __call__(self, number: int) -> int:
        CALLS.append(number)
        return number + self.more


def test_callable_object_is_cached_by_its_value(memory):
    add = cached(memory)(Adder(2))

    assert [add(1), add(1), cached(memory)(Adder(3))(1)] == [3, 3, 4]
    assert CALLS == [1, 1]


def multiply(factor: int, number: int) -> int:
    """Stand for a function that is used in parts."""
    CALLS.append((factor, number))
    return factor * number


def test_partial_function_is_cached_with_what_it_holds(memory):
    double, triple = (cached(memory)(partial(multiply, factor)) for factor in (2, 3))

    assert [double(1), double(1), triple(1)] == [2, 2, 3]
    assert CALLS == [(2, 1), (3, 1)]


# A naive datetime in `expire_at` poisons the entry


@pytest.mark.usefixtures("_django")
@pytest.mark.parametrize("kind", ["memory", "redis", "dummy", "django"])
def test_naive_deadline_is_refused_everywhere_alike(kind, url):
    urls = {"redis": patient(url), "django": "django://default"}
    with Cache(
        backend=urls.get(kind, f"{kind}://"), serializer="pickle://", prefix="naive:"
    ) as cache:
        cache.set("key", 1)

        with pytest.raises(InvalidDurationError, match=r"naive.*timezone\.utc"):
            cache.expire_at("key", datetime(2099, 1, 1))  # noqa: DTZ001 (that is the point)
        with pytest.raises(InvalidDurationError, match="naive"):
            cache.backend.expire_at("key", datetime(2099, 1, 1))  # noqa: DTZ001 (the same)

        assert cache.get("key") == (None if kind == "dummy" else 1)


# A race may delete a fresh value while dropping an expired one


def test_fresh_value_survives_a_reader_that_saw_the_expired_one(clock):
    meanwhile = []

    def interrupted_clock():
        while meanwhile:
            backend.local_store.set("key", meanwhile.pop(), float("inf"))
        return clock()

    backend = MemoryBackend(clock=interrupted_clock)
    backend.set("key", "expired", time_to_live=1)
    clock.advance(1)

    meanwhile.append("fresh")  # as if another thread had set it while this one reads
    with pytest.raises(KeyError):
        backend.get("key")

    assert not meanwhile
    assert backend.get("key") == "fresh"


# `django://MyCache` lower-cases the alias


@pytest.mark.usefixtures("_django")
def test_django_url_names_the_alias_as_written():
    mixed = Cache(backend="django://MixedCase", serializer="noop://")
    default = Cache(backend="django://default", serializer="noop://")

    mixed.set("only-here", 1)

    assert mixed.get("only-here") == 1
    assert default.get("only-here") is None
    with pytest.raises(ConfigurationError, match="django://MixedCase"):
        from_url("django://mixedcase")


# Unknown URL parameters pass silently


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("memory://?max_entries=1", "max-entries"),
        ("dummy://?size=1", "no parameters"),
        ("redis://localhost?sockettimeout=1", "sockettimeout"),
    ],
)
def test_unknown_url_parameter_of_a_backend_is_refused(url, known):
    with pytest.raises(ConfigurationError, match=known):
        from_url(url)


# `?decode_responses=True` breaks every serializer


def test_decoded_responses_are_refused():
    with pytest.raises(ConfigurationError, match="decode_responses"):
        from_url("redis://localhost?decode_responses=True")
    with pytest.raises(ConfigurationError, match="decode_responses"):
        RedisBackend(redis.Redis(decode_responses=True))


# `from_url` of a subclass returns the base class


@pytest.mark.usefixtures("_django")
@pytest.mark.parametrize(
    ("base", "url"),
    [
        (MemoryBackend, "memory://"),
        (DummyBackend, "dummy://"),
        (RedisBackend, "redis://localhost"),
        (DjangoBackend, "django://default"),
    ],
)
def test_subclass_from_url_makes_the_subclass(base, url):
    subclass = type("Subclass", (base,), {})

    assert type(subclass.from_url(url)) is subclass
