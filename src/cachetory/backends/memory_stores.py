"""The in-process stores behind memory backends; those with a name are shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from weakref import ref

from cachetory._core.store import Store
from cachetory._runtime.clocks import CLOCKS, choose_clock, wall_time
from cachetory._runtime.process import fork_safe_lock
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cachetory._core.store import Row
    from cachetory._runtime.clocks import ClockName

    Saved = tuple[float, list[Row[Any]]]
    """How far the wall clock was ahead of the store's clock, and the entries."""

DEFAULT_MAX_ENTRIES = 100_000
"""How many entries a memory store holds unless told otherwise."""


_guard = fork_safe_lock()
_named: dict[str, tuple[dict[str, Any], Store[Any]]] = {}


def new_store(
    *,
    max_entries: int | None = DEFAULT_MAX_ENTRIES,
    max_weight: int | None = None,
    weigher: Callable[[str, Any], int] | None = None,
    policy: Literal["s3-fifo", "lru"] = "s3-fifo",
    clock: Callable[[], float] | ClockName | None = None,
) -> Store[Any]:
    """Make a store that threads and event loops may share.

    Without a clock, the store takes one when it first needs the time. By then a test has loaded
    the library that moves time, although the store may be older than that.

    Raises:
        ConfigurationError: for an unknown clock, or bounds that cannot work.
    """
    store: Store[Any] = Store(
        max_entries=max_entries,
        max_weight=max_weight,
        weigher=weigher or (None if max_weight is None else weigh_wire),
        policy=policy,
        guard=fork_safe_lock(),
        clock=_find_clock(clock),
    )
    if clock is None:
        store.clock = _clock_at_first_use(ref(store))
    return store


def _find_clock(clock: Callable[[], float] | ClockName | None) -> Callable[[], float]:
    if clock is None:
        return choose_clock()
    if callable(clock):
        return clock
    if isinstance(clock, str) and clock in CLOCKS:
        return CLOCKS[clock]
    msg = f"clock must be a function that returns seconds, 'wall' or 'monotonic', not {clock!r}"
    raise ConfigurationError(msg)


def _clock_at_first_use(store_ref: ref[Store[Any]]) -> Callable[[], float]:
    """Return a clock that replaces itself in the store by the chosen clock at its first use."""

    def choose_then_read() -> float:
        clock = choose_clock()
        store = store_ref()
        if store is not None:
            store.clock = clock
        return clock()

    return choose_then_read


def named_store(name: str, **options: Any) -> Store[Any]:
    """Give the store of that name, made by the first who asks for it.

    Args:
        name: the name.
        options: for `new_store`; none take the store as it is.

    Raises:
        ConfigurationError: if it is there already, with other options.
    """
    with _guard:
        if name not in _named:
            _named[name] = (options, new_store(**options))
        known, store = _named[name]
    if options and options != known:
        msg = (
            f"`memory://{name}` is there already, made with {known or 'no options'}, "
            f"so it cannot have {options}"
        )
        raise ConfigurationError(msg)
    return store


def save(store: Store[Any]) -> Saved:
    """Return the entries of a store, to be restored elsewhere or later."""
    return _ahead_of_clock(store), store.snapshot()


def restore(store: Store[Any], saved: Saved) -> None:
    """Store saved entries. Time that passed meanwhile counts, in other processes too."""
    ahead, rows = saved
    store.restore(rows, ahead - _ahead_of_clock(store))


def _ahead_of_clock(store: Store[Any]) -> float:
    """Return how far the wall clock is ahead of a store's clock; 0 for a clock of a user."""
    now = store.clock()  # by which the store has chosen its clock
    return wall_time() - now if store.clock in CLOCKS.values() else 0.0


def weigh_wire(key: str, wire: object) -> int:
    """Weigh an entry by its bytes: those of the key and of the serialized value.

    Raises:
        ConfigurationError: for a value that is not bytes, whose size cannot be told.
    """
    if isinstance(wire, (bytes, bytearray, str)):
        return len(key) + len(wire)
    msg = (
        f"max_weight counts bytes, but the value is a {type(wire).__name__}: use a serializer that "
        "makes bytes, or pass weigher= to MemoryBackend"
    )
    raise ConfigurationError(msg)
