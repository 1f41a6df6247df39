"""What may happen in the midst of an operation: other threads, finalisers, collections."""

from __future__ import annotations

import gc
import random
import sys
import threading
from contextlib import contextmanager
from itertools import count
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import cachetory._core.store
from tests.clock import ManualClock
from tests.core.stores import POLICIES, StrictGuard, assert_in_order, make_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from cachetory._core.store import Store

CORE = str(Path(cachetory._core.store.__file__).parent)

# Finalisers


class Noisy:
    """A value whose finaliser uses the store."""

    def __init__(self, store: Store[Any], finalised: list[object]) -> None:
        self._store = store
        self._finalised = finalised

    def __del__(self) -> None:
        try:
            self._store.set("finalised", True, inf)
            self._store.delete("finalised")
        except AssertionError as error:
            self._finalised.append(error)
        else:
            self._finalised.append(None)


@pytest.mark.parametrize(
    "drop",
    [
        lambda store: store.set("key", "value", inf),
        lambda store: store.set_many([("key", "value")], inf),
        lambda store: store.set("key", "value", 0.0),
        lambda store: store.delete("key"),
        lambda store: store.expire_at("key", 0.0),
        lambda store: store.clear(),
        lambda store: store.clear("k"),
        lambda store: [store.set(str(number), "value", inf) for number in range(100)],
        lambda store: store.set_many([(str(number), "value") for number in range(100)], inf),
    ],
)
@pytest.mark.parametrize("policy", POLICIES)
def test_finaliser_of_a_dropped_value_may_use_the_store(
    policy: str, drop: Callable[[Store[Any]], object], clock: ManualClock
):
    finalised: list[object] = []
    store = make_store(clock, max_entries=10, policy=policy)
    store.set("key", Noisy(store, finalised), inf)
    drop(store)

    assert finalised == [None]


@pytest.mark.parametrize(
    "drop",
    [
        lambda store: store.set("key", "value", inf),
        lambda store: store.set("other", "value", inf),
        lambda store: store.delete("key"),
        lambda store: store.expire_at("key", inf),
    ],
)
@pytest.mark.parametrize("policy", POLICIES)
def test_finaliser_of_an_expired_value_may_use_the_store(
    policy: str, drop: Callable[[Store[Any]], object], clock: ManualClock
):
    finalised: list[object] = []
    store = make_store(clock, max_entries=10, policy=policy)
    store.set("key", Noisy(store, finalised), clock() + 1)
    clock.advance(1)
    drop(store)

    assert finalised == [None]


class CollectingGuard(StrictGuard):
    """Has garbage collected as soon as something is allocated under it, and not before."""

    def __init__(self, *, is_reentrant: bool = False) -> None:
        super().__init__()
        self._is_reentrant = is_reentrant

    def __enter__(self) -> None:
        assert self._is_reentrant or not self.is_held, "the guard is held"
        self.is_held = True
        gc.enable()

    def __exit__(self, _type: object, _error: object, _trace: object, /) -> None:
        gc.disable()
        self.is_held = False

    @contextmanager
    def eager_collection(self) -> Iterator[None]:
        threshold, tracer = gc.get_threshold(), sys.gettrace()
        sys.settrace(None)  # a tracer, such as that of coverage, allocates too
        gc.disable()
        gc.set_threshold(1)
        try:
            yield
        finally:
            gc.set_threshold(*threshold)
            gc.enable()
            sys.settrace(tracer)


USES = pytest.mark.parametrize(
    "use",
    [
        lambda store: store.set("key", "value", inf),
        lambda store: store.set("other", "value", inf),
        lambda store: store.set("other", "value", 2000.0),
        lambda store: store.set_many([("key", "value"), ("other", "value")], inf),
        lambda store: store.get_many(["key", "missing"]),
        lambda store: store.delete("key"),
        lambda store: store.expire_at("key", 2000.0),
    ],
)


