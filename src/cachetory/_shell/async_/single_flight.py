"""One load per key at a time in this process; everyone else waits for it and shares its outcome.

A flight loads one key or many. A load that asks for its own key, directly or through another key's
load, computes through instead of waiting for itself. A write to a key while its load is under way
fences the load: its outcome goes to those who wait, but is not stored any more.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from cachetory._core.identity import OfEach
from cachetory._runtime.async_ import Deserted, Eventual, Flight, Late
from cachetory._runtime.process import call_in_child, fork_safe_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from cachetory._runtime.async_ import Background

T = TypeVar("T")

_guard = fork_safe_lock()
_of_store: OfEach[SingleFlight] = OfEach()


class SingleFlight:
    """The flights over one store. A flight in one event loop is not seen from another.

    Attributes:
        landings: The number of flights that have ended: while it stays the same, what a lookup
            has not found is still missing, as far as this process knows.
    """

    __slots__ = ("__weakref__", "_flights", "landings")

    def __init__(self) -> None:
        self.landings = 0
        self._flights: dict[str, list[Flight[Any]]] = {}  # more than one if there are more loops
        call_in_child(self, SingleFlight._forget)

    @staticmethod
    def over(store: object) -> SingleFlight:
        """Give the flights over a store: caches of a colour that share it fence each other.

        Two proxies of one store may rename keys, so they have flights of their own.
        """
        flights = SingleFlight()
        with _guard:
            return _of_store.setdefault(store, flights)

    async def run(
        self,
        keys: Collection[str],
        load: Callable[[Flight[dict[str, T]]], Eventual[dict[str, T]]],
        *,
        seconds: float | None = None,
        behind: Background | None = None,
    ) -> dict[str, T]:
        """Load the keys, but wait for the loads that are under way for any of them.

        Args:
            keys: the keys as the store knows them.
            load: called with the flight, which tells the keys to be loaded, and whether the
                outcome may still be stored; gives the outcome of each of these keys.
            seconds: how long to wait at most.
            behind: where loads go on that take longer.

        Returns:
            The outcomes by key; those that came too late are missing.
        """
        deadline = None if seconds is None else monotonic() + seconds
        outcomes: dict[str, T] = {}
        while keys:
            keys = await self._board(keys, load, outcomes, deadline, behind)
        return outcomes

    def run_behind(
        self,
        keys: Iterable[str],
        load: Callable[[Flight[dict[str, T]]], Eventual[dict[str, T]]],
        behind: Background,
    ) -> tuple[list[str], bool]:
        """Load those of the keys that nobody is loading, for nobody to wait for.

        Returns:
            The keys that would be loaded, and whether there was room for that.
        """
        own: Flight[dict[str, T]] = Flight([], self._leave)
        with _guard:
            own_keys = [key for key in keys if self._find(key) is None]
            own.keys = own_keys
            self._enter(own)
        if not own_keys:
            return [], True
        try:
            if own.lead_behind(partial(load, own), behind):
                return own_keys, True
        except BaseException:
            own.desert()
            raise
        own.desert()
        return own_keys, False

    def may_commit(self, flight: Flight[Any], keys: Iterable[str]) -> set[str]:
        """Tell which of the keys may be stored; those that may are being stored now."""
        with _guard:
            allowed = {key for key in keys if key not in flight.fenced}
            flight.committing = bool(allowed)
        return allowed

    async def fence(self, keys: Iterable[str]) -> None:
        """Keep the loads under way for the keys from storing what they find.

        Waits for those whose value is being written this moment, so that the write which the
        caller is about to make is the last one. Whoever asks for the key from now on starts a
        new load.
        """
        for flight in self._fence(keys):
            await flight.landed()

    async def fence_prefix(self, prefix: str) -> None:
        """Fence every load under way whose key begins with the prefix."""
        await self.fence([key for key in list(self._flights) if key.startswith(prefix)])

    def _fence(self, keys: Iterable[str]) -> list[Flight[Any]]:
        """Fence the loads of the keys, and give those that are to be waited for."""
        if not self._flights:
            return []
        inside = Flight.under_way()
        landing: list[Flight[Any]] = []
        with _guard:
            for key in keys:
                for flight in self._flights.get(key, ()):
                    if flight.committing and flight in inside:
                        continue  # it is this flight that stores its value
                    flight.fenced.add(key)
                    if flight.committing and flight.is_here and flight not in inside:
                        landing.append(flight)
        return landing

    def _find(self, key: str) -> Flight[Any] | None:
        flights = self._flights.get(key, ())
        return next((it for it in flights if it.is_here and key not in it.fenced), None)

    def _enter(self, flight: Flight[Any]) -> None:
        for key in flight.keys:
            self._flights.setdefault(key, []).append(flight)

    def _leave(self, flight: Flight[Any]) -> None:
        with _guard:
            self.landings += 1
            for key in flight.keys:
                flights = self._flights.get(key, [])
                if flight in flights:
                    flights.remove(flight)
                    if not flights:
                        del self._flights[key]

    async def _board(
        self,
        keys: Iterable[str],
        load: Callable[[Flight[dict[str, T]]], Eventual[dict[str, T]]],
        outcomes: dict[str, T],
        deadline: float | None,
        behind: Background | None,
    ) -> list[str]:
        """Lead a flight of one's own, follow those that are there; give the keys left alone."""
        chain = Flight.under_way()
        own: Flight[dict[str, T]] = Flight([], self._leave)
        to_lead: list[Flight[dict[str, T]]] = []
        joined: dict[Flight[dict[str, T]], list[str]] = {}
        waits_for: list[Flight[Any]] = []
        try:
            with _guard:
                own.keys, through, joined = self._allot(keys, chain)
                self._enter(own)
                if own.keys:
                    to_lead.append(own)
                if through:
                    aside: Flight[dict[str, T]] = Flight(through, self._leave)
                    aside.fenced.update(through)  # it is not on the table
                    to_lead.append(aside)
                waits_for = [*to_lead, *joined]
                if chain:
                    chain[-1].waits_for.extend(waits_for)
            for flight in to_lead:
                with suppress(Late):
                    outcomes.update(
                        await flight.lead(partial(load, flight), _left(deadline), behind)
                    )
            return await self._follow(joined, outcomes, deadline, behind)
        except BaseException:
            own.desert()
            raise
        finally:
            for flight in waits_for if chain else ():
                chain[-1].waits_for.remove(flight)

    async def _follow(
        self,
        joined: dict[Flight[dict[str, T]], list[str]],
        outcomes: dict[str, T],
        deadline: float | None,
        behind: Background | None,
    ) -> list[str]:
        """Wait for flights of others, and give the keys of those whose leaders left them."""
        deserted: list[str] = []
        for flight, keys in joined.items():
            try:
                landed = await flight.follow(_left(deadline), behind)
            except Late:
                continue
            except Deserted:
                deserted += keys
                continue
            outcomes.update((key, landed[key]) for key in keys)
        return deserted

    def _allot(
        self, keys: Iterable[str], chain: tuple[Flight[Any], ...]
    ) -> tuple[list[str], list[str], dict[Flight[Any], list[str]]]:
        """Tell which keys to load, which to compute through, and which flights to join."""
        own: list[str] = []
        through: list[str] = []
        joined: dict[Flight[Any], list[str]] = {}
        for key in keys:
            flight = self._find(key)
            if flight is None:
                own.append(key)
            elif _waits_for_any(flight, chain):
                through.append(key)  # instead of waiting for oneself
            else:
                joined.setdefault(flight, []).append(key)
        return own, through, joined

    def _forget(self) -> None:
        """Start a forked child clean: the threads that led these flights do not exist in it."""
        self._flights.clear()


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(deadline - monotonic(), 0.0)


def _waits_for_any(flight: Flight[Any], chain: tuple[Flight[Any], ...]) -> bool:
    """Tell whether a flight waits, through others perhaps, for one of the chain."""
    if not chain:
        return False
    seen: set[int] = set()
    pending = [flight]
    while pending:
        current = pending.pop()
        if current in chain:
            return True
        if id(current) not in seen:
            seen.add(id(current))
            pending.extend(current.waits_for)
    return False
