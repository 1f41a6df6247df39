# Generated from tests/caches/async_/test_get_or_set_many.py by tools/unasync.py. Do not edit: edit that file instead.
"""Many keys at once: what is asked for, what is loaded, and what comes of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cachetory.backends.sync import MemoryBackend
from cachetory.caches.sync import Cache
from cachetory.errors import ConfigurationError, InvalidDurationError, NoValueError
from cachetory.events import Event, Hit, Loaded, LoadFailed, Miss, NotStored, Set
from cachetory.loading import MISSING, current_load
from cachetory.policy import Policy
from tests.caches.sync.policies import KINDS, Caches, Hold, Source, until_found
from tests.shell.sync_crew import Crew, Meeting, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.clock import ManualClock

KEEPING = Policy(time_to_live=100, stale_if_error=50)
REVALIDATING = Policy(time_to_live=100, stale_while_revalidate=50)
REMEMBERING = Policy(time_to_live=1000, negative_time_to_live=100)


@pytest.fixture(params=KINDS)
def caches(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[Caches]:
    with Caches(request, clock) as caches:
        yield caches


@pytest.fixture
def cache(caches: Caches) -> Cache[Any, Any]:
    return caches.make(KEEPING)


@pytest.fixture
def told() -> list[Event]:
    """The events so far."""
    return []


class LoadMany:
    """Gives a value for each key but for those that have none, and notes what it was asked for.

    Attributes:
        asked: the keys of each call.
        without: the keys that have no value.
        failing: the keys for which it raises.
        hold: what each call waits for, if anything.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.asked: list[list[str]] = []
        self.without: set[str] = set()
        self.failing: set[str] = set()
        self.hold: Hold | None = None

    def __call__(self, keys: list[str]) -> dict[str, str]:
        self.asked.append(list(keys))
        hold = self.hold
        if hold is not None:
            hold.begun.set()
            hold.let_go.wait()
        if not self.failing.isdisjoint(keys):
            raise ZeroDivisionError
        return {key: f"{self.name}{key}!" for key in keys if key not in self.without}


@pytest.fixture
def load() -> LoadMany:
    return LoadMany()


def values_of(keys: Iterable[str]) -> dict[str, str]:
    return {key: f"{key}!" for key in keys}


# What is asked for


def test_missing_values_are_loaded_at_once_and_kept(cache: Cache[Any], load: LoadMany) -> None:
    assert cache.get_or_set_many(["a", "b", "c"], load) == values_of("abc")
    assert cache.get_or_set_many(["a", "b", "c"], load) == values_of("abc")
    assert load.asked == [["a", "b", "c"]]
    assert cache.get_many("a", "b", "c") == values_of("abc")


def test_loader_gets_the_missing_keys_only(cache: Cache[Any], load: LoadMany) -> None:
    cache.set_many({"b": "there", "d": None})

    values = cache.get_or_set_many(["a", "b", "c", "d"], load)

    assert values == {"a": "a!", "b": "there", "c": "c!", "d": None}
    assert load.asked == [["a", "c"]]


def test_values_come_in_the_order_of_the_keys_and_once_each(
    cache: Cache[Any], load: LoadMany
) -> None:
    cache.set("b", "there")

    values = cache.get_or_set_many(["c", "b", "a", "c", "b", "d"], load)

    assert list(values) == ["c", "b", "a", "d"]
    assert load.asked == [["c", "a", "d"]]


@pytest.mark.parametrize("make", [list, tuple, iter, dict.fromkeys])
def test_keys_may_come_in_any_way(
    cache: Cache[Any], load: LoadMany, make: Callable[[list[str]], Iterable[str]]
) -> None:
    assert cache.get_or_set_many(make(["a", "b"]), load) == values_of("ab")


def test_no_keys_load_nothing(cache: Cache[Any], load: LoadMany) -> None:
    assert cache.get_or_set_many([], load) == {}
    assert load.asked == []


def test_key_that_is_no_string_is_refused_before_anything_is_loaded(
    cache: Cache[Any], load: LoadMany
) -> None:
    with pytest.raises(TypeError, match="a key is a string, not 1"):
        cache.get_or_set_many(["a", 1], load)  # type: ignore[list-item]
    assert load.asked == []


def test_time_to_live_that_is_none_is_refused_before_anything_is_loaded(
    cache: Cache[Any], load: LoadMany
) -> None:
    with pytest.raises(InvalidDurationError):
        cache.get_or_set_many(["a"], load, time_to_live=float("nan"))
    assert load.asked == []


