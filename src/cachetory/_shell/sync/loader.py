# Generated from src/cachetory/_shell/async_/loader.py by tools/unasync.py. Do not edit: edit that file instead.
"""The load path: what a caller gets when its value is missing, old, slow to make, or failing.

A lookup is judged by the policy. What is fresh is given; what is stale, too, and is refreshed
behind the caller; what is missing is loaded by a flight. The flight claims the key in the store
and looks once more, loads, and stores the value if its claim still stands. Each step degrades:
whatever the store does, the caller gets the value that was loaded.
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from functools import partial
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, Generic

from cachetory._core.freshness import Found, Stamp, Worth
from cachetory._core.one_shot import is_one_shot
from cachetory._core.sentinels import MISSING, Absent
from cachetory._core.shared_error import SharedError, shared_from
from cachetory._core.stack_room import check_stack_room
from cachetory._core.throttle import Throttle
from cachetory._runtime.chance import chance
from cachetory._runtime.clocks import elapsed_time
from cachetory._runtime.sync import Deserted, Flight, Late, every, resolve
from cachetory._shell.sync.recipe import NOT_AT_ALL, Failed, no_value
from cachetory._shell.sync.shelf import Claimed, Loaded
from cachetory._shell.tokens import (
    FENCE,
    FENCE_STANDS_FOR,
    LEASE,
    MOST_LEASES_WAITED_FOR,
    THROTTLE,
    UNSTORED,
    UNSTORED_STANDS_FOR,
    is_lease,
    is_throttle,
    make_token,
)
from cachetory.errors import InvalidDurationError, LoadTimeoutError, NoValueError
from cachetory.interfaces.serializers import ValueT
from cachetory.loading import LoadContext, current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    from cachetory._core.freshness import Plan
    from cachetory._runtime.sync import Background
    from cachetory._shell.reporter import Reporter
    from cachetory._shell.sync.recipe import Recipe
    from cachetory._shell.sync.shelf import EntryStore
    from cachetory._shell.sync.single_flight import Boarding, SingleFlight

POLL_FIRST = 0.01
"""Seconds after which to look for the first time whether another process has loaded a key."""

POLL_MOST = 0.1
"""Seconds between two such looks at most. Those whose store tells them wake up earlier."""

AT_ONCE = (Worth.FRESH, Worth.STALE)
"""Entries of this worth are given without waiting for anything."""

RENEWALS = 3
"""A lease is renewed so many times while it would last."""


class Outcome(Generic[ValueT]):
    """The outcome of a load, for one or several callers: a value, or an error.

    Args:
        value: the value.
        error: what to raise instead.
        has_failed: whether the loader failed, so that a stale value may be given instead.
        is_one_shot: whether the value can be used once, so that no other caller gets it.
    """

    __slots__ = ("_error", "_value", "has_failed", "is_one_shot")

    def __init__(
        self,
        value: ValueT | None = None,
        error: SharedError | None = None,
        *,
        has_failed: bool = False,
        is_one_shot: bool = False,
    ) -> None:
        self._value: Any = value
        self._error = error
        self.has_failed = has_failed
        self.is_one_shot = is_one_shot

    def give(self) -> ValueT:
        """Return the value, or raise the error."""
        if self._error is None:
            value: ValueT = self._value
            return value
        error = self._error.take()
        del self  # or the frame, which is part of the traceback, would refer to the error
        try:
            raise error
        finally:
            del error

    @property
    def is_none(self) -> bool:
        """Whether there is no value."""
        return self._error is not None and issubclass(self._error.kind, NoValueError)


_PENDING: Outcome[Any] = Outcome()


def give_all(outcomes: dict[str, Outcome[ValueT]]) -> dict[str, ValueT]:
    """Return the values of those keys that have one, or raise the first error.

    The outcomes are removed from the dictionary: frames that refer to it are part of tracebacks.
    """
    values: dict[str, ValueT] = {}
    try:
        for key in list(outcomes):
            if not outcomes[key].is_none:
                values[key] = outcomes.pop(key).give()
    finally:
        outcomes.clear()
    return values


class _Trip(Generic[ValueT]):
    """The state of one flight: what is known of its keys, and what has come of them so far.

    Attributes:
        token: The token of the claims that were made last.
        own: The keys whose claims are the flight's own.
        to_load: The keys that are to be loaded next.
        held: The keys that others are loading.
        contexts: The contexts of the keys that are being loaded.
        values: The values that the loader has returned.
        errors: What the loader has raised, by the keys that have no value for that.
        outcomes: What the callers get, by key.
        failure: What a function of the user's has raised that is not the loader.
    """

    __slots__ = (
        "contexts",
        "created_at",
        "errors",
        "failure",
        "flight",
        "gives_up_at",
        "held",
        "is_forced",
        "is_waiting",
        "keys",
        "known",
        "outcomes",
        "own",
        "recipe",
        "since",
        "started_at",
        "to_load",
        "token",
        "values",
        "waited_for",
    )

    def __init__(
        self,
        flight: Flight[Any],
        keys: list[str],
        recipe: Recipe[ValueT],
        known: dict[str, Found[ValueT] | Absent],
        *,
        is_forced: bool,
        since: int | None,
    ) -> None:
        self.flight = flight
        self.keys = keys
        self.recipe = recipe
        self.known = known
        self.is_forced = is_forced
        self.since = since
        self.token = ""
        self.own: list[str] = []
        self.to_load: dict[str, Claimed[ValueT]] = {}
        self.held: list[str] = []
        self.waited_for: dict[str, set[str | None]] = {}
        self.gives_up_at: float | None = None
        self.contexts: dict[str, LoadContext] = {}
        self.values: dict[str, Any] = {}
        self.errors: dict[str, SharedError] = {}
        self.is_waiting = False
        self.created_at = 0.0
        self.started_at = 0.0
        self.outcomes: dict[str, Outcome[ValueT]] = {}
        self.failure: SharedError | None = None

    @property
    def is_nested(self) -> bool:
        """Whether it is a part of another load."""
        return len(Flight.under_way()) > 1

    @property
    def is_unstorable(self) -> bool:
        """Whether nothing of it can be stored: it computes through, or the store just failed."""
        return self.flight.fenced.issuperset(self.flight.keys) or any(
            self.known[key] is Absent.UNREACHABLE for key in self.keys
        )

    def waits_for(self, key: str, holder: str | None, now: float) -> bool:
        """Return whether to wait for the holder of a key's claim."""
        if self.recipe.plan.lease is None or holder == self.token or not is_lease(holder):
            return False
        if self.gives_up_at is not None and now >= self.gives_up_at:
            return False
        holders = self.waited_for.setdefault(key, set())
        if holder not in holders and len(holders) >= MOST_LEASES_WAITED_FOR:
            return False
        holders.add(holder)
        return True

    @property
    def context(self) -> LoadContext:
        """The context of the load. Loaders of many keys get another one."""
        return next(iter(self.contexts.values()))

    def take(self, loaded: Any) -> None:
        """Take over what the loader has returned or raised: values, and errors to be shared."""
        values: dict[str, Any]
        if self.recipe.is_bulk and not isinstance(loaded, Failed):
            values = dict(loaded)
        else:
            values = dict.fromkeys(self.contexts, loaded)
        shared: dict[int, SharedError] = {}
        self.values = {}
        self.errors = {}
        for key in self.contexts:
            value = no_value(key) if values[key] is MISSING else values[key]
            if isinstance(value, Failed):
                error = value.error
                if id(error) not in shared:
                    shared[id(error)] = SharedError(error, value.traceback)
                self.errors[key] = shared[id(error)]
            else:
                self.values[key] = value
        for value in values.values():
            if isinstance(value, Failed):
                value.forget()

    def fail(self, error: Exception) -> None:
        """Let all callers get an error that is not the loader's."""
        self.fail_all(shared_from(error))

    def fail_all(self, shared: SharedError) -> None:
        """Let all callers get an error that is not the loader's."""
        self.outcomes = {key: Outcome(error=shared) for key in self.keys}
        self.held = []

    def forget(self) -> None:
        """Drop the outcomes. Frames that refer to this are part of the tracebacks of errors."""
        self.outcomes = {}
        self.errors = {}
        self.failure = None
        del self.flight


