"""A bounded in-process store: a dictionary of entries that expire and are evicted.

A hit takes no lock. That works because an entry is never brought back to life, and because both
sides keep to an order:

- A reader reads `value`, then `deadline`, then the clock. If the deadline is in the future, the
  value is good.
- Who removes an entry writes the deadline -inf before dropping the value. So a reader that finds
  the value dropped finds the entry dead.
- Who replaces a value does it in place only while the old one is live, and writes the value before
  the deadline. So a reader that pairs the old value with the new deadline returns what was right
  when the replacement began. In place of an expired entry comes a new one.

All changes take place under the guard. Code that is not ours might call the store, so it is kept
out of there: iterables, weighers, and finalisers, be it of dropped values or of garbage. Since
allocations start collections of garbage, an operation allocates what it needs beforehand. What
cannot do so (`clear`, `keys` and LRU's evictions) allocates where another operation does no harm.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from math import inf
from sys import maxsize
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from cachetory._core.eviction import SATURATED, EvictionPolicy, Lru, S3Fifo
from cachetory.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    Row = tuple[str, "V", float, float, object, int]
    """An entry in a snapshot: its key, value, deadline, `kept_until`, note and frequency."""

V = TypeVar("V")
D = TypeVar("D")

_MOST_SWEPT = 8
"""A write sweeps out at most so many expired entries."""

_MOST_CLAIMS = 100_000
"""So many claims are remembered at most: those of loaders that died are never released."""


class Entry(Generic[V]):
    """A value with its deadline, and what the store needs to know of it.

    Attributes:
        key: Its key.
        value: The value; `None` once the entry is dead.
        deadline: When it expires, in seconds of the store's clock: inf for never, -inf if it has
            left the store and is dead for good.
        kept_until: When it goes, which may be later: until then it is kept as a stale one, for
            those who ask for it by `peek`.
        note: What its cache wants to remember of it; the store does not look at it.
        frequency: Recent accesses, up to `SATURATED`.
        weight: What it counts for in the total.
        in_main: Whether it is in S3-FIFO's main queue.
        is_watched: Whether it is in the queue of entries that expire some day.
    """

    __slots__ = (
        "deadline",
        "frequency",
        "in_main",
        "is_watched",
        "kept_until",
        "key",
        "note",
        "value",
        "weight",
    )

    def __init__(
        self,
        key: str,
        value: V,
        deadline: float,
        weight: int,
        *,
        kept_until: float | None = None,
        note: object = None,
    ) -> None:
        self.key = key
        self.value = value
        self.deadline = deadline
        self.kept_until = deadline if kept_until is None else kept_until
        self.note = note
        self.weight = weight
        self.frequency = 0
        self.in_main = False
        self.is_watched = False


class Claim:
    """Somebody's word that they are loading a key."""

    __slots__ = ("token", "until")

    def __init__(self, token: str, until: float) -> None:
        self.token = token
        self.until = until