def use_amid_garbage(
    store: Store[Any], guard: CollectingGuard, use: Callable[[Store[Any]], object]
) -> list[object]:
    """Use a store while there is a Noisy among the garbage; return what became of that one."""
    finalised: list[object] = []
    with guard.eager_collection():
        cycle: list[Any] = [Noisy(store, finalised)]
        cycle.append(cycle)
        del cycle
        use(store)
    gc.collect()
    return finalised


@pytest.mark.skipif(
    sys.version_info >= (3, 12),
    reason="from Python 3.12 on, a collection that is due starts wherever the interpreter looks up",
)
@USES
def test_no_collection_starts_under_the_guard(
    use: Callable[[Store[Any]], object], clock: ManualClock
):
    guard = CollectingGuard()
    store = make_store(clock, max_entries=1, guard=guard)
    store.set("key", "value", inf)

    assert use_amid_garbage(store, guard, use) == [None]


@USES
def test_collection_under_the_guard_of_an_lru_store_does_no_harm(
    use: Callable[[Store[Any]], object], clock: ManualClock
):
    guard = CollectingGuard(is_reentrant=True)
    store = make_store(clock, max_entries=3, policy="lru", guard=guard)
    store.set_many([("a", "value"), ("b", "value"), ("key", "value")], inf)

    assert use_amid_garbage(store, guard, use) == [None]
    assert len(store) <= 3
    assert_in_order(store)


# One operation amid another


