"""One load per key at a time in this process; everyone else waits for it and shares its outcome.

A flight loads one key or many. A load that asks for its own key, directly or through another key's
load, computes through instead of waiting for itself. A write to a key while its load is under way
fences the load: its outcome goes to those who wait, but is not stored any more.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cachetory._core.identity import OfEach
from cachetory._runtime.async_ import Flight
from cachetory._runtime.process import call_in_child, fork_safe_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from cachetory._runtime.async_ import Background, Eventual

_guard = fork_safe_lock()
_of_store: OfEach[SingleFlight] = OfEach()


class Boarding:
    """The flights that load the keys of one caller.

    Args:
        chain: the flights whose loads the caller is a part of.

    Attributes:
        to_lead: flights that the caller starts.
        joined: the keys that it waits for, by the flights of others.
    """

    __slots__ = ("_chain", "_waits_for", "joined", "to_lead")

    def __init__(self, chain: tuple[Flight[Any], ...]) -> None:
        self._chain = chain
        self._waits_for: list[Flight[Any]] = []
        self.to_lead: list[Flight[Any]] = []
        self.joined: dict[Flight[Any], list[str]] = {}

    def enter(self) -> None:
        """Note which flights the load waits for that the caller is a part of."""
        if self._chain:
            self._waits_for = [*self.to_lead, *self.joined]
            self._chain[-1].waits_for.extend(self._waits_for)

    def leave(self) -> None:
        """Wait for none of them any more; give up those that were not started."""
        for flight in self.to_lead:
            flight.desert()
        for flight in self._waits_for:
            self._chain[-1].waits_for.remove(flight)


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
        """Return the flights over a store; caches of the same API that share it fence each other.

        Two proxies of one store may rename keys, so they have flights of their own.
        """
        flights = SingleFlight()
        with _guard:
            return _of_store.setdefault(store, flights)

    def board(self, keys: Iterable[str], alone: Collection[str] = ()) -> Boarding:
        """Put the caller on the flights that load the keys: new ones to lead, others to join.

        Args:
            keys: the keys.
            alone: those of them that the caller loads for itself, without storing the value.
        """
        chain = Flight.under_way()
        boarding = Boarding(chain)
        with _guard:
            own, through, boarding.joined = self._allot(keys, chain, alone)
            if own:
                flight: Flight[Any] = Flight(own, self._leave)
                self._enter(flight)
                boarding.to_lead.append(flight)
            if through:
                aside: Flight[Any] = Flight(through, self._leave)
                aside.fenced.update(through)  # it is not on the table
                boarding.to_lead.append(aside)
            boarding.enter()
        return boarding

    def run_behind(
        self,
        keys: Iterable[str],
        load: Callable[[Flight[Any]], Eventual[Any]],
        behind: Background,
    ) -> tuple[list[str], bool]:
        """Load those of the keys that nobody is loading, for nobody to wait for.

        Returns:
            The keys that would be loaded, and whether there was room for that.
        """
        own: Flight[Any] = Flight([], self._leave)
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

    def _allot(
        self, keys: Iterable[str], chain: tuple[Flight[Any], ...], alone: Collection[str]
    ) -> tuple[list[str], list[str], dict[Flight[Any], list[str]]]:
        """Tell which keys to load, which to compute through, and which flights to join."""
        own: list[str] = []
        through: list[str] = []
        joined: dict[Flight[Any], list[str]] = {}
        for key in keys:
            flight = self._find(key)
            if key in alone:
                through.append(key)
            elif flight is None:
                own.append(key)
            elif _waits_for_any(flight, chain):
                through.append(key)  # instead of waiting for oneself
            else:
                joined.setdefault(flight, []).append(key)
        return own, through, joined

    def _forget(self) -> None:
        """Start a forked child clean: the threads that led these flights do not exist in it."""
        self._flights.clear()


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
