"""The asynchronous cache: typed values over a backend, in wire made by a serializer."""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, overload

from cachetory._core.sentinels import INLINE, MISSING, Absent
from cachetory._runtime.async_ import ItemAccess, check_backend, resolve
from cachetory._shell.async_.codec import Codec, Undecoded
from cachetory._shell.async_.single_flight import SingleFlight
from cachetory._shell.reporter import Reporter
from cachetory.durations import to_timedelta, to_timestamp
from cachetory.errors import ConfigurationError, DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Executor
    from datetime import datetime
    from types import TracebackType

    from typing_extensions import Self
    from typing_extensions import TypeVar as TypingTypeVar

    from cachetory._core.counters import Counters
    from cachetory._core.sentinels import Inline
    from cachetory._core.stats import Stats
    from cachetory._core.store import Store
    from cachetory._runtime.async_ import Eventual, Flight
    from cachetory.durations import Duration
    from cachetory.events import Event
    from cachetory.interfaces.backends.async_ import AsyncBackend
    from cachetory.interfaces.serializers import Serializer

    ValueT = TypingTypeVar("ValueT", default=Any)
    WireT = TypingTypeVar("WireT", default=Any)
else:  # importing `typing_extensions` would take longer than the rest of the package
    ValueT = TypeVar("ValueT")
    WireT = TypeVar("WireT")
DefaultT = TypeVar("DefaultT")

_AT_ONCE = timedelta(0)


class TimeToLiveOf(Protocol):
    """Gives the time to live of the value of a key: a `timedelta`, seconds, or `None` for ever."""

    def __call__(self, *, key: str) -> Eventual[Duration | None] | Duration | None:
        """Give it."""
        ...


