"""Any interleaving of loads, writes, failures, cancellations and time, against a model.

Steps are taken one by one: after each, everything runs until nothing can go on but by another
step. Loaders are held until a step lets them go. No time passes but by a step; the times of the
policy are so far from all sums of these that what a load really takes makes no difference.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cachetory._runtime import async_ as async_runtime
from cachetory._runtime import sync as sync_runtime
from cachetory._shell.tokens import is_throttle
from cachetory.backends import async_ as async_backends
from cachetory.backends import sync as sync_backends
from cachetory.caches import async_ as async_caches
from cachetory.caches import sync as sync_caches
from cachetory.errors import NoValueError
from cachetory.loading import current_load
from cachetory.policy import Policy
from tests.clock import ManualClock
from tests.shell.async_crew import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MINUTE = 60
TIME_TO_LIVE = 1.5 * MINUTE
LONG = 4.5 * MINUTE
SHORT = 0.5 * MINUTE
WHILE_REVALIDATED = 2 * MINUTE
IF_ERROR = 4 * MINUTE
NEGATIVE = 2.5 * MINUTE

POLICY = Policy(
    time_to_live=TIME_TO_LIVE,
    stale_while_revalidate=WHILE_REVALIDATED,
    stale_if_error=IF_ERROR,
    negative_time_to_live=NEGATIVE,
    retry_after_failure=0,
)
PATIENT_POLICY = POLICY.replace(retry_after_failure=24 * 60 * MINUTE)

KEYS = ("a", "b", "c")
OUTCOMES = ("value", "value", "value", "error", "none", "negative", "unstored", "short")
"""What comes of a load: a value, an error, no value; a value that stands for there being none,
that is not to be stored, or that lives for a short time, all of which its loader says."""

USABLE = ("fresh", "stale", "doubtful")
"""What is stored may stand in for what could not be loaded."""

keys = st.sampled_from(KEYS)
some_keys = st.lists(keys, min_size=1, max_size=4)
outcomes = st.sampled_from(OUTCOMES)
plans = st.sampled_from(("held", "held", "held", "held", *OUTCOMES))
times = st.sampled_from((None, None, LONG))
caches = st.sampled_from((0, 1))
numbers = st.integers(0, 7)


class LoadError(Exception):
    """What a loader raises; it names its load."""

    def __init__(self, load: Load) -> None:
        super().__init__(load)
        self.load = load


# What happened, as the model sees it


class Flight:
    """All loads of one flight of the cache, and what was known of its keys when it began."""

    def __init__(self, machine: Machine, keys: list[str], call: Call, *, goes_on: bool) -> None:
        self.keys = keys
        self.call = call
        self.goes_on = goes_on
        self.began_at = machine.clock()
        self.usable = {key: machine.worth(key) in USABLE for key in keys}
        self.to_load = [key for key in keys if not call.finds(key, machine.worth(key))]
        self.fenced: set[str] = set()
        self.outcomes: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.says: set[str] = set()
        self.ended = inf


class Load:
    """One call of a loader."""

    def __init__(self, flight: Flight, keys: list[str], began: int, hold: Any) -> None:
        self.flight = flight
        self.keys = keys
        self.began = began
        self.ended = inf
        self.hold = hold
        self.outcome = ""


class Value(NamedTuple):
    """Where a value comes from.

    Attributes:
        key: the key that it was set or loaded for.
        as_of: the tick until which writes may have happened that are older than it.
        load: the load that gave it, if it was not set.
    """

    key: str
    as_of: float
    load: Load | None


class Entry(NamedTuple):
    """What is stored."""

    value: str | None
    fresh_until: float
    kept_until: float
    is_negative: bool = False

    @property
    def is_refused(self) -> bool:
        return self.value is None


class Call:
    """One call of the cache under way, and what was known when it began."""

    def __init__(self, machine: Machine, kind: str, keys: Iterable[str], plan: str) -> None:
        self.kind = kind
        self.keys = list(dict.fromkeys(keys))
        self.plan = plan
        self.time_to_live: float | None = None
        self.began = machine.tick()
        self.began_at = machine.clock()
        self.floor = {key: machine.written[key] for key in self.keys}
        self.had = {key: machine.model.get(key) for key in self.keys}
        self.worths = {key: machine.worth(key) for key in self.keys}
        self.was_throttled = set(machine.throttled)
        self.caller: Any = None
        self.flight: Flight | None = None
        self.is_checked = False
        self.is_cancelled = False

    def finds(self, key: str, worth: str) -> bool:
        """Tell whether its flight finds a fresh entry that was not there before."""
        fresh = ("fresh", "negative")
        return self.kind != "refresh" and worth in fresh and self.worths[key] not in fresh


# The two colours


class AsyncStage:
    """Runs calls as tasks of a loop of its own, step by step."""

    runtime: Any = async_runtime
    backends: Any = async_backends
    caches: Any = async_caches
    can_cancel = True

    class Hold:
        def __init__(self) -> None:
            self._event = asyncio.Event()

        def let_go(self) -> None:
            self._event.set()

    class Caller:
        def __init__(self, task: asyncio.Task[Any]) -> None:
            self._task = task

        @property
        def over(self) -> bool:
            return self._task.done()

        @property
        def error(self) -> BaseException | None:
            if self._task.cancelled():
                return asyncio.CancelledError()
            return self._task.exception()

        @property
        def value(self) -> Any:
            return self._task.result()

        def cancel(self) -> None:
            self._task.cancel()

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda _loop, context: COMPLAINTS.append(context))

    def start(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Caller:
        caller = self.Caller(self.loop.create_task(function(*arguments, **options)))
        self.settle()
        return caller

    def ask(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        caller = self.start(function, *arguments, **options)
        assert caller.over, "this waits for something"
        return caller.value

    def look_up(self, cache: Any) -> dict[str, Any]:
        async def look_up() -> dict[str, Any]:
            return {key: await cache.lookup(key) for key in KEYS}

        return self.loop.run_until_complete(look_up())

    def settle(self) -> None:
        """Run the loop until nothing is ready any more."""
        self.loop.run_until_complete(self._settle())

    async def _settle(self) -> None:
        while True:
            await asyncio.sleep(0)
            if not self.loop._ready:  # type: ignore[attr-defined]
                return

    def loader(self, machine: Machine, call: Call) -> Any:
        async def load() -> Any:
            it = machine.begin(call, [current_load().key])
            with machine.watching(it):
                await it.hold._event.wait()
            return machine.conclude_one(it)

        return load

    def loader_of_many(self, machine: Machine, call: Call) -> Any:
        async def load_many(keys: list[str]) -> Any:
            it = machine.begin(call, keys)
            with machine.watching(it):
                await it.hold._event.wait()
            return machine.conclude_many(it)

        return load_many

    def close(self, cache: Any) -> None:
        try:
            self.ask(cache.aclose)
            assert not asyncio.all_tasks(self.loop)
        finally:
            self.loop.close()


class SyncStage:
    """Runs calls in threads, and waits after each step until all of them are blocked or over."""

    runtime: Any = sync_runtime
    backends: Any = sync_backends
    caches: Any = sync_caches
    can_cancel = False

    class Hold:
        def __init__(self) -> None:
            self.event = threading.Event()

        def let_go(self) -> None:
            self.event.set()

    class Caller:
        error: BaseException | None = None
        value: Any = None

        def __init__(self, function: Callable[[], Any]) -> None:
            self._function = function
            self.thread = threading.Thread(target=self._run, daemon=True)
            self.thread.start()

        @property
        def over(self) -> bool:
            return not self.thread.is_alive()

        def _run(self) -> None:
            try:
                self.value = self._function()
            except BaseException as error:
                self.error = error

    def __init__(self) -> None:
        self.callers: list[SyncStage.Caller] = []
        self.events: list[threading.Event] = []
        self.background: Any = None
        self.flights: Any = None

    def start(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Caller:
        caller = self.Caller(lambda: function(*arguments, **options))
        self.callers.append(caller)
        self.settle()
        return caller

    def ask(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return function(*arguments, **options)

    def look_up(self, cache: Any) -> dict[str, Any]:
        return {key: cache.lookup(key) for key in KEYS}

    def settle(self) -> None:
        """Wait until every thread waits for a step, or for another that does, in two looks."""
        deadline = time.monotonic() + PATIENCE
        looks = 0
        while looks < 2:
            looks = looks + 1 if self._is_settled() else 0
            assert time.monotonic() < deadline, "this hangs"
            if not looks:
                time.sleep(0.0001)

    def _is_settled(self) -> bool:
        self.callers = [it for it in self.callers if not it.over]
        self.events = [it for it in self.events if not it.is_set()]
        flights = {it for some in list(self.flights.values()) for it in list(some)}
        events = {*self.events, *(it._landed for it in flights)}
        threads = len(self.callers) + self.background._pending
        return threads == sum(map(_waiting_for, events))

    def loader(self, machine: Machine, call: Call) -> Any:
        def load() -> Any:
            it = machine.begin(call, [current_load().key])
            with machine.watching(it):
                self._wait(it.hold)
            return machine.conclude_one(it)

        return load

    def loader_of_many(self, machine: Machine, call: Call) -> Any:
        def load_many(keys: list[str]) -> Any:
            it = machine.begin(call, keys)
            with machine.watching(it):
                self._wait(it.hold)
            return machine.conclude_many(it)

        return load_many

    def _wait(self, hold: Hold) -> None:
        self.events.append(hold.event)
        assert hold.event.wait(PATIENCE), "this hangs"

    def close(self, cache: Any) -> None:
        cache.close()
        assert not self.background._pending


def _waiting_for(event: Any) -> int:
    """Count the threads that wait for an event which has not happened yet."""
    return len(event._cond._waiters)


COMPLAINTS: list[dict[str, Any]] = []
"""What the loops had to say of tasks that nobody cared for."""


# The machine


class Machine(RuleBasedStateMachine):
    """Does everything to a cache, and compares what comes of it with what should.

    Args:
        stage: runs the calls in one colour.
        serializer: what the cache is given as such.
        policy: what the cache is given as such.
        keeps_claims: whether the store does.
    """

    def __init__(
        self, stage: Any, serializer: str, policy: Policy | None, *, keeps_claims: bool = True
    ) -> None:
        super().__init__()
        self.stage = stage
        self.clock = ManualClock()
        self.is_wire = serializer != "noop://"
        self.policy = policy
        self.plan = None if policy is None else policy.plan
        kind = stage.backends.MemoryBackend
        if not keeps_claims:
            kind = type("WithoutClaims", (kind,), {"leases": None})
        backend = kind(clock=self.clock, wall_clock=self.clock)
        self.caches = [
            stage.caches.Cache(
                backend=backend,
                serializer=serializer,
                prefix="app:",
                policy=policy,
                wall_clock=self.clock,
            )
            for _ in range(2)
        ]
        self.cache = self.caches[0]
        stage.background = self.cache._loader._background
        stage.flights = self.cache._flights._flights
        ticks = count(1)
        self.tick: Callable[[], int] = lambda: next(ticks)
        self.model: dict[str, Entry] = {}
        self.values: dict[str, Value] = {}
        self.written = dict.fromkeys(KEYS, 0)
        self.throttled: set[str] = set()
        self.flights: dict[Any, Flight] = {}
        self.loads: list[Load] = []
        self.calls: list[Call] = []

    # Reading the model

    def find(self, key: str) -> Entry | None:
        entry = self.model.get(key)
        return None if entry is None or entry.kept_until <= self.clock() else entry

    def worth(self, key: str) -> str:
        """Tell what `get_or_set` may do with what is stored."""
        entry = self.find(key)
        if entry is None:
            return "nothing"
        over_for = self.clock() - entry.fresh_until
        if over_for < 0:
            return "negative" if entry.is_negative else "fresh"
        if entry.is_negative or self.plan is None or over_for >= self.plan.kept_for:
            return "nothing"
        return "stale" if over_for < self.plan.stale_while_revalidate else "doubtful"

    def under_way(self, key: str) -> list[Flight]:
        """Give the flights that a caller who asks for the key now would join."""
        return [
            it
            for it in self.flights.values()
            if it.ended == inf and key in it.keys and key not in it.fenced
        ]

    def held(self) -> list[Load]:
        return [it for it in self.loads if it.ended == inf]

    # Writing the model

    def put(self, key: str, value: str, time_to_live: float | None) -> None:
        self.values[value] = Value(key, self.tick(), None)
        if time_to_live is None and self.plan is not None:
            time_to_live = self.plan.time_to_live
        self.store(key, value, time_to_live, self.clock())

    def store(
        self,
        key: str,
        value: str | None,
        time_to_live: float | None,
        loaded_from: float,
        *,
        is_negative: bool = False,
    ) -> None:
        now = self.clock()
        kept_for = 0.0 if is_negative or self.plan is None else self.plan.kept_for
        if time_to_live is None:
            self.model[key] = Entry(value, inf, inf, is_negative)
        elif time_to_live <= 0:
            self.model.pop(key, None)
        else:
            # An envelope tells when the load began, and how long it took by another clock.
            start = loaded_from if self.is_wire and self.plan is not None else now
            fresh_until, kept_until = start + time_to_live, now + time_to_live + kept_for
            self.model[key] = Entry(value, fresh_until, kept_until, is_negative)

    def fence(self, keys: Iterable[str]) -> None:
        for flight in self.flights.values():
            flight.fenced.update(key for key in keys if key in flight.keys)

    def write(self, keys: Iterable[str], carry_out: Callable[[], Any]) -> Any:
        """Carry out a write to keys, which is over when the step is."""
        began = self.tick()
        self.fence(keys)
        outcome = self.stage.ask(carry_out)
        self.stage.settle()
        for key in keys:
            self.written[key] = began
        return outcome

    # What the loaders do, from within the calls

    def begin(self, call: Call, keys: list[str]) -> Load:
        flight_of_cache = self.stage.runtime.Flight.under_way()[-1]
        flight = self.flights.get(flight_of_cache)
        if flight is None:
            flight_keys = [key.removeprefix("app:") for key in flight_of_cache.keys]
            goes_on = getattr(flight_of_cache, "_goes_on", True)
            flight = Flight(self, flight_keys, call, goes_on=goes_on)
            self.flights[flight_of_cache] = flight
        load = Load(flight, keys, self.tick(), self.stage.Hold())
        self.loads.append(load)
        if call.plan != "held":
            load.outcome = call.plan
            load.hold.let_go()
        return load

    def watching(self, load: Load) -> Watching:
        return Watching(self, load)

    def conclude_one(self, load: Load) -> Any:
        (key,) = load.keys
        values = self._conclude(load)
        if not values:
            raise NoValueError(key)
        return values[key]

    def conclude_many(self, load: Load) -> dict[str, str]:
        return self._conclude(load)

    def _conclude(self, load: Load) -> dict[str, str]:
        """Give the values of a load, and note what is to come of them."""
        flight = load.flight
        values: dict[str, str] = {}
        for number, key in enumerate(load.keys):
            outcome = "value" if load.outcome == "none" and number else load.outcome
            flight.outcomes[key] = "error" if outcome == "error" else outcome
            if outcome not in ("error", "none"):
                values[key] = f"{key} loaded {self.tick()}"
                self.values[values[key]] = Value(key, load.began, load)
        flight.values.update(values)
        context = current_load()
        if load.outcome == "unstored":
            context.do_not_store()
        elif load.outcome == "negative":
            context.there_is_none()
        elif load.outcome == "short":
            context.time_to_live = SHORT
        flight.says.add(load.outcome)
        if len(flight.outcomes) == len(flight.to_load):
            self._land(flight)
        if load.outcome == "error":
            raise LoadError(load)
        return values

    def _land(self, flight: Flight) -> None:
        """Store what a flight has loaded, as the cache is about to do."""
        flight.ended = self.tick()
        is_forced = flight.call.kind == "refresh"
        for key, outcome in flight.outcomes.items():
            if outcome == "error":
                if flight.usable[key] and not is_forced and self.plan.retry_after_failure:
                    self.throttled.add(key)
                continue
            self.throttled.discard(key)
            if key in flight.fenced or "unstored" in flight.says:
                continue
            if outcome == "none" or "negative" in flight.says:
                self.store(
                    key,
                    flight.values.get(key),
                    (self.plan and self.plan.negative_time_to_live) or 0.0,
                    flight.began_at,
                    is_negative=True,
                )
                continue
            time_to_live = flight.call.time_to_live
            if "short" in flight.says:
                time_to_live = SHORT
            elif time_to_live is None and self.plan is not None:
                time_to_live = self.plan.time_to_live
            self.store(key, flight.values[key], time_to_live, flight.began_at)

    # Steps: writes and reads that are over at once

    @rule(key=keys, time_to_live=st.sampled_from((None, None, LONG, SHORT, 0)), by=caches)
    def set(self, key: str, time_to_live: float | None, by: int) -> None:
        cache = self.caches[by]
        value = f"{key} set {self.tick()}"
        self.write([key], lambda: cache.set(key, value, time_to_live))
        self.put(key, value, time_to_live)

    @rule(keys=some_keys, time_to_live=times, by=caches)
    def set_many(self, keys: list[str], time_to_live: float | None, by: int) -> None:
        cache = self.caches[by]
        items = {key: f"{key} set {self.tick()}" for key in keys}
        self.write(items, lambda: cache.set_many(items, time_to_live=time_to_live))
        for key, value in items.items():
            self.put(key, value, time_to_live)

    @rule(key=keys, by=caches)
    def delete(self, key: str, by: int) -> None:
        cache = self.caches[by]
        worth = self.worth(key)
        existed = self.write([key], lambda: cache.delete(key))
        if worth == "fresh":
            assert existed is True
        elif self.find(key) is None:
            assert existed is False
        self.model.pop(key, None)

    @rule(keys=some_keys, by=caches)
    def delete_many(self, keys: list[str], by: int) -> None:
        cache = self.caches[by]
        self.write(keys, lambda: cache.delete_many(*keys))
        for key in keys:
            self.model.pop(key, None)

    @rule(by=caches)
    def clear(self, by: int) -> None:
        cache = self.caches[by]
        self.write(KEYS, cache.clear)
        self.model.clear()

    @rule(keys=some_keys)
    def get(self, keys: list[str]) -> None:
        expected = {
            key: self.model[key].value for key in dict.fromkeys(keys) if self.worth(key) == "fresh"
        }
        assert self.stage.ask(self.cache.get_many, *keys) == expected
        for key in keys:
            assert self.stage.ask(self.cache.get, key, "nothing") == expected.get(key, "nothing")
            assert self.stage.ask(self.cache.contains, key) == (key in expected)

    @rule(minutes=st.sampled_from((1, 1, 2, 3, 5, 9)))
    def advance(self, minutes: int) -> None:
        self.clock.advance(minutes * MINUTE)

    # Steps: calls that load

    @rule(key=keys, plan=plans, time_to_live=times)
    def get_or_set(self, key: str, plan: str, time_to_live: float | None) -> None:
        call = Call(self, "get", [key], plan)
        call.time_to_live = time_to_live
        load = self.stage.loader(self, call)
        self._start(call, self.cache.get_or_set, key, load, time_to_live=time_to_live)

    @rule(
        keys=some_keys,
        plan=plans,
        time_to_live=times,
        chunk_size=st.sampled_from((None, None, 1, 2)),
    )
    def get_or_set_many(
        self, keys: list[str], plan: str, time_to_live: float | None, chunk_size: int | None
    ) -> None:
        call = Call(self, "get_many", keys, plan)
        call.time_to_live = time_to_live
        load = self.stage.loader_of_many(self, call)
        self._start(
            call,
            self.cache.get_or_set_many,
            keys,
            load,
            time_to_live=time_to_live,
            chunk_size=chunk_size,
        )

    @rule(keys=some_keys, plan=plans, is_one=st.booleans(), time_to_live=times)
    def refresh(
        self, keys: list[str], plan: str, time_to_live: float | None, *, is_one: bool
    ) -> None:
        call = Call(self, "refresh", keys[:1] if is_one else keys, plan)
        call.time_to_live = time_to_live
        self.fence(call.keys)
        options = {"time_to_live": time_to_live}
        if is_one:
            load = self.stage.loader(self, call)
            self._start(call, self.cache.refresh, keys[0], load, **options)
        else:
            load = self.stage.loader_of_many(self, call)
            self._start(call, self.cache.refresh_many, keys, load, **options)

    def _start(self, call: Call, function: Any, *arguments: Any, **options: Any) -> None:
        """Start a call, and look whether it leads, joins, or is over as it should be."""
        worths = call.worths
        if call.kind == "refresh":
            worths = dict.fromkeys(call.keys, "nothing")
        waits = [
            key
            for key, worth in worths.items()
            if worth == "nothing" or (worth == "doubtful" and key not in self.throttled)
        ]
        joins = [key for key in waits if self.under_way(key)]
        leads = [key for key in waits if key not in joins]
        behind = [
            key
            for key, worth in worths.items()
            if worth == "stale" and key not in self.throttled and not self.under_way(key)
        ]
        before = set(self.flights.values())
        call.caller = self.stage.start(function, *arguments, **options)
        self.calls.append(call)
        begun = [it for it in self.flights.values() if it not in before]
        assert sorted(it.keys for it in begun) == sorted(it for it in (behind, leads) if it)
        if leads:
            call.flight = next(it for it in begun if it.keys == leads)
        elif len(joins) == 1:
            (call.flight,) = self.under_way(joins[0]) or (None,)
        assert call.caller.over or joins or (leads and call.plan == "held")
        if not waits:
            assert call.caller.over

    @precondition(lambda self: self.held())
    @rule(number=numbers, outcome=outcomes)
    def let_go(self, number: int, outcome: str) -> None:
        held = self.held()
        load = held[number % len(held)]
        load.outcome = outcome
        load.hold.let_go()
        self.stage.settle()
        assert load.ended < inf

    @precondition(lambda self: self.stage.can_cancel and self.waiting())
    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        waiting = self.waiting()
        call = waiting[number % len(waiting)]
        held = self.held()
        call.is_cancelled = True
        call.caller.cancel()
        self.stage.settle()
        assert call.caller.over
        others = self.waiting()
        for load in held:
            if load.ended < inf:
                assert not load.flight.goes_on, "nobody waited for it before, either"
                assert all(load.flight is not it.flight for it in others)
            else:
                wanted = {key for it in others for key in it.keys}
                assert load.flight.goes_on or wanted.intersection(load.flight.keys)

    def waiting(self) -> list[Call]:
        return [it for it in self.calls if not it.caller.over]

    # What must be so after each step

    @invariant()
    def what_is_stored_is_what_should_be(self) -> None:
        for key, found in self.stage.look_up(self.cache).items():
            entry = self.find(key)
            if entry is None:
                assert (found.state, found.value) == ("miss", None)
                continue
            state = "hit" if self.clock() < entry.fresh_until else "stale"
            assert (found.state, found.is_negative) == (state, entry.is_negative)
            assert found.value == entry.value

    @invariant()
    def nobody_loads_what_another_is_loading(self) -> None:
        for key in KEYS:
            assert len(self.under_way(key)) <= 1

    @invariant()
    def calls_that_are_over_got_what_they_should(self) -> None:
        for call in self.calls:
            if call.caller.over and not call.is_checked:
                call.is_checked = True
                self._check(call)
        self.calls = self.waiting()

    def _check(self, call: Call) -> None:
        error = call.caller.error
        if isinstance(error, asyncio.CancelledError):
            assert call.is_cancelled
        elif isinstance(error, LoadError):
            self._check_error(call, error.load)
        elif isinstance(error, NoValueError):
            assert call.kind in ("get", "refresh")
            assert self._may_be_none(call, call.keys[0])
        elif error is not None:
            raise error
        elif isinstance(call.caller.value, dict):
            found = call.caller.value
            assert list(found) == [key for key in call.keys if key in found]
            for key in call.keys:
                if key in found:
                    self._check_value(call, key, found[key])
                else:
                    assert self._may_be_none(call, key)
        else:
            self._check_value(call, call.keys[0], call.caller.value)

    def _check_value(self, call: Call, key: str, value: str) -> None:
        of_key, as_of, load = self.values[value]
        assert of_key == key
        assert as_of >= call.floor[key], "older than a write before the call"
        if load is not None and load.flight.ended >= call.began:
            return
        had = call.had[key]
        if had is not None and had.value == value:
            self._check_age(call, key, had)
        # Else it was stored while the call was under way.

    def _check_age(self, call: Call, key: str, had: Entry) -> None:
        over_for = call.began_at - had.fresh_until
        if over_for < 0:
            return
        assert self.plan is not None, "not fresh, and there is no policy"
        if any(
            it.outcome == "error" and it.flight.usable[key] for it in self._loads_for(call, key)
        ):
            return  # it stood in, as it might when the load began
        assert over_for < self.plan.kept_for
        assert over_for < self.plan.stale_while_revalidate or key in call.was_throttled

    def _check_error(self, call: Call, load: Load) -> None:
        """One of the keys at least must have got it from a load that it might have waited for."""
        is_forced = load.flight.call.kind == "refresh"
        assert any(
            load in self._loads_for(call, key)
            and load.began >= call.floor[key]
            and (is_forced or not load.flight.usable[key])
            for key in call.keys
        ), "an error that is none of its business"

    def _may_be_none(self, call: Call, key: str) -> bool:
        had = call.had[key]
        if had is not None and had.is_refused and call.began_at < had.fresh_until:
            return True
        return any(it.flight.outcomes.get(key) == "none" for it in self._loads_for(call, key))

    def _loads_for(self, call: Call, key: str) -> list[Load]:
        """Give the loads of a key that were under way while the call was."""
        return [it for it in self.loads if key in it.keys and it.flight.ended >= call.began]

    def teardown(self) -> None:
        try:
            while held := self.held():
                held[0].outcome = "value"
                held[0].hold.let_go()
                self.stage.settle()
            self.calls_that_are_over_got_what_they_should()
            assert not self.calls
            assert not self.cache._flights._flights
            claims = self.cache.backend.local_store._claims.values()
            assert all(is_throttle(it.token) for it in claims)
        finally:
            self.stage.close(self.cache)


class Watching:
    """Notes when a load is over, or was cancelled."""

    def __init__(self, machine: Machine, load: Load) -> None:
        self._machine = machine
        self._load = load

    def __enter__(self) -> None: ...

    def __exit__(self, exc_type: type[BaseException] | None, *_rest: object) -> None:
        self._load.ended = self._machine.tick()
        if exc_type is not None:
            self._load.flight.ended = self._load.ended


STORES = {
    "objects": ("noop://", True),
    "wire": ("pickle://", True),
    "wire without claims": ("pickle://", False),
}
POLICIES = {"no policy": None, "policy": POLICY, "patient policy": PATIENT_POLICY}


@pytest.mark.parametrize(
    ("stage", "examples"), [(AsyncStage, 30), (SyncStage, 15)], ids=["async", "sync"]
)
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("policy", POLICIES)
def test_cache_does_what_the_model_does(stage: Any, examples: int, store: str, policy: str) -> None:
    COMPLAINTS.clear()
    serializer, keeps_claims = STORES[store]

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Machine(stage(), serializer, POLICIES[policy], keeps_claims=keeps_claims),
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

    gc.collect()
    assert COMPLAINTS == []
