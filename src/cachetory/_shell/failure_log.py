"""Say in the log that something fails, at most once a second and process for each kind of it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL = 1.0
"""Seconds between two lines of one kind."""


class FailureLog:
    """Log lines of one kind, rate-limited; those held back are counted in the next line.

    Values never appear, keys only at debug level, errors by their type: their text may quote both.
    The text of an error whose `quotes_no_value` is true appears too.
    """

    __slots__ = ("_clock", "_held_back", "_message", "_quiet_until")

    def __init__(self, message: str, *, clock: Callable[[], float] = monotonic) -> None:
        self._message = message
        self._clock = clock
        self._quiet_until = float("-inf")
        self._held_back = 0

    def report(self, key: str, error: BaseException) -> None:
        """Tell of an error that concerns a key."""
        import logging  # noqa: PLC0415 (8 ms to import, and most processes never fail)

        logger = logging.getLogger("cachetory")
        what = _text_of(error)
        logger.debug("%s: %s for key %r", self._message, what, key)
        now = self._clock()
        if now < self._quiet_until:
            self._held_back += 1
            return
        logger.warning(
            "%s: %s (%d more since the last line)",
            self._message,
            what,
            self._held_back,
        )
        self._quiet_until, self._held_back = now + INTERVAL, 0


def _text_of(error: BaseException) -> str:
    name = type(error).__name__
    return f"{name}: {error}" if getattr(error, "quotes_no_value", False) else name


backend_failures = FailureLog("the store behind a cache failed")
undecodable_values = FailureLog("a stored value could not be decoded, which is treated as a miss")
unstored_values = FailureLog("a computed value could not be stored")
broken_listeners = FailureLog("an `on_event` callback raised")
