"""The load path: what a caller gets when its value is missing, old, slow to make, or failing.

A lookup is judged by the policy. What is fresh is given; what is stale, too, and is refreshed
behind the caller; what is missing is loaded by a flight. The flight claims the key in the store
and looks once more, loads, and stores the value if its claim still stands. Each step degrades:
whatever the store does, the caller gets the value that was loaded.
"""

from __future__ import annotations

from functools import partial
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, Generic

from cachetory._core.freshness import Found, Stamp, Worth
from cachetory._core.sentinels import MISSING, Absent
from cachetory._core.throttle import Throttle
from cachetory._runtime.async_ import Deserted, Flight, every
from cachetory._runtime.chance import chance
from cachetory._shell.async_.recipe import NOT_AT_ALL, Failed
from cachetory._shell.async_.shelf import Claimed, Loaded
from cachetory._shell.tokens import (
    FAILURE_STANDS_FOR,
    FENCE,
    FENCE_STANDS_FOR,
    LEASE,
    THROTTLE,
    is_lease,
    is_throttle,
    make_token,
)
from cachetory.errors import InvalidDurationError, LoadTimeoutError, NoValueError
from cachetory.interfaces.serializers import ValueT
from cachetory.loading import LoadContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    from cachetory._core.freshness import Plan
    from cachetory._runtime.async_ import Background
    from cachetory._shell.async_.recipe import Recipe
    from cachetory._shell.async_.shelf import EntryStore
    from cachetory._shell.async_.single_flight import SingleFlight
    from cachetory._shell.reporter import Reporter

POLL_FIRST = 0.01
"""Seconds after which to look for the first time whether another process has loaded a key."""

POLL_MOST = 0.1
"""Seconds between two such looks at most. Those whose store tells them wake up earlier."""

AT_ONCE = (Worth.FRESH, Worth.STALE)
"""Entries of this worth are given without waiting for anything."""

RENEWALS = 3
"""A lease is renewed so many times while it would last."""


class Outcome(Generic[ValueT]):
    """What came of a load: a value, or an error."""

    __slots__ = ("_error", "_value")

    def __init__(self, value: ValueT | None = None, error: Exception | None = None) -> None:
        self._value: Any = value
        self._error = error

    def give(self) -> ValueT:
        """Give the value, or raise the error."""
        if self._error is not None:
            raise self._error
        value: ValueT = self._value
        return value

    @property
    def has_failed(self) -> bool:
        """Whether loading failed, which to say that there is no value is not."""
        return self._error is not None and not isinstance(self._error, NoValueError)

    @property
    def is_none(self) -> bool:
        """Whether there is no value."""
        return isinstance(self._error, NoValueError)