@pytest.mark.parametrize(
    ("size", "asked"),
    [
        (None, [["a", "b", "c", "d", "e"]]),
        (2, [["a", "b"], ["c", "d"], ["e"]]),
        (1, [["a"], ["b"], ["c"], ["d"], ["e"]]),
        (5, [["a", "b", "c", "d", "e"]]),
        (1000, [["a", "b", "c", "d", "e"]]),
    ],
)
def test_loader_gets_so_many_keys_at_a_time(
    cache: Cache[Any], load: LoadMany, size: int | None, asked: list[list[str]]
) -> None:
    assert cache.get_or_set_many(list("abcde"), load, chunk_size=size) == values_of("abcde")
    assert load.asked == asked


@pytest.mark.parametrize("size", [0, -1])
def test_chunk_size_that_is_none_is_refused(cache: Cache[Any], load: LoadMany, size: int) -> None:
    with pytest.raises(ConfigurationError, match=f"chunk_size={size} is not a number of keys"):
        cache.get_or_set_many(["a"], load, chunk_size=size)


def test_loader_may_use_up_the_list_of_its_keys(cache: Cache[Any]) -> None:
    def load(keys: list[str]) -> dict[str, str]:
        values = {}
        while keys:
            key = keys.pop()
            values[key] = f"{key}!"
        return values

    assert cache.get_or_set_many(["a", "b"], load) == values_of("ab")


def test_values_that_nobody_asked_for_are_left_out(cache: Cache[Any]) -> None:
    values = cache.get_or_set_many(["a"], lambda keys: values_of("abc"))

    assert values == {"a": "a!"}
    assert cache.get("b") is None


@pytest.mark.parametrize("value", [None, 0, "", [], False], ids=repr)
def test_values_may_be_any(cache: Cache[Any], value: object) -> None:
    assert cache.get_or_set_many(["a"], lambda keys: {"a": value}) == {"a": value}
    assert cache.get_or_set_many(["a"], lambda keys: {}) == {"a": value}


def test_time_to_live_may_be_given_and_may_depend_on_the_key(
    cache: Cache[Any], load: LoadMany, clock: ManualClock
) -> None:
    cache.get_or_set_many(["a", "b"], load, time_to_live=50)
    cache.get_or_set_many(["c", "d"], load, time_to_live=lambda key: 10 if key == "c" else None)

    lookups = {key: cache.lookup(key) for key in "abcd"}
    left = {key: it.fresh_for for key, it in lookups.items()}
    assert left == {
        "a": pytest.approx(50, abs=1),
        "b": pytest.approx(50, abs=1),
        "c": pytest.approx(10, abs=1),
        "d": None,
    }


def test_excluded_values_are_returned_and_not_kept(
    caches: Caches, load: LoadMany, told: list[Event]
) -> None:
    cache = caches.make(KEEPING, on_event=told.append)

    def exclude(key: str, value: str) -> bool:
        assert value == f"{key}!"
        return key == "a"

    assert cache.get_or_set_many(["a", "b"], load, exclude=exclude) == values_of("ab")
    assert cache.get_many("a", "b") == values_of("b")
    assert [event for event in told if isinstance(event, NotStored)] == [NotStored("a", "excluded")]


# Round trips


