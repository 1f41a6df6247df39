"""Whether a store is worth asking: all caches over it find that out together."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from cachetory._core.breaker import Breaker
from cachetory._core.identity import OfEach
from cachetory._runtime.process import fork_safe_lock

if TYPE_CHECKING:
    from collections.abc import Callable

_guard = fork_safe_lock()
_of_store: OfEach[Health] = OfEach()


class Health:
    """A breaker with a clock.

    Attributes:
        is_down: Whether the store is not to be asked.
        has_failed: Whether it has failed since it answered last.
    """

    __slots__ = ("__weakref__", "_breaker", "_clock", "has_failed", "is_down")

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._breaker = Breaker()
        self._clock = clock
        self.has_failed = False
        self.is_down = False

    @staticmethod
    def of(backend: object) -> Health:
        """Give the health of a store."""
        made = Health()
        with _guard:
            return _of_store.setdefault(backend, made)

    def may_probe(self) -> bool:
        """Tell whether it is time to see if the store is back; the next one is told no."""
        return self._breaker.may_probe(self._clock())

    def failed(self) -> bool:
        """Note an outage, and tell whether the store is not to be asked from now on."""
        has_opened = self._breaker.failed(self._clock())
        self.has_failed, self.is_down = True, self._breaker.is_open
        return has_opened

    def answered(self) -> bool:
        """Note an answer, and tell whether the store is to be asked again from now on."""
        if not self.has_failed:
            return False
        has_closed = self._breaker.succeeded()
        self.has_failed = self.is_down = False
        return has_closed
