"""The asynchronous cache: typed values over a backend, in wire made by a serializer."""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, overload

from cachetory._core.freshness import PLAIN, Stamp
from cachetory._core.magic import is_envelope
from cachetory._core.option_checks import (
    check_callable,
    check_executor,
    check_flag,
    check_loader,
    check_names,
    check_operations,
    check_policy,
    check_text,
    list_keys,
)
from cachetory._core.overrides import (
    CACHE_OPERATIONS,
    LOCAL_STORE_REPLACES,
    clearing,
    definer_of,
    is_outdone,
    overrides_any,
    remember_operations,
    shortcut_of,
)
from cachetory._core.sentinels import INLINE, MISSING, Absent
from cachetory._runtime.async_ import Background, ItemAccess, check_backend, resolve
from cachetory._runtime.chance import chance
from cachetory._runtime.clocks import wall_time
from cachetory._shell.async_.codec import Codec
from cachetory._shell.async_.loader import Loader, give_all
from cachetory._shell.async_.object_shelf import ObjectShelf
from cachetory._shell.async_.recipe import Recipe, check_chunk_size, load_chunks
from cachetory._shell.async_.single_flight import SingleFlight
from cachetory._shell.async_.wire_shelf import WireShelf
from cachetory._shell.reporter import Reporter
from cachetory.durations import to_seconds, to_timedelta, to_timestamp
from cachetory.errors import ConfigurationError, NoValueError, UnsupportedOperationError
from cachetory.interfaces.backends.async_ import AsyncBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Executor
    from datetime import datetime
    from types import TracebackType
    from typing import TypeAlias

    from typing_extensions import Never, Self
    from typing_extensions import TypeVar as TypingTypeVar

    from cachetory._core.counters import Counters
    from cachetory._core.freshness import Plan
    from cachetory._core.sentinels import Inline
    from cachetory._core.stats import Stats
    from cachetory._core.store import Store
    from cachetory._runtime.async_ import Eventual
    from cachetory._shell.async_.shelf import Shelf
    from cachetory.caches._driven.async_ import DrivenCache
    from cachetory.durations import Duration
    from cachetory.events import Event
    from cachetory.interfaces.serializers import Serializer
    from cachetory.loading import LoadContext
    from cachetory.lookup import Lookup
    from cachetory.policy import Policy

    ValueT = TypingTypeVar("ValueT", default=Any)
    WireT = TypingTypeVar("WireT", default=Any)
else:  # importing `typing_extensions` would take longer than the rest of the package
    ValueT = TypeVar("ValueT")
    WireT = TypeVar("WireT")
DefaultT = TypeVar("DefaultT")

SCATTERED = 8
"""Values that are set together with a jitter expire at so many different times."""

CLOSES_WITHIN = 5.0
"""Seconds that closing a cache waits for what goes on behind its callers."""


class TimeToLiveByKeyword(Protocol):
    """Returns the time to live for a keyword-only `key`."""

    def __call__(self, *, key: str) -> Eventual[Duration | None] | Duration | None:
        """Return a `timedelta`, seconds, or `None` for no limit."""
        ...


class TimeToLiveByName(Protocol):
    """Returns the time to live for a `key`; lambdas get the type of `key` from it."""

    def __call__(self, key: str) -> Eventual[Duration | None] | Duration | None:
        """Return a `timedelta`, seconds, or `None` for no limit."""
        ...


TimeToLiveOf: TypeAlias = "TimeToLiveByName | TimeToLiveByKeyword"
"""A function from a key to the time to live of its value; it is called with `key=`."""