class Counting(MemoryBackend[Any]):
    """Counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    @property
    def leases(self) -> None:
        """It keeps no claims, so that all goes by plain operations."""
        return

    def get(self, key: str) -> Any:
        self.calls.append("get")
        return super().get(key)

    def get_many(self, *keys: str) -> Iterator[tuple[str, Any]]:
        self.calls.append("get_many")
        for pair in super().get_many(*keys):
            yield pair

    def set(self, key: str, value: Any, **options: Any) -> bool:
        self.calls.append("set")
        return super().set(key, value, **options)

    def set_many(self, items: Iterable[tuple[str, Any]], **options: Any) -> None:
        self.calls.append("set_many")
        super().set_many(items, **options)


def test_values_that_are_there_take_one_read(load: LoadMany) -> None:
    backend = Counting()
    cache = Cache[Any](backend=backend, serializer="pickle://", policy=KEEPING)
    keys = [f"{number}" for number in range(1000)]
    cache.set_many(values_of(keys))
    backend.calls.clear()

    assert cache.get_or_set_many(keys, load) == values_of(keys)
    assert backend.calls == ["get_many"]


def test_values_that_are_missing_take_one_read_and_one_write(load: LoadMany) -> None:
    backend = Counting()
    cache = Cache[Any](backend=backend, serializer="pickle://", policy=KEEPING)
    keys = [f"{number}" for number in range(1000)]

    assert cache.get_or_set_many(keys, load, chunk_size=300) == values_of(keys)
    assert backend.calls == ["get_many", "set_many"]


# Keys without a value


def test_key_that_is_left_out_has_no_value_and_is_remembered(
    caches: Caches, load: LoadMany, clock: ManualClock
) -> None:
    cache = caches.make(REMEMBERING)
    load.without = {"b"}

    for _ in range(2):
        assert cache.get_or_set_many(["a", "b", "c"], load) == values_of("ac")
    assert load.asked == [["a", "b", "c"]]
    with pytest.raises(NoValueError):
        cache.get_or_set("b", lambda: "too late")
    clock.advance(101)
    assert cache.get_or_set_many(["a", "b", "c"], load) == values_of("ac")
    assert load.asked[1:] == [["b"]]


def test_key_that_is_left_out_is_asked_for_again_unless_it_is_remembered(
    cache: Cache[Any], load: LoadMany
) -> None:
    load.without = {"b"}

    for _ in range(2):
        assert cache.get_or_set_many(["a", "b"], load) == values_of("a")
    assert load.asked == [["a", "b"], ["b"]]


def test_missing_in_the_place_of_a_value_is_as_good_as_left_out(caches: Caches) -> None:
    cache = caches.make(REMEMBERING)

    assert cache.get_or_set_many(["a", "b"], lambda keys: {"a": 1, "b": MISSING}) == {"a": 1}
    assert cache.get_or_set_many(["a", "b"], values_of) == {"a": 1}


def test_loader_that_raises_that_there_is_no_value_says_so_of_all(caches: Caches) -> None:
    cache = caches.make(REMEMBERING)

    def load(keys: list[str]) -> dict[str, str]:
        raise NoValueError

    assert cache.get_or_set_many(["a", "b"], load) == {}
    assert cache.get_or_set_many(["a", "b"], values_of) == {}


def test_mapping_with_a_default_gives_none_for_what_it_has_not(caches: Caches) -> None:
    class Generous(dict[str, str]):
        def __missing__(self, key: str) -> str:
            raise AssertionError(key)

    cache = caches.make(REMEMBERING)

    assert cache.get_or_set_many(["a", "b"], lambda keys: Generous(a="1")) == {"a": "1"}


# The context


def test_context_of_a_load_of_many_stands_for_all(caches: Caches) -> None:
    cache = caches.make(REMEMBERING)

    def load_briefly(keys: list[str]) -> dict[str, str]:
        context = current_load()
        assert (context.key, context.has_stale) == ("", False)
        context.time_to_live = 10
        return values_of(keys)

    def load_for_nobody(keys: list[str]) -> dict[str, str]:
        current_load().do_not_store()
        return values_of(keys)

    def load_nothing(keys: list[str]) -> dict[str, str]:
        current_load().there_is_none()
        return values_of(keys)

    assert cache.get_or_set_many(["a", "b"], load_briefly) == values_of("ab")
    for key in "ab":
        assert (cache.lookup(key)).fresh_for == pytest.approx(10, abs=1)
    assert cache.get_or_set_many(["c", "d"], load_for_nobody) == values_of("cd")
    assert cache.get_or_set_many(["e", "f"], load_nothing) == values_of("ef")
    assert cache.get_or_set_many(list("abcdef"), lambda keys: {}) == values_of("abef")
    assert cache.get_many(*"abcdef") == values_of("ab")


# Failures


def test_error_in_one_chunk_keeps_what_the_others_gave(cache: Cache[Any], load: LoadMany) -> None:
    load.failing = {"c"}

    with pytest.raises(ZeroDivisionError):
        cache.get_or_set_many(list("abcdef"), load, chunk_size=2)

    assert load.asked == [["a", "b"], ["c", "d"], ["e", "f"]]
    assert cache.get_many(*"abcdef") == values_of("abef")
    load.failing = set()
    assert cache.get_or_set_many(list("abcdef"), load) == values_of("abcdef")
    assert load.asked[3:] == [["c", "d"]]


def test_error_is_not_remembered(cache: Cache[Any], load: LoadMany) -> None:
    load.failing = {"a"}

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            cache.get_or_set_many(["a", "b"], load)
    assert len(load.asked) == 2
    assert cache.stats().load_failures == 4


@pytest.mark.parametrize("answer", [None, 5, ["a"]])
def test_answer_that_is_no_mapping_is_an_error(cache: Cache[Any], answer: object) -> None:
    with pytest.raises(TypeError, match=r"returned a .*, but .* a mapping from item to result"):
        cache.get_or_set_many(["a"], lambda keys: answer)  # type: ignore[arg-type, return-value]
    assert cache.get_or_set_many(["a"], values_of) == values_of("a")


def test_load_of_many_that_is_interrupted_interrupts_its_caller(
    cache: Cache[Any], load: LoadMany
) -> None:
    class Interruption(BaseException):
        pass

    def interrupt(keys: list[str]) -> dict[str, str]:
        raise Interruption

    with pytest.raises(Interruption):
        cache.get_or_set_many(["a", "b"], interrupt)
    assert cache.get_or_set_many(["a", "b"], load) == values_of("ab")


def test_stale_values_are_given_if_loading_fails(
    cache: Cache[Any], load: LoadMany, clock: ManualClock
) -> None:
    cache.set_many({"a": "old", "b": None})
    clock.advance(101)
    load.failing = {"a", "b"}

    assert cache.get_or_set_many(["a", "b"], load) == {"a": "old", "b": None}
    assert cache.get_or_set_many(["b", "a"], load) == {"b": None, "a": "old"}
    assert load.asked == [["a", "b"]]


def test_error_is_raised_for_a_key_without_a_stale_value(
    cache: Cache[Any], load: LoadMany, clock: ManualClock
) -> None:
    cache.set("a", "old")
    clock.advance(101)
    load.failing = {"b"}

    with pytest.raises(ZeroDivisionError):
        cache.get_or_set_many(["a", "b"], load)


def test_stale_values_are_given_at_once_and_refreshed_behind_all_together(
    caches: Caches, load: LoadMany, clock: ManualClock
) -> None:
    cache = caches.make(REVALIDATING)
    cache.set_many({"a": "old", "b": "old"})
    clock.advance(101)
    cache.set("c", "fresh")

    values = cache.get_or_set_many(["a", "b", "c", "d"], load)

    assert values == {"a": "old", "b": "old", "c": "fresh", "d": "d!"}
    until_found(cache, "a", "a!")
    until_found(cache, "b", "b!")
    assert sorted(load.asked) == [["a", "b"], ["d"]]
    assert cache.stats().refreshes == 2


def test_value_that_cannot_be_stored_is_returned_and_the_others_are_kept() -> None:
    told: list[Event] = []
    cache = Cache[Any](
        backend="memory://", serializer="json://", policy=KEEPING, on_event=told.append
    )
    odd = object()

    values = cache.get_or_set_many(["a", "b"], lambda keys: {"a": odd, "b": 1})

    assert values == {"a": odd, "b": 1}
    assert cache.get_many("a", "b") == {"b": 1}
    assert NotStored("a", "failed") in told


def test_values_that_the_server_does_not_take_are_returned(load: LoadMany) -> None:
    class Refusing(MemoryBackend[Any]):
        @property
        def leases(self) -> None:
            return

        def set_many(self, items: object, **options: object) -> None:
            raise ZeroDivisionError

    cache = Cache[Any](backend=Refusing(), serializer="pickle://", policy=KEEPING)

    assert cache.get_or_set_many(["a", "b"], load) == values_of("ab")
    assert (cache.stats().backend_errors, cache.stats().not_stored) == (1, 2)


# What is told


def test_lookup_of_many_is_told_of_key_by_key(
    caches: Caches, load: LoadMany, told: list[Event]
) -> None:
    cache = caches.make(KEEPING, on_event=told.append)
    cache.set("a", 1)
    told.clear()
    load.without = {"c"}
    load.failing = {"d"}

    with pytest.raises(ZeroDivisionError):
        cache.get_or_set_many(list("abcd"), load, chunk_size=2)

    assert [event for event in told if isinstance(event, (Hit, Miss))] == [
        Hit("a"),
        Miss("b"),
        Miss("c"),
        Miss("d"),
    ]
    assert [event.key for event in told if isinstance(event, Loaded)] == ["b", "c"]
    assert [event.key for event in told if isinstance(event, LoadFailed)] == ["d"]
    assert [event for event in told if isinstance(event, (Set, NotStored))] == [
        NotStored("c", "excluded"),
        Set("b"),
    ]


# Others who load the same keys


def test_keys_that_others_are_loading_are_waited_for(cache: Cache[Any], load: LoadMany) -> None:
    source = Source()
    hold = source.hold()
    with Crew() as crew:
        single = crew.start(cache.get_or_set, "b", source)
        hold.begun.wait()
        many = crew.start(cache.get_or_set_many, ["a", "b", "c"], load)
        until(lambda: load.asked == [["a", "c"]])
        assert not many.over
        hold.let_go.set()

        assert many.result() == {"a": "a!", "b": 1, "c": "c!"}
        assert single.result() == 1
    assert load.asked == [["a", "c"]]


def test_key_of_a_load_of_many_is_waited_for(cache: Cache[Any], load: LoadMany) -> None:
    source = Source()
    hold = load.hold = Hold()
    with Crew() as crew:
        many = crew.start(cache.get_or_set_many, ["a", "b"], load)
        hold.begun.wait()
        single = crew.start(cache.get_or_set, "b", source)
        until(lambda: cache.stats().misses == 3)
        hold.let_go.set()

        assert single.result() == "b!"
        assert many.result() == values_of("ab")
    assert source.calls == 0


def test_error_of_another_load_is_raised_and_what_was_loaded_is_kept(
    cache: Cache[Any], load: LoadMany
) -> None:
    source = Source()
    hold = source.hold()
    source.error = ZeroDivisionError()
    with Crew() as crew:
        single = crew.start(cache.get_or_set, "b", source)
        hold.begun.wait()
        many = crew.start(cache.get_or_set_many, ["a", "b", "c"], load)
        until(lambda: load.asked == [["a", "c"]])
        hold.let_go.set()

        assert isinstance(many.error(), ZeroDivisionError)
        assert isinstance(single.error(), ZeroDivisionError)
    assert cache.get_many("a", "b", "c") == values_of("ac")


def test_loads_of_many_that_overlap_wait_for_each_other_without_a_deadlock(
    cache: Cache[Any],
) -> None:
    one, other = LoadMany("one's "), LoadMany("other's ")
    one.hold, other.hold = Hold(), Hold()
    with Crew() as crew:
        first = crew.start(cache.get_or_set_many, ["a", "b"], one)
        one.hold.begun.wait()
        second = crew.start(cache.get_or_set_many, ["b", "c"], other)
        other.hold.begun.wait()
        third = crew.start(cache.get_or_set_many, ["c", "a"], LoadMany())
        one.hold.let_go.set()
        other.hold.let_go.set()

        assert first.result() == {"a": "one's a!", "b": "one's b!"}
        assert second.result() == {"b": "one's b!", "c": "other's c!"}
        assert third.result() == {"c": "other's c!", "a": "one's a!"}
    assert (one.asked, other.asked) == ([["a", "b"]], [["c"]])


def test_each_key_is_loaded_once_by_many_loads_that_overlap(cache: Cache[Any]) -> None:
    callers = 20
    meeting = Meeting(callers)
    loads = [LoadMany() for _ in range(callers)]

    def call(number: int) -> dict[str, Any]:
        keys = [f"{(number * 7 + offset) % 100}" for offset in range(50)]
        meeting.join()
        values = cache.get_or_set_many(keys, loads[number])
        assert list(values) == keys
        return values

    with Crew() as crew:
        started = [crew.start(call, number) for number in range(callers)]
        for caller in started:
            values = caller.result()
            assert values == values_of(values)
    asked = [key for load in loads for keys in load.asked for key in keys]
    assert sorted(asked) == sorted(f"{number}" for number in range(100))


def test_loads_of_many_within_each_other_compute_through(cache: Cache[Any]) -> None:
    def outer(keys: list[str]) -> dict[str, str]:
        inner = cache.get_or_set_many(["b", "c"], lambda keys: dict.fromkeys(keys, "inner"))
        return {key: f"outer of {inner.get(key)}" for key in keys}

    values = cache.get_or_set_many(["a", "b"], outer)

    assert values == {"a": "outer of None", "b": "outer of inner"}
    assert cache.get_many("a", "b", "c") == values | {"c": "inner"}


@pytest.mark.parametrize("kept", ["newer", None])
def test_key_that_is_written_during_a_load_of_many_is_left_as_it_is(
    cache: Cache[Any], load: LoadMany, kept: str | None
) -> None:
    hold = load.hold = Hold()
    with Crew() as crew:
        many = crew.start(cache.get_or_set_many, ["a", "b"], load)
        hold.begun.wait()
        (cache.set("b", kept) if kept else cache.delete("b"))
        hold.let_go.set()

        assert many.result() == values_of("ab")
    assert cache.get("a") == "a!"
    assert cache.get("b") == kept
    assert cache.stats().not_stored == 1