def interrupt(
    operation: Callable[[], object], at: int, interruption: Callable[[], object]
) -> tuple[object, bool]:
    """Run an operation of the store, and something else before its instruction number `at`.

    Returns:
        The result of the operation, and whether it has so many instructions.
    """
    instructions = count()
    is_done = False

    def trace(frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal is_done
        if not frame.f_code.co_filename.startswith(CORE):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and next(instructions) == at:
            interruption()
            is_done = True
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return operation(), is_done
    finally:
        sys.settrace(before)


@pytest.fixture(scope="module", autouse=True)
def _opcodes_are_traced() -> None:
    """Trace once for nothing: Python 3.12 tells of opcodes from the second time on only."""
    interrupt(make_store(ManualClock()).clear, 0, lambda: None)


def make_store_with(deadline: float, clock: ManualClock, max_entries: int | None) -> Store[Any]:
    store = make_store(clock, max_entries=max_entries)
    store.set("key", "old", deadline)
    clock.advance(1)
    return store


DELETE = (lambda store: store.delete("key"), 1010, {"old", "missing"})
CLEAR = (lambda store: store.clear(), inf, {"old", "missing"})
EVICT = (lambda store: store.set_many(zip("abc", "abc", strict=True), inf), inf, {"old", "missing"})
EXPIRE = (lambda store: store.expire_at("key", 0.0), 1010, {"old", "missing"})
PROLONG = (lambda store: store.expire_at("key", inf), 1010, {"old"})
REPLACE = (lambda store: store.set("key", "new", inf), 1010, {"old", "new"})
REPLACE_EXPIRED = (lambda store: store.set("key", "new", inf), 1001, {"missing", "new"})
SWEEP = (lambda store: store.set("other", "value", inf), 1001, {"missing"})

WRITES = pytest.mark.parametrize(
    ("write", "deadline", "allowed"),
    [DELETE, CLEAR, EVICT, EXPIRE, PROLONG, REPLACE, REPLACE_EXPIRED, SWEEP],
    ids=["delete", "clear", "evict", "expire", "prolong", "replace", "replace-expired", "sweep"],
)


@WRITES
@pytest.mark.parametrize("max_entries", [1, None])
def test_read_interrupted_by_a_write_returns_what_was_right(
    write: Callable[[Store[Any]], object],
    deadline: float,
    allowed: set[object],
    max_entries: int | None,
):
    for at in count():
        store = make_store_with(deadline, ManualClock(), max_entries)
        seen, is_done = interrupt(
            lambda: store.get("key", "missing"),  # noqa: B023 called at once
            at,
            lambda: write(store),  # noqa: B023 called at once
        )
        assert seen in allowed
        if not is_done:
            break
    assert at > 20


@WRITES
@pytest.mark.parametrize("max_entries", [1, None])
def test_write_interrupted_by_a_read_shows_what_was_right(
    write: Callable[[Store[Any]], object],
    deadline: float,
    allowed: set[object],
    max_entries: int | None,
):
    for at in count():
        store = make_store_with(deadline, ManualClock(), max_entries)
        entry = store.entries["key"]
        seen: list[object] = []

        def read() -> None:
            seen.append(store.get("key", "missing"))  # noqa: B023 called at once
            value = entry.value  # noqa: B023 called at once
            if entry.deadline > store.clock():  # noqa: B023 called at once
                seen.append(value)  # noqa: B023 called at once

        _, is_done = interrupt(lambda: write(store), at, read)  # noqa: B023 called at once
        if not is_done:
            break
        assert set(seen) <= allowed
        assert_in_order(store)
    assert at > 50


# Threads


@pytest.fixture
def _frequent_switches() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


class Traffic:
    """Threads that write versions of values, and threads that check what they read."""

    def __init__(self, policy: str) -> None:
        self.ticks = count()
        self.now = self.ticks.__next__
        self.stop = threading.Event()
        self.problems: list[object] = []
        self.store = make_store(
            self.now,
            max_entries=20,
            max_weight=100,
            weigher=lambda _, value: 1 + value[1] % 9,
            policy=policy,
            guard=threading.Lock(),
        )

    def run(self) -> None:
        writers = [threading.Thread(target=self.write, args=(name,)) for name in "ab"]
        readers = [threading.Thread(target=self.read) for _ in range(2)]
        for thread in writers + readers:
            thread.start()
        for thread in writers:
            thread.join()
        self.stop.set()
        for thread in readers:
            thread.join()

    def write(self, name: str) -> None:
        source = random.Random(name)
        for version in range(3000):
            key = f"{name} {source.randrange(15)}"
            action = source.random()
            if action < 0.7:
                deadline = self.now() + source.choice([10, 300, inf])
                self.store.set(key, (key, version), deadline)
            elif action < 0.8:
                self.store.set_many([(key, (key, version)), ("all", ("all", version))], inf)
            elif action < 0.9:
                self.store.delete(key)
            else:
                self.store.expire_at(key, self.now() + source.choice([-1, 100, inf]))

    def read(self) -> None:
        newest: dict[str, int] = {}
        source = random.Random(1)
        while not self.stop.is_set():
            key = f"{source.choice('ab')} {source.randrange(15)}"
            for name, version in self.values_of(key):
                self.check(name == key and version >= newest.get(key, 0), key, name, version)
                newest[key] = version
            self.check(len(self.store) <= 20, "too many entries")
            for name, value in self.store.get_many(["all", key]):
                self.check(name == value[0], name, value)

    def values_of(self, key: str) -> Iterator[tuple[str, int]]:
        """Read in both ways: by `get`, and as one does who holds an entry."""
        value = self.store.get(key, "missing")
        if value != "missing":
            yield value
        entry = self.store.entries.get(key)
        if entry is not None:
            value = entry.value
            if entry.deadline > self.now():
                yield value

    def check(self, is_right: bool, *what: object) -> None:  # noqa: FBT001 like an assertion
        if not is_right:
            self.problems.append(what)


@pytest.mark.usefixtures("_frequent_switches")
@pytest.mark.parametrize("policy", POLICIES)
def test_threads_see_right_values_within_the_bounds(policy: str):
    traffic = Traffic(policy)
    traffic.run()

    assert not traffic.problems
    assert traffic.store.weight <= 100
    assert_in_order(traffic.store)
