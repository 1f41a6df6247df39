# Generated from src/cachetory/caches/_driven/async_.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a cache offers beyond its operations, for a cache whose operations are a user's.

A subclass or a proxy of a cache may rename keys, encrypt values or count calls in `get` and `set`.
Loading then uses only these operations.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic

from cachetory._core.freshness import PLAIN
from cachetory._core.overrides import is_outdone
from cachetory._core.sentinels import Absent
from cachetory._runtime.clocks import wall_time
from cachetory._runtime.sync import Background, resolve
from cachetory._shell.reporter import LoadReporter, Reporter
from cachetory._shell.sync.loader import Loader, give_all
from cachetory._shell.sync.operation_store import OperationStore
from cachetory._shell.sync.recipe import Recipe, load_chunks
from cachetory._shell.sync.single_flight import SingleFlight
from cachetory.errors import ConfigurationError
from cachetory.interfaces.serializers import ValueT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cachetory._core.freshness import Plan
    from cachetory.lookup import Lookup
    from cachetory.policy import Policy


class DrivenCache(Generic[ValueT]):
    """The loading operations of a cache over its `get`, `set` and `delete`.

    Loads are shared and fenced among the callers of one cache object. There are no claims, so that
    a lease has no effect, and no times beside values.

    Args:
        cache: has at least `get` and `set`, as `Cache` has them.
        prefix: what the cache puts before keys when it fences loads.
        policy: how values are loaded, if a call does not say.
        flights: the loads under way; by default those of this cache object.
        reporter: is told of loads and failures.
        background: where loads go on that take too long.
        raises_errors: whether errors of the operations are raised.
        wall_clock: tells epoch seconds.

    Attributes:
        loader: The load path over these operations.
    """

    def __init__(
        self,
        cache: Any,
        *,
        prefix: str = "",
        policy: Policy | None = None,
        flights: SingleFlight | None = None,
        reporter: Reporter | None = None,
        background: Background | None = None,
        raises_errors: bool = False,
        wall_clock: Callable[[], float] = wall_time,
    ) -> None:
        reports = LoadReporter(reporter or Reporter(None))
        self._cache = cache
        self._policy = policy
        self._wall_clock = wall_clock
        self._flights = flights or SingleFlight.over(cache)
        self._store: OperationStore[ValueT] = OperationStore(
            cache, reports, raises_errors=raises_errors
        )
        self.loader: Loader[ValueT] = Loader(
            self._store,
            prefix,
            self._flights,
            background=background or Background(),
            reporter=reports,
            wall_clock=wall_clock,
        )

    def plan_for(self, policy: Policy | None) -> Plan:
        """Return the policy that counts, in plain numbers: the given one, or the cache's.

        Raises:
            ConfigurationError: for one that needs times.
        """
        if policy is None:
            policy = self._policy
        if policy is None:
            return PLAIN
        if policy.plan.needs_times:
            name = type(self._cache).__name__
            msg = (
                f"{policy} needs values to be stored with their times, but {name} has operations "
                "of its own, which store no times: leave out `stale_while_revalidate`, "
                "`stale_if_error`, `early_refresh` and `negative_time_to_live`, or use a cache "
                "that overrides none of `get`, `get_many`, `set` and `set_many`"
            )
            raise ConfigurationError(msg)
        if policy.jitter and self._policy is not None and self._policy.jitter:
            return policy.replace(jitter=0.0).plan  # `set` shortens the time to live itself
        return policy.plan

    def get_or_set(
        self, key: str, load: Callable[..., Any], *, policy: Policy | None = None, **storing: Any
    ) -> ValueT:
        """Retrieve a value; if there is none, load and set it; see `Cache.get_or_set`."""
        recipe: Recipe[ValueT] = Recipe(load, self.plan_for(policy), **storing)
        since = self._flights.landings
        known = self.loader.read(key)
        outcome = self.loader.take(key, known, recipe)
        if outcome is not None:
            return outcome.give()
        return (self.loader.load({key: known}, recipe, since=since))[key].give()

    def get_or_set_many(
        self,
        keys: Iterable[str],
        load_many: Callable[..., Any],
        *,
        policy: Policy | None = None,
        chunk_size: int | None = None,
        **storing: Any,
    ) -> dict[str, ValueT]:
        """Retrieve many values; load and set those that are missing."""
        load = partial(load_chunks, load_many, chunk_size)
        recipe: Recipe[ValueT] = Recipe(load, self.plan_for(policy), is_bulk=True, **storing)
        outcomes, missing, since = self.loader.find_many(keys, recipe)
        if missing:
            outcomes.update(self.loader.load(missing, recipe, since=since))
        return give_all(outcomes)

    def refresh(
        self, key: str, load: Callable[..., Any], *, policy: Policy | None = None, **storing: Any
    ) -> ValueT:
        """Load a value now, whatever is there, and set it; see `Cache.refresh`."""
        recipe: Recipe[ValueT] = Recipe(load, self.plan_for(policy), **storing)
        known = self.loader.begin_refresh((key,))
        return (self.loader.load(known, recipe, is_forced=True))[key].give()

    def refresh_many(
        self,
        keys: Iterable[str],
        load_many: Callable[..., Any],
        *,
        policy: Policy | None = None,
        chunk_size: int | None = None,
        **storing: Any,
    ) -> dict[str, ValueT]:
        """Load many values now, whatever is there, and set them."""
        load = partial(load_chunks, load_many, chunk_size)
        recipe: Recipe[ValueT] = Recipe(load, self.plan_for(policy), is_bulk=True, **storing)
        known = self.loader.begin_refresh(keys)
        return give_all(self.loader.load(known, recipe, is_forced=True))

    def contains(self, key: str) -> bool:
        """Return whether `get` finds a value."""
        return not isinstance(self._store.read(key), Absent)

    def lookup(self, key: str) -> Lookup[ValueT]:
        """Return what `get` finds."""
        from cachetory.lookup import Lookup  # noqa: PLC0415 (only when asked for)

        return Lookup(key, self._store.read(key), self._wall_clock())

    def delete(self, key: str) -> bool:
        """Delete a key and tell whether it existed; loads under way do not store it any more."""
        self._flights.fence((key,))
        return bool(resolve(self._cache.delete(key)))

    def delete_many(self, *keys: str) -> None:
        """Delete many keys, as `delete` does."""
        self._flights.fence(keys)
        is_single = is_outdone(self._cache, "delete_many", "delete")
        if hasattr(self._cache, "delete_many") and not is_single:
            resolve(self._cache.delete_many(*keys))
        else:
            for key in keys:
                resolve(self._cache.delete(key))