class Loader(Generic[ValueT]):
    """The load path of one cache.

    Args:
        shelf: where its entries are.
        prefix: what stands before its keys in the store.
        flights: the loads under way over the store.
        background: where loads go on that nobody waits for.
        reporter: is told of everything.
        wall_clock: tells epoch seconds.
    """

    __slots__ = (
        "_background",
        "_flights",
        "_prefix",
        "_reporter",
        "_shelf",
        "_throttle",
        "_wall_clock",
    )

    def __init__(
        self,
        shelf: EntryStore[ValueT],
        prefix: str,
        flights: SingleFlight,
        *,
        background: Background,
        reporter: Reporter,
        wall_clock: Callable[[], float],
    ) -> None:
        self._shelf = shelf
        self._prefix = prefix
        self._flights = flights
        self._background = background
        self._reporter = reporter
        self._wall_clock = wall_clock
        self._throttle = Throttle(elapsed_time)

    def find_many(
        self, keys: Iterable[str], recipe: Recipe[ValueT]
    ) -> tuple[dict[str, Outcome[ValueT]], dict[str, Found[ValueT] | Absent], int]:
        """Look keys up; return the outcomes by key, in their order, and what is to be loaded.

        The outcome of a key that is to be loaded is `_PENDING`, to keep the order of the keys. The
        third is the number of flights that had ended before the lookup.
        """
        wanted = list(dict.fromkeys(keys))
        since = self._flights.landings
        found = self._shelf.read_many(wanted)
        outcomes: dict[str, Outcome[ValueT]] = dict.fromkeys(wanted, _PENDING)
        stale: dict[str, Found[ValueT] | Absent] = {}
        missing: dict[str, Found[ValueT] | Absent] = {}
        for key in wanted:
            outcome = self.take(key, found[key], recipe, stale)
            if outcome is None:
                missing[key] = found[key]
            else:
                outcomes[key] = outcome
        self._refresh_behind(stale, recipe)
        return outcomes, missing, since

    def read(self, key: str) -> Found[ValueT] | Absent:
        """Find the entry of a key, fresh or stale."""
        return self._shelf.read(key)

    def begin_refresh(self, keys: Iterable[str]) -> dict[str, Found[ValueT] | Absent]:
        """Look keys up that are to be loaded now; what earlier loads give is not stored."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        found = self._shelf.read_many(wanted)
        self._flights.fence(self._full(wanted))
        for key in wanted:
            self._reporter.refreshing(key, "asked")
        return found

    def close(self, seconds: float) -> None:
        """Wait for what goes on behind, so long at most, then cancel it."""
        self._background.close(seconds)

    def take(
        self,
        key: str,
        found: Found[ValueT] | Absent,
        recipe: Recipe[ValueT],
        stale: dict[str, Found[ValueT] | Absent] | None = None,
    ) -> Outcome[ValueT] | None:
        """Give what was found if it will do, and have it refreshed if it is time for that.

        Those to be refreshed are added to `stale`, if there is such.
        """
        if isinstance(found, Absent):
            self._reporter.miss(key)
            return None
        plan = recipe.plan
        worth = plan.judge(found)
        if worth is Worth.FRESH:
            self._reporter.hit(key)
            if not plan.early_refresh or not plan.is_due_early(found, 1.0 - chance()):
                return _outcome_of(key, found)
        elif worth is Worth.STALE:
            self._reporter.hit(key)
            is_failing = self._throttle.holds(self._prefix + key)
            self._reporter.served_stale(key, "failing" if is_failing else "refreshing")
        elif worth is Worth.DOUBTFUL and self._throttle.holds(self._prefix + key):
            self._reporter.miss(key)
            self._reporter.served_stale(key, "failing")
            return Outcome(found.value)
        else:
            self._reporter.miss(key)
            return None
        if stale is None:
            self._refresh_behind({key: found}, recipe)
        else:
            stale[key] = found
        return _outcome_of(key, found)

    def _refresh_behind(
        self, found: dict[str, Found[ValueT] | Absent], recipe: Recipe[ValueT]
    ) -> None:
        """Load entries again behind the caller, unless they are being loaded or failed lately."""
        full_keys = [
            self._prefix + key for key in found if not self._throttle.holds(self._prefix + key)
        ]
        if not full_keys:
            return
        started, had_room = self._flights.run_behind(
            full_keys,
            lambda flight: self._fly(flight, found, recipe),
            self._background,
        )
        for full_key in started:
            key = full_key[len(self._prefix) :]
            if had_room:
                self._reporter.refreshing(key, "early" if _is_fresh(found[key]) else "stale")
            else:
                self._reporter.refresh_dropped(key)

    def load(
        self,
        found: dict[str, Found[ValueT] | Absent],
        recipe: Recipe[ValueT],
        *,
        is_forced: bool = False,
        since: int | None = None,
    ) -> dict[str, Outcome[ValueT]]:
        """Load keys, and wait for them as long as the policy says.

        Loads of the same keys that are under way are waited for; the others are led from here.

        Args:
            found: the keys, and what a lookup has found of them.
            recipe: how to load them.
            is_forced: whether to load them whatever is stored by now.
            since: the number of flights that had ended before the lookup, if that is known.
        """
        check_stack_room()
        outcomes: dict[str, Outcome[ValueT]] = {}
        landed: dict[str, Outcome[ValueT]] = {}
        boarding = flight = None
        plan = recipe.plan
        stale = {key: it for key, it in found.items() if _may_stand_in(it, plan) and not is_forced}
        pending = list(found)
        start = monotonic()
        try:
            for limit in plan.limits(has_stale=bool(stale)):
                deadline = None if limit is None else start + limit
                left = self._full(pending)
                alone: set[str] = set()
                while left:
                    boarding = self._flights.board(left, alone)
                    try:
                        for flight in boarding.to_lead:
                            seconds = _seconds_until(deadline)
                            load: Any = flight.leading(self._fly, seconds, self._background)
                            with suppress(Late):
                                landed.update(load(flight, found, recipe, is_forced, since))
                        left = self._follow_all(boarding, landed, deadline, alone)
                    finally:
                        boarding.leave()
                for key in pending:
                    it: Any = landed.get(self._prefix + key)
                    if it is None:
                        self._reporter.load_is_late(key, limit or 0.0)
                    it = self._outcome_after(key, it, found[key], stale.get(key), plan)
                    if it is not None:
                        outcomes[key] = it
                pending = [key for key in pending if key not in outcomes]
                if not pending:
                    break
            for key in pending:
                hard = plan.hard_timeout
                msg = f"the load for {key!r} takes longer than {hard:g} s, the hard timeout"
                outcomes[key] = Outcome(error=SharedError(LoadTimeoutError(msg), None))
            return outcomes
        finally:  # frames of the loader refer to this one, and its errors to them
            boarding = flight = load = it = None
            del outcomes, landed

    def _follow_all(
        self,
        boarding: Boarding,
        landed: dict[str, Outcome[ValueT]],
        deadline: float | None,
        alone: set[str],
    ) -> list[str]:
        """Wait for the loads of others; return the keys that are still to be loaded.

        These are the keys whose leaders left them, and those of values that can be used once,
        which are added to `alone`.
        """
        deserted: list[str] = []
        for flight, keys in boarding.joined.items():
            try:
                outcomes = flight.follow(_seconds_until(deadline), self._background)
            except Late:
                continue
            except Deserted:
                deserted += keys
                continue
            used_up = [key for key in keys if outcomes[key].is_one_shot]
            alone.update(used_up)
            deserted += used_up
            landed.update((key, outcomes[key]) for key in keys if key not in alone)
        return deserted

    def _outcome_after(
        self,
        key: str,
        landed: Outcome[ValueT] | None,
        found: Found[ValueT] | Absent,
        stale: Found[ValueT] | Absent | None,
        plan: Plan,
    ) -> Outcome[ValueT] | None:
        """Return what the caller gets after it has waited, or `None` if it is to wait longer."""
        if landed is None:
            if stale is None:
                return None
            self._reporter.served_stale(key, "late")
            return _outcome_of(key, stale)
        if stale is not None and landed.has_failed:
            # It was the load of others, who have no use for what is stale.
            self._throttle.hold(self._prefix + key, plan.retry_after_failure)
            return self._fall_back(key, stale, plan, found, "failing")
        return landed

    def _fly(
        self,
        flight: Flight[dict[str, Outcome[ValueT]]],
        known: dict[str, Found[ValueT] | Absent],
        recipe: Recipe[ValueT],
        is_forced: bool = False,  # noqa: FBT001, FBT002 (passed on by position, also to a thread)
        since: int | None = None,
    ) -> dict[str, Outcome[ValueT]]:
        """Load the keys of a flight, phase by phase: claim them, call the loader, store."""
        start = len(self._prefix)
        keys = [full_key[start:] for full_key in flight.keys]
        trip = _Trip(flight, keys, recipe, known, is_forced=is_forced, since=since)
        try:
            with flight:
                try:
                    self._claim(trip, keys)
                    while trip.to_load or trip.held:
                        if not trip.to_load:
                            self._wait(trip)
                            continue
                        load, args, kwargs = self._begin_load(trip)
                        with self._heartbeat(trip):
                            token = current.set(trip.context)
                            # The loader is called from here: each frame of ours between a
                            # recursive function and itself lowers the depth that it can reach.
                            try:
                                loaded: Any = resolve(load(*args, **kwargs))
                            except Exception as error:
                                loaded = Failed(error)
                            finally:
                                current.reset(token)
                        self._end_load(trip, loaded)
                except Exception as error:
                    trip.fail(error)
                    self._let_go(trip, trip.own)
                except BaseException:  # it is cancelled
                    self._shelf.release(trip.own, trip.token)
                    raise
                return flight.land(
                    {self._prefix + key: outcome for key, outcome in trip.outcomes.items()}
                )
        finally:  # the frames of the loader refer to this one, and its errors to them
            trip.forget()
            del flight

    def _claim(self, trip: _Trip[ValueT], keys: list[str]) -> None:
        """Claim keys, and sort them: those with an outcome, those to load, those held by others."""
        trip.to_load = {}
        trip.held = []
        trip.own = []
        # Without claims, a second lookup could only find what another flight has stored.
        needs_no_lookup = (
            self._shelf.look_for_leases() is None and trip.since == self._flights.landings
        )
        if trip.is_unstorable or needs_no_lookup:
            trip.to_load = {key: Claimed(trip.known[key]) for key in keys}
            return
        lease = trip.recipe.plan.lease
        trip.token = make_token(FENCE if lease is None else LEASE)
        claims = self._shelf.claim(
            keys,
            trip.token,
            FENCE_STANDS_FOR if lease is None else lease,
            takes_over=trip.is_forced,
        )
        now = monotonic()
        unneeded: list[str] = []
        for key, claimed in claims.items():
            is_own = claimed.holder == trip.token
            is_held = trip.waits_for(key, claimed.holder, now)
            outcome = self._settle(key, claimed, trip, is_held=is_held)
            if outcome is not None:
                trip.outcomes[key] = outcome
                unneeded += [key] * is_own
            elif is_held:
                trip.held.append(key)
            else:
                trip.to_load[key] = claimed
                trip.own += [key] * is_own
        self._shelf.release(unneeded, trip.token)

    def _wait(self, trip: _Trip[ValueT]) -> None:
        """Wait for the holders of keys, until there is something to load or nobody holds any."""
        if not trip.is_waiting:
            trip.is_waiting = True
            for key in trip.held:
                self._reporter.lease_held(key)
            if trip.is_nested:
                # It waits a limited time: two processes might wait for each other.
                trip.gives_up_at = monotonic() + (trip.recipe.plan.lease or 0.0)
        with self._shelf.watch(trip.held) as watch:
            pause = POLL_FIRST
            while True:
                self._claim(trip, trip.held)
                if trip.to_load or not trip.held:
                    return
                if trip.flight.is_abandoned:  # and a client has swallowed the cancellation
                    raise Deserted
                watch.wait(pause * (0.5 + chance() / 2))
                pause = min(2 * pause, POLL_MOST)

    def _begin_load(
        self, trip: _Trip[ValueT]
    ) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """Return the function that loads the values of keys, and its arguments."""
        trip.contexts = {
            key: LoadContext(key, _value_of(it.found)) for key, it in trip.to_load.items()
        }
        if trip.recipe.plan.lease is not None:
            for key in trip.own:
                self._reporter.lease_won(key)
        trip.created_at = self._wall_clock()
        trip.started_at = perf_counter()
        return trip.recipe.call_for(trip.contexts)

    def _heartbeat(self, trip: _Trip[ValueT]) -> Any:
        """Return a context in which leases are renewed."""
        lease = trip.recipe.plan.lease
        if lease is None or not trip.own:
            return nullcontext()
        standing = list(trip.own)
        token = trip.token

        def renew() -> None:
            for key in self._shelf.renew(standing, token, lease):
                standing.remove(key)
                self._reporter.lease_lost(key)

        return every(lease / RENEWALS, renew)

    def _end_load(self, trip: _Trip[ValueT], loaded: Any) -> None:
        """Note the outcomes of a load, store what may be stored, and end the claims."""
        took = perf_counter() - trip.started_at
        trip.take(loaded)
        for key, claimed in trip.to_load.items():
            trip.outcomes[key] = self._conclude(key, claimed, trip, took)
        to_store = self._stamp_all(trip, took)
        stored = self._commit(trip, to_store)
        unsure = [key for key in trip.own if key in to_store and key not in stored]
        if unsure:  # The store has just failed, so no caller should wait for it again.
            words = _words_for(trip, unsure, took)
            self._background.start(partial(self._release_all, words, trip.token))
        left = [key for key in trip.own if not stored.get(key) and key not in unsure]
        self._release_all(_words_for(trip, left, took), trip.token)
        deleted = [
            key for key in trip.own if stored.get(key) and to_store[key].stamp.stored_for == 0
        ]
        if deleted and trip.recipe.plan.lease is not None:  # which has ended their claims
            self._shelf.mark(deleted, make_token(UNSTORED), UNSTORED_STANDS_FOR + took)
        trip.to_load = {}
        trip.own = []
        if trip.failure is not None:
            trip.fail_all(trip.failure)

    def _settle(
        self, key: str, claimed: Claimed[ValueT], trip: _Trip[ValueT], *, is_held: bool
    ) -> Outcome[ValueT] | None:
        """Give the outcome for a key that need not, or should not, be loaded after all."""
        found = claimed.found
        known = trip.known[key]
        if isinstance(found, Absent) or trip.is_forced:
            return None
        if found.is_fresh and not (_is_fresh(known) and _is_same(found, known)):
            return _outcome_of(key, found)
        if not _may_stand_in(found, trip.recipe.plan):
            return None
        if is_held:
            self._reporter.lease_held(key)
        elif not is_throttle(claimed.holder):
            return None
        reason: Literal["held", "failing"] = "held" if is_held else "failing"
        return self._fall_back(key, found, trip.recipe.plan, trip.known[key], reason)

    def _fall_back(
        self,
        key: str,
        found: Found[ValueT] | Absent,
        plan: Plan,
        known: Found[ValueT] | Absent,
        reason: Literal["held", "failing"],
    ) -> Outcome[ValueT]:
        """Give an entry in the place of a new value; if its callers wait for that, it is told."""
        is_awaited = isinstance(known, Absent) or plan.judge(known) not in AT_ONCE
        if is_awaited and not _is_fresh(found):
            self._reporter.served_stale(key, reason)
        return _outcome_of(key, found)

    def _stamp_all(self, trip: _Trip[ValueT], took: float) -> dict[str, Loaded[ValueT]]:
        """Return the values that are to be stored, with what is to be noted of them."""
        to_store: dict[str, Loaded[ValueT]] = {}
        plan = trip.recipe.plan
        for key, claimed in trip.to_load.items():
            value = trip.values.get(key)
            error = trip.errors.get(key)
            context = trip.contexts[key]
            if error is not None:
                if not issubclass(error.kind, NoValueError):
                    continue
                context.there_is_none()
            is_unreachable = Absent.UNREACHABLE in (claimed.found, trip.known[key])
            if is_unreachable or trip.outcomes[key].is_one_shot:
                self._reporter.not_stored(key, "failed" if is_unreachable else "one-shot")
                continue
            try:
                fresh_for: Any = trip.recipe.fresh_for(context, value)
            except InvalidDurationError as invalid:
                self._reporter.unencodable(key, invalid)
                continue
            except Exception as failure:  # of the user's own; other keys do not suffer for it
                trip.failure = shared_from(failure)
                continue
            if fresh_for is NOT_AT_ALL or fresh_for == 0:
                self._reporter.not_stored(key, "excluded")
            if fresh_for is NOT_AT_ALL:
                continue
            stamp = Stamp(
                trip.created_at,
                took=took,
                fresh_for=_jittered(fresh_for, plan),
                kept_for=0.0 if context.is_negative else plan.kept_for,
                is_noted=plan.needs_times or self._shelf.notes_all,
                is_negative=context.is_negative,
                is_refused=error is not None,
            )
            if stamp.stored_for == 0 and claimed.found is MISSING and claimed.holder is not None:
                continue  # there is nothing to be deleted
            gently = trip.recipe.if_not_exists and claimed.found is MISSING
            kept: Any = None if error is not None else value
            to_store[key] = Loaded(kept, stamp, claimed, if_not_exists=gently)
        return to_store

    def _commit(self, trip: _Trip[ValueT], loaded: dict[str, Loaded[ValueT]]) -> dict[str, bool]:
        """Store the values that are not fenced. A store failure never loses a loaded value.

        Returns:
            Whether each was stored, without those with which the store has failed.
        """
        if not loaded:
            return {}
        allowed = self._flights.may_commit(trip.flight, self._full(loaded))
        admitted = {key: it for key, it in loaded.items() if self._prefix + key in allowed}
        stored = self._shelf.commit(admitted) if admitted else {}
        stored.update((key, False) for key in loaded if key not in admitted)
        for key, it in loaded.items():
            is_refused = it.claimed.holder is not None and not stored.get(key, True)
            is_refused = is_refused and it.is_encodable and it.stamp.stored_for != 0
            if key not in admitted or is_refused:
                self._reporter.not_stored(key, "fenced")
        self._reporter.stored(
            [key for key, it in admitted.items() if stored.get(key) and it.stamp.stored_for != 0]
        )
        return stored

    def _conclude(
        self, key: str, claimed: Claimed[ValueT], trip: _Trip[ValueT], took: float
    ) -> Outcome[ValueT]:
        """Report what came of a load, and return what its callers get."""
        shared = trip.errors.get(key)
        if shared is None or issubclass(shared.kind, NoValueError):
            self._throttle.release(self._prefix + key)
            self._reporter.loaded(key, took)
            value = trip.values.get(key)
            return Outcome(value, shared, is_one_shot=is_one_shot(value))
        self._reporter.load_failed(key, shared.error, took)
        if trip.is_forced or not _may_stand_in(claimed.found, trip.recipe.plan):
            return Outcome(error=shared, has_failed=True)
        self._throttle.hold(self._prefix + key, trip.recipe.plan.retry_after_failure)
        return self._fall_back(key, claimed.found, trip.recipe.plan, trip.known[key], "failing")

    def _let_go(self, trip: _Trip[ValueT], keys: list[str]) -> None:
        """End the claims of keys whose load ended before the loader was called, or on its own."""
        took = perf_counter() - trip.started_at if trip.started_at else 0.0
        self._release_all(_words_for(trip, keys, took), trip.token)

    def _release_all(self, words: dict[tuple[str, float], list[str]], token: str) -> None:
        """Replace claims by a token of a kind that lasts for the given number of seconds."""
        for (kind, seconds), keys in words.items():
            self._shelf.release(keys, token, make_token(kind) if kind else "", seconds)

    def _full(self, keys: Iterable[str]) -> list[str]:
        return [self._prefix + key for key in keys]


def _outcome_of(key: str, found: Found[ValueT] | Absent) -> Outcome[ValueT]:
    if isinstance(found, Absent) or found.is_refused:
        error = NoValueError(f"there is no value for {key!r}")
        return Outcome(error=SharedError(error, None))
    return Outcome(found.value)


def _words_for(
    trip: _Trip[Any], keys: Iterable[str], took: float
) -> dict[tuple[str, float], list[str]]:
    """Group keys without a stored value by the token that replaces their claims.

    A group is a kind of token and the seconds for which it lasts. Callers that wait for a lease
    find the token and load at once, instead of one after another. If a stale value may be
    returned, no caller waits: then only a failure leaves a token.
    """
    plan = trip.recipe.plan
    words: dict[tuple[str, float], list[str]] = {}
    for key in keys:
        error = trip.errors.get(key)
        has_failed = error is not None and not issubclass(error.kind, NoValueError)
        claimed = trip.to_load.get(key)
        word = ("", 0.0)
        if (
            claimed is not None
            and not isinstance(claimed.found, Absent)
            and _may_stand_in(claimed.found, plan)
        ):
            if has_failed and not trip.is_forced:
                seconds = min(plan.retry_after_failure, plan.kept_for + claimed.found.left)
                word = (THROTTLE, seconds) if seconds else word
        elif plan.lease is not None:
            kind = THROTTLE if has_failed and not trip.is_forced else UNSTORED
            word = (kind, UNSTORED_STANDS_FOR + took)
        words.setdefault(word, []).append(key)
    return words


def _seconds_until(deadline: float | None) -> float | None:
    return None if deadline is None else max(deadline - monotonic(), 0.0)


def _jittered(seconds: float | None, plan: Plan) -> float | None:
    if seconds is None or not plan.jitter:
        return seconds
    return plan.shorten(seconds, chance())


def _is_fresh(found: Found[Any] | Absent) -> bool:
    return not isinstance(found, Absent) and found.is_fresh


def _is_same(found: Found[Any], known: Found[Any] | Absent) -> bool:
    """Tell whether an entry is the one that was known before."""
    return not isinstance(known, Absent) and found.created_at == known.created_at


def _may_stand_in(found: Found[Any] | Absent, plan: Plan) -> bool:
    """Tell whether an entry may be given if loading fails or takes too long."""
    if isinstance(found, Absent) or found.is_negative:
        return False
    return plan.judge(found) is not Worth.NOTHING


def _value_of(found: Found[Any] | Absent) -> Any:
    return MISSING if isinstance(found, Absent) or found.is_negative else found.value