class Store(Generic[V]):
    """Values by key, within a number of entries and a total weight.

    Deadlines are in seconds of the clock; inf stands for never. Expired entries are swept out a
    few at a time by later writes, and until then count in `len` and `weight`.

    Args:
        max_entries: The most entries to hold; `None`: any number.
        max_weight: The most they may weigh in total; `None`: anything.
        weigher: Tells the weight of an entry from its key and value: an integer, zero or more.
            Called once for each `set`. Without it, each weighs 1.
        policy: Which entries to evict.
        guard: Held while the store changes. Best re-entrant, since a collection of garbage may
            run finalisers at any time.
        clock: Tells the time in seconds; must never go back.

    Raises:
        ConfigurationError: for a bound below 1, a weight bound without a weigher, or an unknown
            policy.
    """

    entries: dict[str, Entry[V]]
    """All entries by key, expired ones included. To be read without the guard, never changed."""

    lock_free_hits: bool
    """Whether a hit needs nothing but `Entry.frequency` to be incremented up to `SATURATED`."""

    clock: Callable[[], float]
    """Tells the time by which entries expire."""

    evictions: int
    """How many entries have been removed to make room."""

    expirations: int
    """How many entries have been removed because their time was over."""

    __slots__ = (
        "__weakref__",
        "_claims",
        "_dropped",
        "_guard",
        "_max_entries",
        "_max_weight",
        "_policy",
        "_watched",
        "_weigher",
        "_weight",
        "clock",
        "entries",
        "evictions",
        "expirations",
        "lock_free_hits",
    )

    def __init__(
        self,
        *,
        max_entries: int | None,
        max_weight: int | None = None,
        weigher: Callable[[str, V], int] | None = None,
        policy: Literal["s3-fifo", "lru"] = "s3-fifo",
        guard: AbstractContextManager[Any],
        clock: Callable[[], float],
    ) -> None:
        _check_bound("max_entries", max_entries)
        _check_bound("max_weight", max_weight)
        if max_weight is not None and weigher is None:
            msg = f"max_weight={max_weight} needs a weigher, a function of key and value"
            raise ConfigurationError(msg)
        self.entries, self._policy = _order_entries(policy, max_entries, max_weight)
        self.lock_free_hits = self._policy.lock_free_hits
        self.evictions = 0
        self.expirations = 0
        self._max_entries = maxsize if max_entries is None else max_entries
        self._max_weight = maxsize if max_weight is None else max_weight
        self._weigher = weigher
        self._weight = 0
        self._guard = guard
        self.clock = clock
        self._watched: deque[Entry[V]] = deque()
        self._dropped: list[V] = []
        self._claims: dict[str, Claim] = {}

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def weight(self) -> int:
        """The total weight of all entries."""
        return self._weight

    def get(self, key: str, default: D) -> V | D:
        """Return the live value of the key, or the default."""
        entry = self.entries.get(key)
        if entry is None:
            return default
        value: V = entry.value
        deadline = entry.deadline
        if deadline != inf and deadline <= self.clock():
            return default
        frequency = entry.frequency
        if frequency < SATURATED:
            if self.lock_free_hits:
                entry.frequency = frequency + 1
            else:
                self._touch(entry)
        return value

    def contains(self, key: str) -> bool:
        """Tell whether the key has a live value; that counts as no access."""
        entry = self.entries.get(key)
        return entry is not None and entry.deadline > self.clock()

    def get_many(self, keys: Iterable[str]) -> list[tuple[str, V]]:
        """Return the keys that have a live value, with their values, as of one moment."""
        wanted = iter(list(keys))
        found: list[str] = []
        values: list[V] = []
        now = self.clock()
        with self._guard:
            for key in wanted:
                entry = self.entries.get(key)
                if entry is not None and entry.deadline > now:
                    self._policy.touch(entry)
                    found.append(key)
                    values.append(entry.value)
        return list(zip(found, values, strict=True))

    def set(  # noqa: C901, PLR0912 (all under one guard, and each branch counts on the hot path)
        self,
        key: str,
        value: V,
        deadline: float,
        *,
        if_not_exists: bool = False,
        kept_until: float | None = None,
        note: object = None,
        token: str | None = None,
    ) -> bool:
        """Store a value, and tell whether it was stored.

        It is not if it is over already or weighs more than the bound: then the key is removed.

        Args:
            key: The key.
            value: The value.
            deadline: When it expires; a past one stores a value that is stale from the start.
            if_not_exists: Leave a live value as it is.
            kept_until: When the entry goes; by default, when it expires.
            note: What to remember of it.
            token: Store it only if the claim of that token still stands, and end that. Without
                one, any claim to the key ends.
        """
        weight = 1 if self._weigher is None else self._weigh(key, value)
        over_at = deadline if kept_until is None else kept_until
        is_timed = over_at != inf or token is not None or self._watched
        now = self.clock() if is_timed else -inf
        if over_at <= now or weight > self._max_weight:
            if token is not None and not self.release(key, token):
                return False
            if not if_not_exists:
                self.delete(key)
            return False
        entry = self.entries.get(key)
        fresh = None
        if entry is None:
            fresh = Entry(key, value, deadline, weight, kept_until=over_at, note=note)
        with self._guard:
            if token is not None:
                claim = self._claims.get(key)
                if claim is None or claim.token != token or claim.until <= now:
                    return False
            if entry is None or entry.deadline <= now:
                entry = self._find(key, now)
            elif deadline <= now and not if_not_exists:
                self._remove(entry)  # in place, a reader might take it for a live one
                entry = None
            if self._claims and (entry is None or not if_not_exists or token is not None):
                self._claims.pop(key, None)
            if entry is None:
                made = fresh or Entry(key, value, deadline, weight, kept_until=over_at, note=note)
                self._insert(made, now)
            elif if_not_exists:
                return False
            else:
                _replaced = self._replace(entry, value, deadline, weight, now)
                _noted, entry.note = entry.note, note
                entry.kept_until = over_at
            if self._watched:
                self._sweep(now)
        self._release()
        return True

    def exchange(self, key: str, value: V, token: str) -> bool:
        """Put another value in the place of a live one, whose times stay, and end the claim to it.

        Tells whether it was done: not if the claim of that token does not stand any more, nor if
        there is nothing, or the new value weighs more than the bound, which removes the key.
        """
        weight = 1 if self._weigher is None else self._weigh(key, value)
        now = self.clock()
        with self._guard:
            claim = self._claims.get(key)
            if claim is None or claim.token != token or claim.until <= now:
                return False
            self._claims.pop(key)
            entry = self._find(key, now)
            is_light = weight <= self._max_weight
            if entry is not None and is_light:
                _replaced = self._replace(entry, value, entry.deadline, weight, now)
            elif entry is not None:
                self._remove(entry)
        self._release()
        return entry is not None and is_light

    def set_many(self, items: Iterable[tuple[str, V]], deadline: float) -> None:
        """Store all values at once: others see none of them or all.

        Later items may evict earlier ones. What cannot be stored is treated as by `set`.
        """
        entries = [Entry(key, value, deadline, self._weigh(key, value)) for key, value in items]
        fresh = iter(entries)
        replaced: list[V] = []
        notes: list[object] = []
        now = self.clock()
        with self._guard:
            for new in fresh:
                self._claims.pop(new.key, None)
                entry = self._find(new.key, now)
                if deadline <= now or new.weight > self._max_weight:
                    if entry is not None:
                        self._remove(entry)
                elif entry is None:
                    self._insert(new, now)
                else:
                    replaced.append(self._replace(entry, new.value, deadline, new.weight, now))
                    entry.kept_until = deadline
                    notes.append(entry.note)
                    entry.note = None
                self._sweep(now)
        self._release()

    def expire_at(self, key: str, deadline: float, *, kept_for: float = 0.0) -> bool:
        """Set another deadline, and tell whether there was a live value; a past one removes it.

        A stale entry stays as it is.

        Args:
            key: The key.
            deadline: When it expires.
            kept_for: For how long it is to be kept after that.
        """
        now = self.clock()
        with self._guard:
            entry = self.entries.get(key)
            if entry is not None and entry.kept_until > now and deadline > now >= entry.deadline:
                return False
            entry = self._find(key, now)
            if entry is not None:
                if deadline <= now:
                    self._remove(entry)
                else:
                    entry.kept_until = deadline + kept_for
                    entry.deadline = deadline
                    if deadline != inf and not entry.is_watched:
                        self._watch(entry)
            self._sweep(now)
        self._release()
        return entry is not None

    def delete(self, key: str) -> bool:
        """Remove a key, and tell whether it had an entry, be it a stale one."""
        return self.delete_many((key,)) == 1

    def delete_many(self, keys: Iterable[str]) -> int:
        """Remove the keys at once, and tell how many of them had an entry, be it a stale one."""
        unwanted = iter(list(keys))
        count = 0
        now = self.clock()
        with self._guard:
            for key in unwanted:
                self._claims.pop(key, None)
                entry = self.entries.get(key)
                if entry is not None and entry.kept_until > now:
                    self._remove(entry)
                    count += 1
                elif entry is not None:
                    self._expire(entry)
        self._release()
        return count

    def clear(self, prefix: str = "") -> None:
        """Remove all keys that start with the prefix; takes time in proportion to all entries."""
        with self._guard:
            for key in [key for key in self._claims if key.startswith(prefix)]:
                del self._claims[key]
            for entry in list(self.entries.values()):
                if entry.deadline != -inf and entry.key.startswith(prefix):
                    self._remove(entry)
            if not self.entries:
                self._policy.clear()
                self._watched.clear()
        self._release()

    def peek(self, key: str) -> tuple[V, float, float, object] | None:
        """Return a live or stale value, its deadline, until when it is kept, and its note.

        That counts as no access.
        """
        now = self.clock()
        with self._guard:
            entry = self.entries.get(key)
            if entry is None or entry.kept_until <= now:
                return None
            value, deadline, note = entry.value, entry.deadline, entry.note
            kept_until = entry.kept_until
        return value, deadline, kept_until, note

    def claim(self, key: str, token: str, until: float, *, takes_over: bool = False) -> str:
        """Claim the right to load the key, unless somebody has it; tell whose claim stands.

        A claim ends when the key is set or deleted, when it is released, or when its time is over.

        Args:
            key: The key.
            token: What tells this claim from all others.
            until: When it is over, in seconds of the clock.
            takes_over: End the claim of anybody else.
        """
        now = self.clock()
        mine = Claim(token, until)
        with self._guard:
            while len(self._claims) >= _MOST_CLAIMS:
                del self._claims[next(iter(self._claims))]
            standing = self._claims.get(key)
            if standing is not None and standing.until > now and not takes_over:
                return standing.token
            _former = standing
            self._claims[key] = mine
        return token

    def renew(self, key: str, token: str, until: float) -> bool:
        """Let a claim stand until then, and tell whether it stood."""
        now = self.clock()
        with self._guard:
            claim = self._claims.get(key)
            if claim is None or claim.token != token or claim.until <= now:
                return False
            claim.until = until
        return True

    def release(self, key: str, token: str, successor: str = "", until: float = -inf) -> bool:
        """End a claim, or put another one in its place; tell whether it stood."""
        other = Claim(successor, until)
        with self._guard:
            claim = self._claims.get(key)
            if claim is None or claim.token != token:
                return False
            if successor:
                self._claims[key] = other
            else:
                del self._claims[key]
        return True

    def keys(self, prefix: str = "") -> list[str]:
        """Return the live keys that start with the prefix, as of one moment."""
        now = self.clock()
        with self._guard:
            entries = list(self.entries.values())
        return [e.key for e in entries if e.deadline > now and e.key.startswith(prefix)]

    def snapshot(self) -> list[Row[V]]:
        """Return all live and stale entries as of one moment, without their claims."""
        now = self.clock()
        with self._guard:
            entries = list(self.entries.values())
            return [
                (it.key, it.value, it.deadline, it.kept_until, it.note, it.frequency)
                for it in entries
                if it.deadline != -inf and it.kept_until > now
            ]

    def restore(self, rows: Iterable[Row[V]], later: float = 0.0) -> None:
        """Store the entries of a snapshot, with their times moved by a number of seconds."""
        for key, value, deadline, kept_until, note, frequency in rows:
            is_stored = self.set(
                key, value, deadline + later, kept_until=kept_until + later, note=note
            )
            if is_stored and self.lock_free_hits:
                self.entries[key].frequency = frequency

    def _weigh(self, key: str, value: V) -> int:
        if self._weigher is None:
            return 1
        weight: object = self._weigher(key, value)
        if isinstance(weight, int) and weight >= 0:
            return weight
        got = weight if isinstance(weight, (int, float)) else f"a {type(weight).__name__}"
        msg = f"the weigher returned {got}; it has to return an integer, zero or more"
        raise ConfigurationError(msg)

    def _touch(self, entry: Entry[V]) -> None:
        with self._guard:
            if entry.deadline != -inf:
                self._policy.touch(entry)

    def _find(self, key: str, now: float) -> Entry[V] | None:
        """Find a live entry; an expired one is removed."""
        entry = self.entries.get(key)
        if entry is None or entry.deadline > now:
            return entry
        self._expire(entry)
        return None

    def _insert(self, entry: Entry[V], now: float) -> None:
        while (
            len(self.entries) >= self._max_entries or self._weight + entry.weight > self._max_weight
        ):
            self._bury_evicted(self._policy.evict(now), now)
        self._weight += entry.weight
        self._policy.admit(entry)
        if entry.deadline != inf:
            self._watch(entry)
        self.entries[entry.key] = entry

    def _replace(self, entry: Entry[V], value: V, deadline: float, weight: int, now: float) -> V:
        """Give a live entry another value in place, and return the former one."""
        former: V = entry.value
        entry.value = value
        entry.deadline = deadline
        if entry.frequency < SATURATED:
            self._policy.touch(entry)
        if deadline != inf and not entry.is_watched:
            self._watch(entry)
        if weight != entry.weight:
            self._reweigh(entry, weight, now)
        return former

    def _watch(self, entry: Entry[V]) -> None:
        """Have the entry swept out when its time is over."""
        entry.is_watched = True
        self._watched.append(entry)

    def _reweigh(self, entry: Entry[V], weight: int, now: float) -> None:
        """Take note of another weight, and make room for it at the cost of other entries."""
        self._policy.reweigh(entry, weight)
        self._weight += weight - entry.weight
        entry.weight = weight
        is_picked = False
        while self._weight > self._max_weight:
            victim = self._policy.evict(now)
            if victim is entry:
                is_picked = True
            else:
                self._bury_evicted(victim, now)
        if is_picked:
            self._policy.admit(entry)

    def _bury_evicted(self, entry: Entry[V], now: float) -> None:
        if entry.deadline > now:
            self.evictions += 1
        else:
            self.expirations += 1
        self._bury(entry)

    def _sweep(self, now: float) -> None:
        """Look at the next entry that may expire, and at a few more while their time is over."""
        watched = self._watched
        chances = _MOST_SWEPT
        while watched and chances:
            entry = watched[0]
            if now < entry.kept_until < inf and entry.deadline != -inf:
                watched.rotate(-1)
                return
            watched.popleft()
            entry.is_watched = False
            if entry.deadline != -inf and entry.kept_until <= now:
                self._expire(entry)
            chances -= 1

    def _expire(self, entry: Entry[V]) -> None:
        self.expirations += 1
        self._remove(entry)

    def _remove(self, entry: Entry[V]) -> None:
        self._bury(entry)
        self._policy.forget(entry)

    def _bury(self, entry: Entry[V]) -> None:
        """Take an entry out that the policy knows no more, or will be told of."""
        self.entries.pop(entry.key, None)  # LRU has taken out what it evicts
        self._weight -= entry.weight
        entry.deadline = -inf
        self._dropped.append(entry.value)
        entry.value = None  # type: ignore[assignment]  # readers find it dead  # pyright: ignore[reportAttributeAccessIssue]

    def _release(self) -> None:
        """Let go of dropped values; outside the guard, since their finalisers may come back."""
        if self._dropped:
            self._dropped.clear()


def _check_bound(name: str, bound: int | None) -> None:
    if bound is None:
        return
    if not isinstance(bound, int) or isinstance(bound, bool) or bound < 1:
        msg = f"{name} is an integer of 1 or more, or None for no such bound, not {bound!r}"
        raise ConfigurationError(msg)


def _order_entries(
    policy: str, max_entries: int | None, max_weight: int | None
) -> tuple[dict[str, Entry[Any]], EvictionPolicy]:
    """Make the dictionary of entries and the policy, which for LRU shares it."""
    if policy not in ("s3-fifo", "lru"):
        msg = f"policy is 's3-fifo' or 'lru', not {policy!r}"
        raise ConfigurationError(msg)
    if max_entries is None and max_weight is None:
        return {}, EvictionPolicy()
    if policy == "s3-fifo":
        return {}, S3Fifo(max_entries, max_weight)
    entries: OrderedDict[str, Entry[Any]] = OrderedDict()
    return entries, Lru(entries)
