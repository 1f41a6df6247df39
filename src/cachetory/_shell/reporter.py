"""Count what a cache does, tell those who listen, and log what fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cachetory import events
from cachetory._core.counters import Counters
from cachetory._shell import failure_log
from cachetory.errors import UnsupportedOperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from types import TracebackType
    from typing import Literal


class Reporter:
    """The one place that knows what each happening means for counters, events and the log."""

    __slots__ = ("_on_event", "counters")

    def __init__(self, on_event: Callable[[events.Event], object] | None) -> None:
        self._on_event = on_event
        self.counters = Counters()

    def hit(self, key: str) -> None:
        """A lookup found a value."""
        self.counters.hits += 1
        if self._on_event is not None:
            self._tell(events.Hit(key))

    def miss(self, key: str) -> None:
        """A lookup found nothing."""
        self.counters.misses += 1
        if self._on_event is not None:
            self._tell(events.Miss(key))

    def looked_up(self, keys: Iterable[str], found: Collection[str]) -> None:
        """A bulk lookup found some of the keys."""
        wanted = dict.fromkeys(keys)
        if self._on_event is None:
            self.counters.hits += len(found)
            self.counters.misses += len(wanted) - len(found)
            return
        for key in wanted:
            if key in found:
                self.hit(key)
            else:
                self.miss(key)

    def stored(self, keys: Collection[str]) -> None:
        """The store took values."""
        self.counters.sets += len(keys)
        if self._on_event is not None:
            for key in keys:
                self._tell(events.Set(key))

    def deleted(self, keys: Collection[str]) -> None:
        """The store was made to forget keys."""
        self.counters.deletes += len(keys)
        if self._on_event is not None:
            for key in keys:
                self._tell(events.Deleted(key))

    def expiring(self, key: str) -> None:
        """A key was given another time to live."""
        if self._on_event is not None:
            self._tell(events.Expiring(key))

    def cleared(self, prefix: str) -> None:
        """All keys with the prefix were removed."""
        if self._on_event is not None:
            self._tell(events.Cleared(prefix))

    def served_stale(
        self, key: str, reason: Literal["refreshing", "failing", "late", "held"]
    ) -> None:
        """A value was given though its time is over."""
        self.counters.stale += 1
        if self._on_event is not None:
            self._tell(events.Stale(key, reason))

    def refreshing(self, key: str, reason: Literal["stale", "early", "asked"]) -> None:
        """A value is about to be loaded again."""
        self.counters.refreshes += 1
        if self._on_event is not None:
            self._tell(events.Refreshing(key, reason))

    def refresh_dropped(self, key: str) -> None:
        """There was no room for a refresh."""
        self.counters.refreshes_dropped += 1
        if self._on_event is not None:
            self._tell(events.RefreshDropped(key))

    def loaded(self, key: str, seconds: float) -> None:
        """A loader returned, or said that there is no value."""
        self.counters.loads += 1
        if self._on_event is not None:
            self._tell(events.Loaded(key, seconds))

    def load_failed(self, key: str, error: Exception, seconds: float) -> None:
        """A loader raised."""
        self.counters.load_failures += 1
        if self._on_event is not None:
            self._tell(events.LoadFailed(key, error, seconds))

    def load_is_late(self, key: str, seconds: float) -> None:
        """A caller waits for a load no longer."""
        self.counters.late_loads += 1
        if self._on_event is not None:
            self._tell(events.LoadLate(key, seconds))

    def lease_won(self, key: str) -> None:
        """This process may load a key."""
        self.counters.leases_won += 1
        if self._on_event is not None:
            self._tell(events.LeaseWon(key))

    def lease_held(self, key: str) -> None:
        """Another process is loading a key."""
        self.counters.leases_held += 1
        if self._on_event is not None:
            self._tell(events.LeaseHeld(key))

    def lease_lost(self, key: str) -> None:
        """A lease ended while its holder was loading."""
        self.counters.leases_lost += 1
        if self._on_event is not None:
            self._tell(events.LeaseLost(key))

    def store_left_alone(self, key: str, error: Exception) -> None:
        """The store is asked no more."""
        self.counters.breaker_openings += 1
        if self._on_event is not None:
            self._tell(events.BreakerOpened(key, error))

    def store_is_back(self, key: str) -> None:
        """The store is asked again."""
        if self._on_event is not None:
            self._tell(events.BreakerClosed(key))

    def not_stored(
        self, key: str, reason: Literal["fenced", "excluded", "one-shot", "failed"]
    ) -> None:
        """A computed value was not kept."""
        self.counters.not_stored += 1
        if self._on_event is not None:
            self._tell(events.NotStored(key, reason))

    def unencodable(self, key: str, error: Exception) -> None:
        """A computed value could not be turned into wire, or has no usable time to live."""
        failure_log.unstored_values.report(key, error)
        self.not_stored(key, "failed")

    def undecodable(self, key: str, error: Exception) -> None:
        """A stored value could not be turned back."""
        self.counters.undecodable += 1
        failure_log.undecodable_values.report(key, error)
        if self._on_event is not None:
            self._tell(events.Undecodable(key, error))

    def backend_failed(self, operation: str, key: str, error: Exception) -> None:
        """The store failed to do what was asked."""
        self.counters.backend_errors += 1
        failure_log.backend_failures.report(key, error)
        if self._on_event is not None:
            self._tell(events.BackendFailed(key, operation, error))

    def failures(self, operation: str, key: str) -> Failures:
        """Report what escapes from the block as a failure of the store, and let it go on."""
        return Failures(self, operation, key)

    def _tell(self, event: events.Event) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception as error:
            failure_log.broken_listeners.report(event.key, error)


class LoadReporter(Reporter):
    """Reports loads alone, for a cache whose own operations report lookups and writes.

    Args:
        reporter: the reporter of the cache, whose counters and listener are used.
    """

    __slots__ = ()

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(reporter._on_event)  # noqa: SLF001 (it is one of ours)
        self.counters = reporter.counters

    def hit(self, key: str) -> None:
        """Do nothing: `get` has reported it."""

    def miss(self, key: str) -> None:
        """Do nothing: `get` has reported it."""

    def stored(self, keys: Collection[str]) -> None:
        """Do nothing: `set` has reported it."""


class Failures:
    """A context manager; see `Reporter.failures`."""

    __slots__ = ("_key", "_operation", "_reporter")

    def __init__(self, reporter: Reporter, operation: str, key: str) -> None:
        self._reporter = reporter
        self._operation = operation
        self._key = key

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Report an error."""
        if isinstance(exc_value, Exception) and not isinstance(
            exc_value, UnsupportedOperationError
        ):
            self._reporter.backend_failed(self._operation, self._key, exc_value)