class Cache(ItemAccess[ValueT], Generic[ValueT, WireT]):
    """A cache of typed values: `Cache[int](…)`, or `Cache[int, bytes](…)` with the wire type.

    It may be used as a context manager, which enters and leaves the backend, or without.

    Args:
        serializer: turns values into what the backend stores; an object or a URL such as
            `"pickle+zstd://"`.
        backend: stores them; an object or a URL such as `"redis://localhost"`.
        prefix: put before every key, so that caches can share a store.
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

    Raises:
        ConfigurationError: for a URL or an option that cannot work.
    """

    __slots__ = (
        "__weakref__",
        "_backend",
        "_codec",
        "_counters",
        "_flights",
        "_local_store",
        "_prefix",
        "_raises_backend_errors",
        "_raises_undecodable",
        "_reporter",
    )

    def __init__(
        self,
        *,
        serializer: Serializer[ValueT, WireT] | str,
        backend: AsyncBackend[WireT] | str,
        prefix: str = "",
        serialize_executor: Executor | Inline | None = INLINE,
        on_backend_error: Literal["miss", "raise"] = "miss",
        on_undecodable: Literal["miss", "raise"] = "miss",
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        opened_serializer = _open_serializer(serializer)
        self._backend: AsyncBackend[WireT] = _open_backend(backend)
        check_backend(self._backend)
        self._codec = Codec(opened_serializer, serialize_executor)
        self._prefix = prefix
        self._raises_backend_errors = _raises("on_backend_error", on_backend_error)
        self._raises_undecodable = _raises("on_undecodable", on_undecodable)
        self._reporter = Reporter(on_event)
        self._counters = self._reporter.counters
        store: Store[Any] | None = getattr(self._backend, "local_store", None)
        self._flights = SingleFlight.over(self._backend if store is None else store)
        as_they_are = on_event is None and _leaves_values_alone(opened_serializer)
        self._local_store = store if as_they_are else None

    if not TYPE_CHECKING:

        def __class_getitem__(cls, parameters: Any) -> Any:
            """Fill in the default of the wire type: `Cache[int]` is `Cache[int, Any]`."""
            if len(cls.__parameters__) == 2 and not isinstance(parameters, tuple):  # noqa: PLR2004
                parameters = (parameters, Any)
            return super().__class_getitem__(parameters)

    @property
    def backend(self) -> AsyncBackend[WireT]:
        """The store behind this cache."""
        return self._backend

    @property
    def prefix(self) -> str:
        """What stands before every key of this cache in the store."""
        return self._prefix

    @property
    def local_store(self) -> Store[ValueT] | None:
        """The entries themselves, if values are kept in this process and just as they are.

        To read from it is all that a lookup does then. There is none while somebody listens to
        the events of the cache.
        """
        return self._local_store

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
            found = await self._look_up(key)
            return default if isinstance(found, Absent) else found
        found = self._local_store.get(self._prefix + key, MISSING)
        counters = self._counters
        if found is MISSING:
            counters.misses += 1
            return default
        counters.hits += 1
        return found

    async def get_many(self, *keys: str) -> dict[str, ValueT]:
        """Retrieve those of many values that there are, by their keys."""
        full_keys = self._full_keys(keys)
        wires: dict[str, WireT] = {}
        if full_keys:
            start = len(self._prefix)
            try:
                async for full_key, wire in self._backend.get_many(*full_keys):
                    wires[full_key[start:]] = wire
            except Exception as error:
                self._suffer("get_many", keys[0], error)
        decoded = await self._codec.decode_all(list(wires.values()))
        values: dict[str, ValueT] = {}
        for key, value in zip(wires, decoded, strict=True):
            if isinstance(value, Undecoded):
                self._reject(key, value.error)
            else:
                values[key] = value
        self._reporter.looked_up(keys, values)
        return values

    async def contains(self, key: str) -> bool:
        """Tell whether there is an entry, without counting a hit or a miss."""
        full_key = self._full_key(key)
        try:
            return await self._backend.contains(full_key)
        except Exception as error:
            self._suffer("contains", key, error)
            return False

    async def get_or_set(
        self,
        key: str,
        load: Callable[[], Eventual[ValueT] | ValueT],
        *,
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
            load: computes the value.
            time_to_live: a `timedelta` or seconds, `None` for ever; or a callable that is called
                with `key=` and gives it.
            if_not_exists: leave a value alone that someone else has set meanwhile.
            exclude: called with the key and the value; if it gives true, the value is returned
                but not stored.
        """
        found = await self._look_up(key)
        if not isinstance(found, Absent):
            return found
        if time_to_live is not None and not callable(time_to_live):
            time_to_live = to_timedelta(time_to_live)  # refused before anything is computed

        async def fly(flight: Flight[ValueT]) -> ValueT:
            now: ValueT | Absent = found
            if found is MISSING:  # another flight may have landed since
                now = await self._read(key)
                if not isinstance(now, Absent):
                    return now
            value = await self._load(key, load)
            if now is Absent.UNREACHABLE:  # to wait for the store once is enough
                self._reporter.not_stored(key, "failed")
                return value
            if exclude is not None and await resolve(exclude(key, value)):
                self._reporter.not_stored(key, "excluded")
                return value
            duration = time_to_live(key=key) if callable(time_to_live) else time_to_live
            duration = await resolve(duration)
            gently = if_not_exists and now is not Absent.UNDECODABLE  # else it would stay for ever
            await self._commit(flight, key, value, duration, if_not_exists=gently)
            return value

        return await self._flights.run(self._full_key(key), fly)

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
            time_to_live: a `timedelta` or seconds; `None` is for ever. Zero or less stores
                nothing and removes what is there.
            if_not_exists: leave a value that is there as it is, and give `False` then.

        Raises:
            InvalidDurationError: for a time to live that is none.
            Exception: whatever the serializer or the store's client raises.
        """
        full_key = self._full_key(key)
        duration = None if time_to_live is None else to_timedelta(time_to_live)
        wire = await self._codec.encode(value)
        await self._flights.fence((full_key,))
        with self._reporter.failures("set", key):
            changed = await self._backend.set(
                full_key, wire, time_to_live=duration, if_not_exists=if_not_exists
            )
        if changed and (duration is None or duration > _AT_ONCE):
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
        options = {} if time_to_live is None else {"time_to_live": to_timedelta(time_to_live)}
        full_keys = self._full_keys(values)
        wires = await self._codec.encode_all(list(values.values()))
        await self._flights.fence(full_keys)
        with self._reporter.failures("set_many", next(iter(values))):
            await self._backend.set_many(list(zip(full_keys, wires, strict=True)), **options)
        self._reporter.stored(values)

    async def expire_in(self, key: str, time_to_live: Duration | None = None) -> None:
        """Let a key live for so long from now: `None` for ever, zero or less not at all."""
        duration = None if time_to_live is None else to_timedelta(time_to_live)
        full_key = self._full_key(key)
        await self._flights.fence((full_key,))
        with self._reporter.failures("expire_in", key):
            await self._backend.expire_in(full_key, duration)
        self._reporter.expiring(key)

    async def expire_at(self, key: str, deadline: datetime | None) -> None:
        """Let a key live until the deadline, a timezone-aware datetime; `None` is for ever.

        Raises:
            InvalidDurationError: for a naive datetime.
        """
        if deadline is not None:
            to_timestamp(deadline)
        full_key = self._full_key(key)
        await self._flights.fence((full_key,))
        with self._reporter.failures("expire_at", key):
            await self._backend.expire_at(full_key, deadline)
        self._reporter.expiring(key)

    async def delete(self, key: str) -> bool:
        """Delete a key and tell whether it existed."""
        full_key = self._full_key(key)
        await self._flights.fence((full_key,))
        with self._reporter.failures("delete", key):
            existed = await self._backend.delete(full_key)
        self._reporter.deleted((key,))
        return existed

    async def delete_many(self, *keys: str) -> None:
        """Delete many keys."""
        if not keys:
            return
        full_keys = self._full_keys(keys)
        await self._flights.fence(full_keys)
        with self._reporter.failures("delete_many", keys[0]):
            await self._backend.delete_many(*full_keys)
        self._reporter.deleted(keys)

    async def clear(self) -> None:
        """Delete every key that begins with this cache's prefix, and no other.

        Raises:
            ConfigurationError: if there is no prefix, and others may use the same store.
            UnsupportedOperationError: if the store cannot tell keys by their prefix.
        """
        if not self._prefix and getattr(self._backend, "shared", True):
            msg = (
                "this cache has no prefix, so clearing it would empty the whole store, whoever "
                "else uses it: give the cache a `prefix`, or call `cache.backend.clear()` if "
                "emptying the store is what you want"
            )
            raise ConfigurationError(msg)
        await self._flights.fence_prefix(self._prefix)
        with self._reporter.failures("clear", self._prefix):
            if self._prefix:
                await self._backend.clear_prefix(self._prefix)
            else:
                await self._backend.clear()
        self._reporter.cleared(self._prefix)

    def stats(self) -> Stats:
        """Tell what this cache has done so far, and what its store holds if that is known."""
        from cachetory._core.stats import Stats  # noqa: PLC0415 (a named tuple takes 1 ms to make)

        store = getattr(self._backend, "local_store", None)
        held = () if store is None else (len(store), store.evictions, store.expirations)
        return Stats(*self._counters.snapshot(), *held)

    async def aclose(self) -> None:
        """Let go of what the backend itself has opened. The cache may be used again afterwards."""
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
        """Leave the backend."""
        await self._backend.__aexit__(exc_type, exc_value, traceback)

    def __repr__(self) -> str:
        """Name the parts, without any secret."""
        return f"Cache(backend={self._backend!r}, prefix={self._prefix!r})"

    def _full_key(self, key: str) -> str:
        if not isinstance(key, str):
            msg = f"a key is a string, not {key!r}"
            raise TypeError(msg)
        return self._prefix + key

    def _full_keys(self, keys: Iterable[str]) -> list[str]:
        prefix = self._prefix
        try:
            return [prefix + key for key in keys]
        except TypeError:
            return [self._full_key(key) for key in keys]  # tells which one is no string

    async def _look_up(self, key: str) -> ValueT | Absent:
        """Read and count."""
        found = await self._read(key)
        if isinstance(found, Absent):
            self._reporter.miss(key)
        else:
            self._reporter.hit(key)
        return found

    async def _read(self, key: str) -> ValueT | Absent:
        full_key = self._full_key(key)
        try:
            wire = await self._backend.get(full_key)
        except KeyError:
            return MISSING
        except Exception as error:
            self._suffer("get", key, error)
            return Absent.UNREACHABLE
        value = await self._codec.decode(wire)
        if isinstance(value, Undecoded):
            self._reject(key, value.error)
            return Absent.UNDECODABLE
        return value

    async def _load(self, key: str, load: Callable[[], Eventual[ValueT] | ValueT]) -> ValueT:
        started_at = perf_counter()
        try:
            value = await resolve(load())
        except Exception as error:
            self._reporter.load_failed(key, error)
            raise
        self._reporter.loaded(key, perf_counter() - started_at)
        return value

    async def _commit(
        self,
        flight: Flight[Any],
        key: str,
        value: ValueT,
        time_to_live: Duration | None,
        *,
        if_not_exists: bool,
    ) -> None:
        """Store a loaded value, unless that is forbidden by now; it is never lost for that."""
        try:
            duration = None if time_to_live is None else to_timedelta(time_to_live)
            wire = await self._codec.encode(value)
        except Exception as error:
            self._reporter.unencodable(key, error)
            return
        if not self._flights.may_commit(flight):
            self._reporter.not_stored(key, "fenced")
            return
        try:
            changed = await self._backend.set(
                self._full_key(key), wire, time_to_live=duration, if_not_exists=if_not_exists
            )
        except Exception as error:
            self._reporter.not_stored(key, "failed")
            self._suffer("set", key, error)
        else:
            if changed:
                self._reporter.stored((key,))

    def _suffer(self, operation: str, key: str, error: Exception) -> None:
        """Report a failure of the store, and raise it if the cache was told to."""
        self._reporter.backend_failed(operation, key, error)
        if self._raises_backend_errors:
            raise error

    def _reject(self, key: str, error: Exception) -> None:
        """Report a value that cannot be decoded, and raise if the cache was told to."""
        self._reporter.undecodable(key, error)
        if self._raises_undecodable:
            msg = f"the value stored for {key!r} cannot be decoded: {type(error).__name__}"
            raise DecodeError(msg) from error


def _raises(option: str, choice: str) -> bool:
    if choice not in ("miss", "raise"):
        msg = f'{option}={choice!r} means nothing: use "miss" or "raise"'
        raise ConfigurationError(msg)
    return choice == "raise"


def _open_serializer(
    serializer: Serializer[ValueT, WireT] | str,
) -> Serializer[ValueT, WireT]:
    if not isinstance(serializer, str):
        return serializer
    from cachetory.serializers import from_url  # noqa: PLC0415 (only if a URL was given)

    return from_url(serializer)


def _open_backend(backend: AsyncBackend[WireT] | str) -> AsyncBackend[WireT]:
    if not isinstance(backend, str):
        return backend
    from cachetory.backends.async_ import from_url  # noqa: PLC0415 (only if a URL was given)

    return from_url(backend)


def _leaves_values_alone(serializer: Serializer[Any, Any]) -> bool:
    from cachetory.serializers.noop import NoopSerializer  # noqa: PLC0415 (caches are below it)

    return type(serializer) is NoopSerializer