class _Trip(Generic[ValueT]):
    """What is the same for all steps of one flight."""

    __slots__ = ("failure", "flight", "is_forced", "known", "recipe", "token")

    def __init__(
        self,
        flight: Flight[Any],
        recipe: Recipe[ValueT],
        known: dict[str, Found[ValueT] | Absent],
        *,
        is_forced: bool,
    ) -> None:
        self.flight = flight
        self.recipe = recipe
        self.known = known
        self.is_forced = is_forced
        self.token = ""
        self.failure: Exception | None = None

    def raise_failure(self) -> None:
        """Raise what a function of the user's has raised, if anything."""
        if self.failure is not None:
            raise self.failure

    @property
    def is_nested(self) -> bool:
        """Whether it is a part of another load."""
        return len(Flight.under_way()) > 1


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
        self._throttle = Throttle(monotonic)

    async def get(self, key: str, recipe: Recipe[ValueT]) -> ValueT:
        """Give the value of a key; load it if need be."""
        since = self._flights.landings
        found = await self._shelf.read(key)
        outcome = self._take(key, found, recipe)
        if outcome is None:
            outcomes = await self._load_those({key: found}, recipe, since=since)
            outcome = outcomes[key]
        return outcome.give()

    async def load(
        self, key: str, found: Absent, recipe: Recipe[ValueT], *, since: int | None = None
    ) -> ValueT:
        """Load a key for which nothing was found; `found` tells why.

        `since` is the number of flights that had ended before the lookup.
        """
        self._reporter.miss(key)
        outcomes = await self._load_those({key: found}, recipe, since=since)
        return outcomes[key].give()

    async def get_many(
        self, keys: Iterable[str], recipe: Recipe[ValueT]
    ) -> dict[str, Outcome[ValueT]]:
        """Give the outcomes for keys, in their order; load what is missing, all of it at once."""
        wanted = list(dict.fromkeys(keys))
        since = self._flights.landings
        found = await self._shelf.read_many(wanted)
        outcomes: dict[str, Outcome[ValueT] | None] = dict.fromkeys(wanted)
        stale: dict[str, Found[ValueT] | Absent] = {}
        missing: dict[str, Found[ValueT] | Absent] = {}
        for key in wanted:
            outcomes[key] = self._take(key, found[key], recipe, stale)
            if outcomes[key] is None:
                missing[key] = found[key]
        self._refresh_behind(stale, recipe)
        if missing:
            outcomes.update(await self._load_those(missing, recipe, since=since))
        return {key: it for key, it in outcomes.items() if it is not None}

    async def refresh(
        self, keys: Iterable[str], recipe: Recipe[ValueT]
    ) -> dict[str, Outcome[ValueT]]:
        """Load keys now, whatever is stored; what is loaded by earlier loads is not stored."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        found = await self._shelf.read_many(wanted)
        await self._flights.fence(self._full(wanted))
        for key in wanted:
            self._reporter.refreshing(key, "asked")
        return await self._load_those(found, recipe, is_forced=True)

    async def aclose(self, seconds: float) -> None:
        """Wait for what goes on behind, so long at most, then cancel it."""
        await self._background.aclose(seconds)

    def _take(
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
            full_keys, partial(self._fly, found, recipe), self._background
        )
        for full_key in started:
            key = full_key[len(self._prefix) :]
            if had_room:
                self._reporter.refreshing(key, "early" if _is_fresh(found[key]) else "stale")
            else:
                self._reporter.refresh_dropped(key)

    async def _load_those(
        self,
        found: dict[str, Found[ValueT] | Absent],
        recipe: Recipe[ValueT],
        *,
        is_forced: bool = False,
        since: int | None = None,
    ) -> dict[str, Outcome[ValueT]]:
        """Load keys, and wait for them as long as the policy says."""
        plan = recipe.plan
        stale = {key: it for key, it in found.items() if _may_stand_in(it, plan) and not is_forced}
        landed: dict[str, Outcome[ValueT]] = {}
        pending = list(found)
        waited = 0.0
        for limit in plan.limits(has_stale=bool(stale)):
            outcomes = await self._flights.run(
                self._full(pending),
                partial(self._fly, found, recipe, is_forced=is_forced, since=since),
                seconds=None if limit is None else limit - waited,
                behind=self._background,
            )
            waited = limit or waited
            for key in pending:
                outcome = outcomes.get(self._prefix + key)
                if outcome is not None and outcome.has_failed and key in stale:
                    # It was the load of others, who have no use for what is stale.
                    self._throttle.hold(self._prefix + key, plan.retry_after_failure)
                    landed[key] = self._fall_back(key, stale[key], plan, found[key], "failing")
                elif outcome is not None:
                    landed[key] = outcome
                else:
                    self._reporter.load_is_late(key, waited)
                    if key in stale:
                        self._reporter.served_stale(key, "late")
                        landed[key] = _outcome_of(key, stale[key])
            pending = [key for key in pending if key not in landed]
            if not pending:
                break
        for key in pending:
            msg = f"the load for {key!r} takes longer than {waited:g} s, the hard timeout"
            landed[key] = Outcome(error=LoadTimeoutError(msg))
        return landed

    async def _fly(
        self,
        known: dict[str, Found[ValueT] | Absent],
        recipe: Recipe[ValueT],
        flight: Flight[Any],
        *,
        is_forced: bool = False,
        since: int | None = None,
    ) -> dict[str, Outcome[ValueT]]:
        """Load the keys of a flight."""
        start = len(self._prefix)
        keys = [full_key[start:] for full_key in flight.keys]
        trip = _Trip(flight, recipe, known, is_forced=is_forced)
        leases = self._shelf.look_for_leases()
        if flight.fenced.issuperset(flight.keys) or any(
            known[key] is Absent.UNREACHABLE for key in keys
        ):
            # Nothing of it can be stored: it is computed through, or the store has just failed.
            outcomes = await self._make(trip, {key: Claimed(known[key]) for key in keys})
        elif leases is None and since == self._flights.landings:
            # Without claims, a second lookup could only find what another flight has stored.
            outcomes = await self._make(trip, {key: Claimed(known[key]) for key in keys})
        else:
            outcomes = await self._load(trip, keys)
        return {self._prefix + key: outcome for key, outcome in outcomes.items()}

    async def _load(self, trip: _Trip[ValueT], keys: list[str]) -> dict[str, Outcome[ValueT]]:
        """Load keys, but wait for those that another process is loading."""
        outcomes, held = await self._attempt(trip, keys)
        if not held:
            return outcomes
        for key in held:
            self._reporter.lease_held(key)
        # A load within another does not wait for ever: two processes might wait for each other.
        patience = trip.recipe.plan.lease if trip.is_nested else None
        give_up_at = None if patience is None else monotonic() + patience
        async with self._shelf.watch(held) as watch:
            pause = POLL_FIRST
            while True:
                waits = give_up_at is None or monotonic() < give_up_at
                landed, held = await self._attempt(trip, held, waits=waits)
                outcomes.update(landed)
                if not held:
                    return outcomes
                if trip.flight.is_abandoned:  # and a client has swallowed the cancellation
                    raise Deserted
                await watch.wait(pause * (0.5 + chance() / 2))
                pause = min(2 * pause, POLL_MOST)

    async def _attempt(
        self, trip: _Trip[ValueT], keys: list[str], *, waits: bool = True
    ) -> tuple[dict[str, Outcome[ValueT]], list[str]]:
        """Claim keys, and load those that are one's own to load; give also those that are not."""
        lease = trip.recipe.plan.lease
        trip.token = make_token(FENCE if lease is None else LEASE)
        claims = await self._shelf.claim(
            keys,
            trip.token,
            FENCE_STANDS_FOR if lease is None else lease,
            takes_over=trip.is_forced,
        )
        outcomes: dict[str, Outcome[ValueT]] = {}
        to_load: dict[str, Claimed[ValueT]] = {}
        held: list[str] = []
        for key, claimed in claims.items():
            is_held = (
                waits
                and lease is not None
                and claimed.holder != trip.token
                and is_lease(claimed.holder)
            )
            outcome = self._settle(key, claimed, trip, is_held=is_held)
            if outcome is not None:
                outcomes[key] = outcome
            elif is_held:
                held.append(key)
            else:
                to_load[key] = claimed
        unneeded = [key for key in outcomes if claims[key].holder == trip.token]
        await self._shelf.release(unneeded, trip.token)
        if to_load:
            outcomes.update(await self._make(trip, to_load))
        return outcomes, held

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

    async def _make(
        self, trip: _Trip[ValueT], claims: dict[str, Claimed[ValueT]]
    ) -> dict[str, Outcome[ValueT]]:
        """Load and store values."""
        contexts = {key: LoadContext(key, _value_of(it.found)) for key, it in claims.items()}
        own = [key for key, it in claims.items() if it.holder == trip.token]
        created_at = self._wall_clock()
        started_at = perf_counter()
        try:
            values = await self._call(trip, contexts, own)
            took = perf_counter() - started_at
            outcomes = {
                key: self._conclude(key, values[key], claimed, trip, took)
                for key, claimed in claims.items()
            }
            loaded = await self._stamp_all(trip, claims, contexts, values, (created_at, took))
            stored = await self._commit(trip, loaded)
            trip.raise_failure()
        except BaseException:  # cancelled, or an error is to be raised
            await self._shelf.release(own, trip.token)
            raise
        unsure = [key for key in own if key in loaded and key not in stored]
        if unsure:  # the store has just failed: nobody is to wait for it once more
            self._background.start(partial(self._shelf.release, unsure, trip.token))
        left = [key for key in own if not stored.get(key) and key not in unsure]
        await self._leave(trip, left, claims, values)
        return outcomes

    async def _call(
        self, trip: _Trip[ValueT], contexts: dict[str, LoadContext], own: list[str]
    ) -> dict[str, Any]:
        """Call the loader, and renew the lease while it runs."""
        lease = trip.recipe.plan.lease
        if lease is None or not own:
            return dict(await trip.recipe.load(contexts))
        for key in own:
            self._reporter.lease_won(key)
        standing = list(own)
        token = trip.token

        async def renew() -> None:
            for key in await self._shelf.renew(standing, token, lease):
                standing.remove(key)
                self._reporter.lease_lost(key)

        async with every(lease / RENEWALS, renew):
            return dict(await trip.recipe.load(contexts))

    async def _stamp_all(
        self,
        trip: _Trip[ValueT],
        claims: dict[str, Claimed[ValueT]],
        contexts: dict[str, LoadContext],
        values: dict[str, Any],
        times: tuple[float, float],
    ) -> dict[str, Loaded[ValueT]]:
        """Tell which values are to be stored, and what is to be noted of them."""
        loaded: dict[str, Loaded[ValueT]] = {}
        for key, claimed in claims.items():
            value: Any = values[key]
            context = contexts[key]
            if (error := _error_of(value)) is not None:
                if not isinstance(error, NoValueError):
                    continue
                context.there_is_none()
            if Absent.UNREACHABLE in (claimed.found, trip.known[key]):
                self._reporter.not_stored(key, "failed")
                continue
            try:
                fresh_for: Any = await trip.recipe.fresh_for(context, value)
            except InvalidDurationError as invalid:
                self._reporter.unencodable(key, invalid)
                continue
            except Exception as failure:  # of the user's own; other keys do not suffer for it
                trip.failure = failure
                continue
            if fresh_for is NOT_AT_ALL or fresh_for == 0:
                self._reporter.not_stored(key, "excluded")
            if fresh_for is NOT_AT_ALL:
                continue
            plan = trip.recipe.plan
            stamp = Stamp(
                times[0],
                took=times[1],
                fresh_for=_jittered(fresh_for, plan),
                kept_for=0.0 if context.is_negative else plan.kept_for,
                is_noted=plan.needs_times or self._shelf.notes_all,
                is_negative=context.is_negative,
                is_refused=error is not None,
            )
            gently = trip.recipe.if_not_exists and claimed.found is MISSING
            kept: Any = None if error is not None else value
            loaded[key] = Loaded(kept, stamp, claimed, if_not_exists=gently)
        return loaded

    async def _commit(
        self, trip: _Trip[ValueT], loaded: dict[str, Loaded[ValueT]]
    ) -> dict[str, bool]:
        """Store what may be stored; a value is never lost for that.

        Tells of each whether it was stored, but for those with which the store has failed.
        """
        if not loaded:
            return {}
        allowed = self._flights.may_commit(trip.flight, self._full(loaded))
        admitted = {key: it for key, it in loaded.items() if self._prefix + key in allowed}
        stored = await self._shelf.commit(admitted) if admitted else {}
        stored.update((key, False) for key in loaded if key not in admitted)
        for key, it in loaded.items():
            is_refused = it.claimed.holder is not None and not stored.get(key, True)
            if key not in admitted or (is_refused and it.stamp.stored_for != 0):
                self._reporter.not_stored(key, "fenced")
        self._reporter.stored(
            [key for key, it in admitted.items() if stored.get(key) and it.stamp.stored_for != 0]
        )
        return stored

    def _conclude(
        self,
        key: str,
        value: Any,
        claimed: Claimed[ValueT],
        trip: _Trip[ValueT],
        took: float,
    ) -> Outcome[ValueT]:
        """Report what came of a load, and give what its callers get."""
        error = _error_of(value)
        if error is None or isinstance(error, NoValueError):
            self._throttle.release(self._prefix + key)
            self._reporter.loaded(key, took)
            return Outcome(value) if error is None else Outcome(error=error)
        self._reporter.load_failed(key, error, took)
        if trip.is_forced or not _may_stand_in(claimed.found, trip.recipe.plan):
            return Outcome(error=error)
        self._throttle.hold(self._prefix + key, trip.recipe.plan.retry_after_failure)
        return self._fall_back(key, claimed.found, trip.recipe.plan, trip.known[key], "failing")

    async def _leave(
        self,
        trip: _Trip[ValueT],
        keys: list[str],
        claims: dict[str, Claimed[ValueT]],
        values: dict[str, Any],
    ) -> None:
        """End the claims of what was not stored; where loading failed, leave word of that."""
        plan = trip.recipe.plan
        ends: dict[float, list[str]] = {}
        for key in keys:
            error = _error_of(values[key])
            seconds = 0.0
            has_failed = error is not None and not isinstance(error, NoValueError)
            if has_failed and not trip.is_forced:
                found = claims[key].found
                if not isinstance(found, Absent) and _may_stand_in(found, plan):
                    seconds = min(plan.retry_after_failure, plan.kept_for + found.left)
                elif plan.lease is not None:
                    seconds = FAILURE_STANDS_FOR
            ends.setdefault(seconds, []).append(key)
        for seconds, those in ends.items():
            word = make_token(THROTTLE) if seconds else ""
            await self._shelf.release(those, trip.token, word, seconds)

    def _full(self, keys: Iterable[str]) -> list[str]:
        return [self._prefix + key for key in keys]


def _outcome_of(key: str, found: Found[ValueT] | Absent) -> Outcome[ValueT]:
    if isinstance(found, Absent) or found.is_refused:
        return Outcome(error=NoValueError(f"there is no value for {key!r}"))
    return Outcome(found.value)


def _error_of(value: object) -> Exception | None:
    return value.error if isinstance(value, Failed) else None


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
