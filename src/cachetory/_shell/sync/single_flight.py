# Generated from src/cachetory/_shell/async_/single_flight.py by tools/unasync.py. Do not edit: edit that file instead.
"""One load per key at a time in this process; everyone else waits for it and shares its outcome.

A load that asks for its own key, directly or through another key's load, computes through
instead of waiting for itself. A write to the key while its load is under way fences the load:
its outcome goes to those who wait, but is not stored any more.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from cachetory._runtime.process import call_in_child, fork_safe_lock
from cachetory._runtime.sync import Deserted, Eventual, Flight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

_guard = fork_safe_lock()
_of_store: WeakKeyDictionary[object, SingleFlight] = WeakKeyDictionary()


class SingleFlight:
    """The flights over one store. A flight in one event loop is not seen from another."""

    __slots__ = ("__weakref__", "_flights")

    def __init__(self) -> None:
        self._flights: dict[str, list[Flight[Any]]] = {}  # more than one if there are more loops
        call_in_child(self, SingleFlight._forget)

    @staticmethod
    def over(store: object) -> SingleFlight:
        """Give the flights over a store: caches of a colour that share it fence each other."""
        flights = SingleFlight()
        with _guard:
            try:
                return _of_store.setdefault(store, flights)
            except TypeError:  # not hashable, or without weak references: told apart by nothing
                return flights

    def run(self, key: str, load: Callable[[Flight[T]], Eventual[T]]) -> T:
        """Run the load, or wait for the one that is under way for the key.

        Args:
            key: the key as the store knows it.
            load: called with the flight, which tells whether the outcome may still be stored.
        """
        while True:
            flight: Flight[T] = Flight(partial(self._leave, key))
            try:
                return self._board(key, flight, load)
            except Deserted:
                continue
            except BaseException:
                flight.desert()
                raise

    def may_commit(self, flight: Flight[Any]) -> bool:
        """Tell whether what the flight has loaded may be stored; if so, it is being stored now."""
        with _guard:
            flight.committing = not flight.fenced
        return flight.committing

    def fence(self, keys: Iterable[str]) -> None:
        """Keep the loads under way for the keys from storing what they find.

        Waits for those whose value is being written this moment, so that the write which the
        caller is about to make is the last one. Whoever asks for the key from now on starts a
        new load.
        """
        for flight in self._fence(keys):
            flight.landed()

    def fence_prefix(self, prefix: str) -> None:
        """Fence every load under way whose key begins with the prefix."""
        self.fence([key for key in list(self._flights) if key.startswith(prefix)])

    def _fence(self, keys: Iterable[str]) -> list[Flight[Any]]:
        """Fence the loads of the keys, and give those that are to be waited for."""
        if not self._flights:
            return []
        inside = Flight.under_way()
        landing: list[Flight[Any]] = []
        with _guard:
            for key in keys:
                for flight in self._flights.get(key, ()):
                    flight.fenced = True
                    if flight.committing and flight.is_here and flight not in inside:
                        landing.append(flight)
        return landing

    def _find(self, key: str) -> Flight[Any] | None:
        flights = self._flights.get(key, ())
        return next((it for it in flights if it.is_here and not it.fenced), None)

    def _leave(self, key: str, flight: Flight[Any]) -> None:
        with _guard:
            flights = self._flights.get(key, [])
            if flight in flights:
                flights.remove(flight)
                if not flights:
                    del self._flights[key]

    def _board(self, key: str, own: Flight[T], load: Callable[[Flight[T]], Eventual[T]]) -> T:
        """Lead the flight of one's own, or follow the one that is there."""
        chain = Flight.under_way()
        with _guard:
            flight: Flight[T] = self._find(key) or own
            own.fenced = flight is not own  # it is not on the table
            if flight is own:
                self._flights.setdefault(key, []).append(own)
            elif _waits_for_any(flight, chain):
                flight = own  # compute through, instead of waiting for oneself
            if chain:
                chain[-1].waits_for.append(flight)
        try:
            if flight is not own:
                return flight.follow()
            return own.lead(partial(load, own))
        finally:
            if chain:
                chain[-1].waits_for.remove(flight)

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