class Cache(ItemAccess[ValueT], Generic[ValueT, WireT]):
    """A cache of typed values: `Cache[int](…)`, or `Cache[int, bytes](…)` with the wire type.

    It may be used as a context manager, which enters and leaves the backend, or without. It can be
    copied and pickled if its backend can; a shallow copy uses the same backend.

    Args:
        serializer: turns values into what the backend stores; an object or a URL such as
            `"pickle+zstd://"`.
        backend: stores them; an object or a URL such as `"redis://localhost"`.
        prefix: put before every key, so that caches can share a store.
        policy: how long values are fresh, and what happens when they are not; see `Policy`.
        envelope: whether values are stored with their times, their key and a checksum. By default
            they are if the policy needs it, and values without are read as well. `True` is for
            integrity: all values are, and what is in no envelope cannot be decoded. `False`
            forbids it. A memory backend with `noop://` keeps objects, and their times beside
            them.
        serialize_executor: where the serializer does its work. By default that is where the
            operation is called; `None` is the event loop's default executor, if there is a loop.
            In an executor, the values of one bulk operation are worked on concurrently.
        on_backend_error: what a failure of the store means. `"miss"`: reads find nothing, and a
            computed value that cannot be stored is returned all the same. `"raise"`: the error
            goes to the caller. Explicit writes and deletions always raise.
        on_undecodable: what stored bytes mean that the serializer cannot read. `"miss"`: nothing
            was found. `"raise"`: a `DecodeError`.
        on_event: called with an `Event` for each thing that happens; what it raises is logged
            and ignored. It costs nothing when it is not given.
        wall_clock: epoch seconds, by which values in envelopes become stale.

    Raises:
        ConfigurationError: for a URL or an option that cannot work.
        TypeError: for an option that does not exist.
    """

    __slots__ = (
        "__weakref__",
        "_backend",
        "_background",
        "_codec",
        "_counters",
        "_driven",
        "_envelope",
        "_flights",
        "_is_plain",
        "_keeps_objects",
        "_loader",
        "_local_store",
        "_options",
        "_plan",
        "_policy",
        "_prefix",
        "_raises_backend_errors",
        "_reporter",
        "_shelf",
        "_wall_clock",
    )

    def __init__(
        self,
        *,
        serializer: Serializer[ValueT, WireT] | str,
        backend: AsyncBackend[WireT] | str,
        prefix: str = "",
        policy: Policy | None = None,
        envelope: bool | None = None,
        serialize_executor: Executor | Inline | None = INLINE,
        on_backend_error: Literal["miss", "raise"] = "miss",
        on_undecodable: Literal["miss", "raise"] = "miss",
        on_event: Callable[[Event], object] | None = None,
        wall_clock: Callable[[], float] = wall_time,
        **unknown: Never,
    ) -> None:
        if unknown:
            from cachetory.policy import policy_fields  # noqa: PLC0415 (only for an error)

            check_names("Cache", unknown, policy_fields())
        opened_serializer = _open_serializer(serializer)
        self._backend: AsyncBackend[WireT] = _open_backend(backend)
        check_text("prefix", prefix)
        check_policy(policy)
        check_flag("envelope", envelope)
        check_callable("on_event", on_event)
        check_callable("wall_clock", wall_clock)
        check_executor("serialize_executor", serialize_executor)
        check_backend(self._backend)
        self._options: dict[str, Any] = {
            "serializer": opened_serializer,
            "backend": self._backend,
            "prefix": prefix,
            "policy": policy,
            "envelope": envelope,
            "serialize_executor": serialize_executor,
            "on_backend_error": on_backend_error,
            "on_undecodable": on_undecodable,
            "on_event": on_event,
            "wall_clock": wall_clock,
        }
        raises_backend_errors = _raises("on_backend_error", on_backend_error)
        raises_undecodable = _raises("on_undecodable", on_undecodable)
        needs_times = policy is not None and policy.plan.needs_times
        self._codec = Codec(
            _exact(opened_serializer, self._backend, has_times=needs_times or bool(envelope)),
            serialize_executor,
            wall_clock,
            is_strict=bool(envelope),
            expects_envelopes=needs_times,
        )
        self._prefix = prefix
        self._wall_clock = wall_clock
        self._reporter = Reporter(on_event)
        self._counters = self._reporter.counters
        self._background = background = Background()
        self._raises_backend_errors = raises_backend_errors
        has_own_operations = overrides_any(self, CACHE_OPERATIONS, Cache)
        store: Store[Any] | None = shortcut_of(self._backend, "local_store", LOCAL_STORE_REPLACES)
        if has_own_operations:
            # They may rename keys, so this cache shares no loads with other caches.
            self._flights = SingleFlight()
        else:
            self._flights = SingleFlight.over(self._backend if store is None else store)
        self._keeps_objects = store is not None and _leaves_values_alone(opened_serializer)
        self._shelf: Shelf[ValueT]
        if store is not None and self._keeps_objects:
            self._shelf = ObjectShelf(
                self._backend,
                store,
                prefix,
                self._reporter,
                notes_all=bool(envelope),
                wall_clock=wall_clock,
            )
        else:
            self._shelf = WireShelf(
                self._backend,
                prefix,
                self._codec,
                self._reporter,
                background,
                notes_all=bool(envelope),
                raises_backend_errors=raises_backend_errors,
                raises_undecodable=raises_undecodable,
            )
        self._loader: Loader[ValueT] = Loader(
            self._shelf,
            prefix,
            self._flights,
            background=background,
            reporter=self._reporter,
            wall_clock=wall_clock,
        )
        self._local_store = store if self._keeps_objects and on_event is None else None
        self._envelope = envelope
        self._policy = policy
        self._driven = self._drive() if has_own_operations else None
        self._plan = self.plan_for(policy)
        self._is_plain = self._plan is PLAIN and not envelope

    if not TYPE_CHECKING:

        def __class_getitem__(cls, parameters: Any) -> Any:
            """Fill in the default of the wire type: `Cache[int]` is `Cache[int, Any]`."""
            if len(cls.__parameters__) == 2 and not isinstance(parameters, tuple):  # noqa: PLR2004
                parameters = (parameters, Any)
            return super().__class_getitem__(parameters)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a cache over a copy of the backend; counts begin at zero.

        The executor, the listener and the clock are the same.
        """
        copied = object.__new__(type(self))
        memo[id(self)] = copied
        for name in ("serialize_executor", "on_event", "wall_clock"):
            memo[id(self._options[name])] = self._options[name]
        copied.__setstate__(deepcopy(self.__getstate__(), memo))
        return copied

    def __getstate__(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what to pickle: the arguments of the cache, and the attributes of a subclass."""
        return self._options, dict(getattr(self, "__dict__", {}))

    def __setstate__(self, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """Restore the cache from its arguments, without loads under way."""
        options, attributes = state
        Cache.__init__(self, **options)
        for name, value in attributes.items():
            setattr(self, name, value)

    @property
    def backend(self) -> AsyncBackend[WireT]:
        """The store behind this cache.

        To type checkers, it has the operations of all stores. For those of one kind of store, such
        as `SqliteBackend.stats`, keep the backend that was given to the cache.
        """
        return self._backend

    @property
    def prefix(self) -> str:
        """What stands before every key of this cache in the store."""
        return self._prefix

    @property
    def policy(self) -> Policy | None:
        """What the cache was given as its policy."""
        return self._policy

    @property
    def local_store(self) -> Store[ValueT] | None:
        """The entries themselves, if values are kept in this process and just as they are.

        To read from it is all that a lookup does then. There is none while somebody listens to
        the events of the cache, nor where a subclass overrides what such a lookup replaces.
        """
        if overrides_any(self, (*CACHE_OPERATIONS, "get_or_set"), Cache):
            return None
        return self._local_store

    def plan_for(self, policy: Policy | None) -> Plan:
        """Give the policy that counts, in plain numbers: the one that is given, or the cache's.

        Raises:
            ConfigurationError: for one that needs envelopes where these are forbidden.
        """
        if policy is None:
            policy = self._policy
        if policy is None:
            return PLAIN
        check_policy(policy)
        if self._envelope is False and policy.plan.needs_times and not self._keeps_objects:
            msg = f"{policy} needs values to be stored with their times, but `envelope` is False"
            raise ConfigurationError(msg)
        if self._driven is not None:
            return self._driven.plan_for(policy)
        return policy.plan

    @property
    def counters(self) -> Counters:
        """The running counts behind `stats`."""
        return self._counters

    @overload
    async def get(self, key: str) -> ValueT | None: ...

    @overload
    async def get(self, key: str, default: DefaultT) -> ValueT | DefaultT: ...

    async def get(self, key: str, default: Any = None) -> Any:
        """Retrieve a value, or the default one if there is none."""
        if self._local_store is None:
            return await self._look_up(key, default)
        try:
            found = self._local_store.get(self._prefix + key, MISSING)
        except TypeError:
            self._check_key(key)
            raise
        counters = self._counters
        if found is MISSING:
            counters.misses += 1
            return default
        counters.hits += 1
        return found

    async def get_many(self, *keys: str) -> dict[str, ValueT]:
        """Retrieve those of many values that there are, by their keys."""
        self._check_keys(keys)
        values = await self._shelf.get_many(list(dict.fromkeys(keys)))
        self._reporter.looked_up(keys, values)
        return values

    async def contains(self, key: str) -> bool:
        """Tell whether there is a fresh entry, without counting a hit or a miss."""
        self._check_key(key)
        driven = self._driven_if_overridden()
        if driven is not None:
            return await driven.contains(key)
        return await self._shelf.contains(key)

    async def lookup(self, key: str) -> Lookup[ValueT]:
        """Tell all that is known of a key, without counting a hit or a miss.

        Unlike `get`, it gives what is stale as well.
        """
        from cachetory.lookup import Lookup  # noqa: PLC0415 (only when asked for)

        self._check_key(key)
        driven = self._driven_if_overridden()
        if driven is not None:
            return await driven.lookup(key)
        return Lookup(key, await self._shelf.read(key), self._wall_clock())

    async def get_or_set(
        self,
        key: str,
        load: Callable[[], Eventual[ValueT] | ValueT]
        | Callable[[LoadContext], Eventual[ValueT] | ValueT],
        *,
        policy: Policy | None = None,
        time_to_live: Duration | TimeToLiveOf | None = None,
        if_not_exists: bool = False,
        exclude: Callable[[str, ValueT], Eventual[bool] | bool] | None = None,
    ) -> ValueT:
        """Retrieve a value; if there is none, compute and set it.

        However many callers ask for the key at once, the value is computed once in this process.
        An error of the loader goes to those who wait at that time, and is not kept. If the key is
        set or deleted while the value is computed, the value is returned, but not stored.

        Args:
            key: the key.
            load: computes the value. If it takes an argument, that is the `LoadContext`.
            policy: in the place of the cache's.
            time_to_live: in the place of the policy's: a `timedelta` or seconds; or a callable
                that is called with `key=` and gives either, or `None` for ever.
            if_not_exists: leave a value alone that someone else has set meanwhile.
            exclude: called with the key and the value; if it gives true, the value is returned
                but not stored.

        Raises:
            NoValueError: if the loader raises it, or did so lately and the policy remembers.
            LoadTimeoutError: if loading takes longer than the policy's `hard_timeout`.
            Exception: whatever the loader raises.
        """
        plan = self._plan if policy is None else self.plan_for(policy)
        self._check_key(key)
        known: Any = MISSING
        since = self._flights.landings
        if self._driven is None and (
            not plan.needs_times or (self._keeps_objects and not plan.early_refresh)
        ):
            found = await self._shelf.get(key)
            if not isinstance(found, Absent):
                self._reporter.hit(key)
                return found
            known = found
        recipe: Recipe[ValueT] = Recipe(
            load,
            plan,
            time_to_live=time_to_live,
            if_not_exists=if_not_exists,
            exclude=exclude,
        )
        load_path = self._load_path()
        if plan.needs_times or load_path is not self._loader:  # there may be a stale one
            known = await load_path.read(key)
        outcome = load_path.take(key, known, recipe)
        if outcome is not None:
            return outcome.give()
        return (await load_path.load({key: known}, recipe, since=since))[key].give()

    async def get_or_set_many(
        self,
        keys: Iterable[str],
        load_many: Callable[[list[str]], Eventual[Mapping[str, ValueT]] | Mapping[str, ValueT]],
        *,
        policy: Policy | None = None,
        time_to_live: Duration | TimeToLiveOf | None = None,
        chunk_size: int | None = None,
        exclude: Callable[[str, ValueT], Eventual[bool] | bool] | None = None,
    ) -> dict[str, ValueT]:
        """Retrieve many values; compute and set those that there are not, all in one go.

        The store is read once and written once. Keys that others are loading are waited for, and
        the loader gets those that are left.

        Args:
            keys: the keys; one that comes twice is looked up once.
            load_many: called with the missing keys; gives their values by key. A key that it
                leaves out has no value: it is remembered if the policy has a
                `negative_time_to_live`.
            policy: in the place of the cache's.
            time_to_live: as for `get_or_set`.
            chunk_size: so many keys at most are given to the loader at a time.
            exclude: as for `get_or_set`.

        Returns:
            The values by key, in the order of the keys, without those that have none.

        Raises:
            LoadTimeoutError: if loading takes longer than the policy's `hard_timeout`.
            Exception: whatever the loader raises. What it has given before that is stored.
        """
        recipe = self._recipe_of_many(load_many, policy, time_to_live, chunk_size, exclude)
        wanted = list_keys(keys)
        self._check_keys(wanted)
        load_path = self._load_path()
        outcomes, missing, since = await load_path.find_many(wanted, recipe)
        if missing:
            outcomes.update(await load_path.load(missing, recipe, since=since))
        return give_all(outcomes)

    async def refresh(
        self,
        key: str,
        load: Callable[[], Eventual[ValueT] | ValueT]
        | Callable[[LoadContext], Eventual[ValueT] | ValueT],
        *,
        policy: Policy | None = None,
        time_to_live: Duration | TimeToLiveOf | None = None,
        exclude: Callable[[str, ValueT], Eventual[bool] | bool] | None = None,
    ) -> ValueT:
        """Compute a value now, whatever is there, and set it; the old one is served until then.

        Loads that are under way for the key began before: their values are not stored any more.

        Args:
            key: the key.
            load: computes the value; see `get_or_set`.
            policy: in the place of the cache's.
            time_to_live: as for `get_or_set`.
            exclude: as for `get_or_set`.

        Raises:
            Exception: whatever the loader raises; what is there stays.
        """
        self._check_key(key)
        recipe: Recipe[ValueT] = Recipe(
            load,
            self.plan_for(policy),
            time_to_live=time_to_live,
            exclude=exclude,
        )
        load_path = self._load_path()
        known = await load_path.begin_refresh((key,))
        return (await load_path.load(known, recipe, is_forced=True))[key].give()

    async def refresh_many(
        self,
        keys: Iterable[str],
        load_many: Callable[[list[str]], Eventual[Mapping[str, ValueT]] | Mapping[str, ValueT]],
        *,
        policy: Policy | None = None,
        time_to_live: Duration | TimeToLiveOf | None = None,
        chunk_size: int | None = None,
        exclude: Callable[[str, ValueT], Eventual[bool] | bool] | None = None,
    ) -> dict[str, ValueT]:
        """Compute many values now, whatever is there, and set them; see `get_or_set_many`."""
        recipe = self._recipe_of_many(load_many, policy, time_to_live, chunk_size, exclude)
        wanted = list_keys(keys)
        self._check_keys(wanted)
        load_path = self._load_path()
        known = await load_path.begin_refresh(wanted)
        return give_all(await load_path.load(known, recipe, is_forced=True))

    async def set(
        self,
        key: str,
        value: ValueT,
        time_to_live: Duration | None = None,
        if_not_exists: bool = False,  # noqa: FBT001, FBT002 (positional in the interface we serve)
    ) -> bool:
        """Set a value and tell whether it was changed.

        Args:
            key: the key.
            value: the value; `None` is a value like any other.
            time_to_live: a `timedelta` or seconds; `None` is what the cache's policy says, or
                for ever. Zero or less stores nothing and removes what is there.
            if_not_exists: leave a value that is there as it is, and give `False` then.

        Raises:
            InvalidDurationError: for a time to live that is none.
            Exception: whatever the serializer or the store's client raises.
        """
        full_key = self._full_key(key)
        if self._is_plain:  # what follows, at half the price
            duration = None if time_to_live is None else to_timedelta(time_to_live)
            wire: Any = await self._codec.encode(value)
            if is_envelope(wire):  # or it would be taken for one
                wire = await self._shelf.encode(key, value, self._stamp(time_to_live))
            await self._flights.fence((full_key,))
            with self._reporter.failures("set", key):
                changed = await self._backend.set(
                    full_key, wire, time_to_live=duration, if_not_exists=if_not_exists
                )
                is_over = duration is not None and duration.total_seconds() <= 0
                if if_not_exists and not changed and not is_over:
                    seconds = None if duration is None else duration.total_seconds()
                    changed = await self._shelf.put_over_stale(key, wire, seconds)
        else:
            stamp = self._stamp(await self._time_to_live_of(value, time_to_live))
            entry = await self._shelf.encode(key, value, stamp)
            await self._flights.fence((full_key,))
            changed = await self._shelf.put(key, entry, stamp, if_not_exists=if_not_exists)
            is_over = stamp.stored_for == 0
        self._shelf.note_answer(key)
        if changed and not is_over:
            self._reporter.stored((key,))
        elif changed:
            self._reporter.deleted((key,))
        return changed

    async def set_many(
        self,
        items: Mapping[str, ValueT] | Iterable[tuple[str, ValueT]],
        *,
        time_to_live: Duration | None = None,
    ) -> None:
        """Set many values, all with the same time to live; see `set`."""
        values = dict(items)
        if not values:
            return
        full_keys = self._full_keys(values)
        alike: dict[Duration | None, dict[str, ValueT]] = {time_to_live: values}
        if time_to_live is None and self._plan.time_to_live_of is not None:
            alike = {}
            for key, value in values.items():
                alike.setdefault(await self._time_to_live_of(value, None), {})[key] = value
        encoded: list[tuple[dict[str, Any], Stamp]] = []
        for duration, group in _scatter(alike, SCATTERED if self._plan.jitter else 1):
            stamp = self._stamp(duration)
            encoded.append((await self._shelf.encode_all(group, stamp), stamp))
        await self._flights.fence(full_keys)
        for entries, stamp in encoded:
            await self._shelf.put_many(entries, stamp)
        self._reporter.stored(values)

    async def update(self, key: str, change: Callable[[ValueT], ValueT]) -> ValueT:
        """Change a value in its place, atomically, and give the new one; its time to live stays.

        Args:
            key: the key.
            change: gives the new value, called with the one that is there. If somebody else has
                written meanwhile, it is called again, so it should do nothing besides.

        Raises:
            NoValueError: if there is no fresh value.
            UnsupportedOperationError: if there is one, but the store keeps no claims.
            Exception: whatever `change`, the serializer or the store's client raises.
        """
        full_key = self._full_key(key)
        if self._driven_if_overridden() is not None:
            msg = (
                f"{type(self).__name__} cannot change a value in its place, since it overrides "
                "`get` or `set`: read the value and set it"
            )
            raise UnsupportedOperationError(msg)
        await self._flights.fence((full_key,))
        value = await self._shelf.update(key, change)
        if isinstance(value, Absent):
            msg = f"there is no value for {key!r}"
            raise NoValueError(msg)
        self._shelf.note_answer(key)
        self._reporter.stored((key,))
        return value

    async def expire_in(self, key: str, time_to_live: Duration | None = None) -> None:
        """Let a key live for so long from now: `None` for ever, zero or less not at all."""
        duration = None if time_to_live is None else to_timedelta(time_to_live)
        full_key = self._full_key(key)
        await self._flights.fence((full_key,))
        seconds = None if duration is None else duration.total_seconds()
        with self._reporter.failures("expire_in", key):
            if not await self._restamp(key, seconds):
                await self._backend.expire_in(full_key, duration)
        self._reporter.expiring(key)

    async def expire_at(self, key: str, deadline: datetime | None) -> None:
        """Let a key live until the deadline, a timezone-aware datetime; `None` is for ever.

        Raises:
            InvalidDurationError: for a naive datetime.
        """
        seconds = None if deadline is None else to_timestamp(deadline) - self._wall_clock()
        full_key = self._full_key(key)
        await self._flights.fence((full_key,))
        with self._reporter.failures("expire_at", key):
            if not await self._restamp(key, seconds):
                await self._backend.expire_at(full_key, deadline)
        self._reporter.expiring(key)

    async def delete(self, key: str) -> bool:
        """Delete a key and tell whether it existed."""
        full_key = self._full_key(key)
        await self._flights.fence((full_key,))
        with self._reporter.failures("delete", key):
            existed = await self._backend.delete(full_key)
        self._shelf.note_answer(key)
        self._reporter.deleted((key,))
        return existed

    async def delete_many(self, *keys: str) -> None:
        """Delete many keys."""
        if not keys:
            return
        full_keys = self._full_keys(keys)
        await self._flights.fence(full_keys)
        with self._reporter.failures("delete_many", keys[0]):
            if is_outdone(self._backend, "delete_many", "delete"):
                for full_key in full_keys:
                    await self._backend.delete(full_key)
            else:
                await self._backend.delete_many(*full_keys)
        self._reporter.deleted(keys)

    async def clear(self) -> None:
        """Delete every key that begins with this cache's prefix, and no other.

        If a subclass of a backend overrides `clear`, but not `clear_prefix`, then `clear` is
        called, and decides what is deleted. The library's own `clear`, called from there, deletes
        the keys of this cache only.

        Raises:
            ConfigurationError: if there is no prefix, and others may use the same store.
            UnsupportedOperationError: if the store cannot tell keys by their prefix.
        """
        overrides_clear = _overrides_clear(self._backend)
        if not (self._prefix or overrides_clear) and getattr(self._backend, "shared", True):
            msg = (
                "this cache has no prefix, so clearing it would empty the whole store, whoever "
                "else uses it: give the cache a `prefix`, or call `cache.backend.clear()` if "
                "emptying the store is what you want"
            )
            raise ConfigurationError(msg)
        await self._flights.fence_prefix(self._prefix)
        with self._reporter.failures("clear", self._prefix):
            if overrides_clear or not self._prefix:
                token = clearing.set(self._prefix)
                try:
                    await self._backend.clear()
                finally:
                    clearing.reset(token)
            else:
                await _clear_prefix(self._backend, self._prefix)
        self._reporter.cleared(self._prefix)

    def stats(self) -> Stats:
        """Tell what this cache has done so far, and what its store holds if that is known."""
        from cachetory._core.stats import Stats  # noqa: PLC0415 (a named tuple takes 1 ms to make)

        store = getattr(self._backend, "local_store", None)
        held = () if store is None else (len(store), store.evictions, store.expirations)
        return Stats(*self._counters.snapshot(), *held)

    async def aclose(self) -> None:
        """Let go of what the backend itself has opened. The cache may be used again afterwards.

        What goes on behind the callers is waited for, a few seconds at most, then cancelled.
        """
        await self._loader.aclose(CLOSES_WITHIN)
        if hasattr(self._backend, "aclose"):  # not so in release 3.5.1
            await self._backend.aclose()

    async def __aenter__(self) -> Self:
        """Enter the backend."""
        await self._backend.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for what goes on behind the callers, as `aclose` does, and leave the backend."""
        await self._loader.aclose(CLOSES_WITHIN)
        await self._backend.__aexit__(exc_type, exc_value, traceback)

    def __repr__(self) -> str:
        """Name the parts, without any secret."""
        return f"Cache(backend={self._backend!r}, prefix={self._prefix!r})"

    def _full_key(self, key: str) -> str:
        if not isinstance(key, str):
            msg = f"a key is a string, not {key!r}"
            if isinstance(key, (list, tuple, set)):
                msg += ": pass many keys one by one, as in `get_many(*keys)`"
            raise TypeError(msg)
        return self._prefix + key

    def _full_keys(self, keys: Iterable[str]) -> list[str]:
        prefix = self._prefix
        try:
            return [prefix + key for key in keys]
        except TypeError:
            return [self._full_key(key) for key in keys]  # tells which one is no string

    def _check_key(self, key: str) -> None:
        if not isinstance(key, str):
            self._full_key(key)

    def _check_keys(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._check_key(key)

    def _recipe_of_many(
        self,
        load_many: Callable[..., Any],
        policy: Policy | None,
        time_to_live: Duration | TimeToLiveOf | None,
        chunk_size: int | None,
        exclude: Callable[[str, ValueT], Eventual[bool] | bool] | None,
    ) -> Recipe[ValueT]:
        check_loader(load_many)
        check_chunk_size(chunk_size)
        return Recipe(
            partial(load_chunks, load_many, chunk_size),
            self.plan_for(policy),
            is_bulk=True,
            time_to_live=time_to_live,
            exclude=exclude,
        )

    def _driven_if_overridden(self) -> DrivenCache[ValueT] | None:
        """Return a `DrivenCache` if an operation of this cache is overridden, else `None`."""
        if self._driven is None and overrides_any(self, CACHE_OPERATIONS, Cache):
            return self._drive()
        return self._driven

    def _load_path(self) -> Loader[ValueT]:
        driven = self._driven_if_overridden()
        return self._loader if driven is None else driven.loader

    def _drive(self) -> DrivenCache[ValueT]:
        from cachetory.caches._driven.async_ import DrivenCache  # noqa: PLC0415 (rarely needed)

        return DrivenCache(
            self,
            prefix=self._prefix,
            policy=self._policy,
            flights=self._flights,
            reporter=self._reporter,
            background=self._background,
            raises_errors=self._raises_backend_errors,
            wall_clock=self._wall_clock,
        )

    async def _look_up(self, key: str, default: Any) -> Any:
        """Read and count."""
        self._check_key(key)
        found = await self._shelf.get(key)
        if isinstance(found, Absent):
            self._reporter.miss(key)
            return default
        self._reporter.hit(key)
        return found

    async def _restamp(self, key: str, seconds: float | None) -> bool:
        """Change the times noted of an entry, and tell whether that is all there is to do."""
        if seconds is not None and seconds <= 0:
            return False
        return await self._shelf.restamp(key, seconds, self._plan.kept_for)

    async def _time_to_live_of(
        self, value: ValueT, time_to_live: Duration | None
    ) -> Duration | None:
        """Ask the policy for the time to live of a value, if that depends on it."""
        of_value = self._plan.time_to_live_of
        if time_to_live is not None or of_value is None:
            return time_to_live
        chosen: Duration | None = await resolve(of_value(value))
        return chosen

    def _stamp(self, time_to_live: Duration | None) -> Stamp:
        """Tell what is to be noted of a value that is set now."""
        plan = self._plan
        seconds = plan.time_to_live if time_to_live is None else to_seconds(time_to_live)
        if seconds and plan.jitter:
            seconds = plan.shorten(seconds, chance())
        return Stamp(
            self._wall_clock(),
            fresh_for=seconds,
            kept_for=plan.kept_for,
            is_noted=plan.needs_times or bool(self._envelope),
        )


remember_operations(Cache)


def _scatter(
    alike: dict[Duration | None, dict[str, ValueT]], parts: int
) -> Iterator[tuple[Duration | None, dict[str, ValueT]]]:
    """Part values that live equally long, so that each part can get a jitter of its own."""
    for duration, group in alike.items():
        items = list(group.items())
        for start in range(min(parts, len(items))):
            yield duration, dict(items[start::parts])


def _raises(option: str, choice: str) -> bool:
    if choice not in ("miss", "raise"):
        msg = f'{option}={choice!r} means nothing: use "miss" or "raise"'
        raise ConfigurationError(msg)
    return choice == "raise"


def _open_serializer(
    serializer: Serializer[ValueT, WireT] | str,
) -> Serializer[ValueT, WireT]:
    if not isinstance(serializer, str):
        check_operations("serializer", serializer, ("serialize", "deserialize"), "pickle://")
        return serializer
    from cachetory.serializers import from_url  # noqa: PLC0415 (only if a URL was given)

    return from_url(serializer)


def _open_backend(backend: AsyncBackend[WireT] | str) -> AsyncBackend[WireT]:
    if not isinstance(backend, str):
        check_operations("backend", backend, ("get", "set"), "redis://localhost:6379")
        return backend
    from cachetory.backends.async_ import from_url  # noqa: PLC0415 (only if a URL was given)

    return from_url(backend)


def _exact(
    serializer: Serializer[ValueT, WireT], backend: AsyncBackend[WireT], *, has_times: bool
) -> Serializer[ValueT, WireT]:
    """Return a serializer that refuses values which the store would give back as another type."""
    types = getattr(backend, "exact_types", None)
    if not _leaves_values_alone(serializer) or getattr(backend, "local_store", None) is not None:
        return serializer
    if has_times:
        types = (bytes, str)  # of which the envelope notes the type
    if types is None:
        return serializer
    from cachetory.serializers.noop import ExactNoopSerializer  # noqa: PLC0415

    exact: Any = ExactNoopSerializer(types, type(backend).__name__)
    return exact  # type: ignore[no-any-return]  # it stands in for the one that was given


async def _clear_prefix(backend: Any, prefix: str) -> None:
    if hasattr(backend, "clear_prefix"):
        await backend.clear_prefix(prefix)
    else:  # it was written for release 3.5.1, and derives from no class of ours
        await AsyncBackend[Any].clear_prefix(backend, prefix)


def _overrides_clear(backend: object) -> bool:
    """Return whether a backend has a `clear` of a user's over a `clear_prefix` of the library's."""
    kind = type(backend)
    owner = definer_of(kind, "clear_prefix")
    if owner is None:
        return definer_of(kind, "clear") is not None and hasattr(backend, "clear_prefix")
    return owner is not AsyncBackend and overrides_any(backend, ("clear",), owner)


def _leaves_values_alone(serializer: Serializer[Any, Any]) -> bool:
    from cachetory.serializers.noop import NoopSerializer  # noqa: PLC0415 (caches are below it)

    return type(serializer) is NoopSerializer
