"""Pull the plug of the store, then that of the source, and go on answering.

The store is one in memory whose plug can be pulled, so that no server has to be killed for it.
"""

from __future__ import annotations

import logging
import sys
from time import sleep

from cachetory.events import BreakerClosed, BreakerOpened, Event
from cachetory.sync import Cache, MemoryBackend, Policy, cached


class Plug:
    """What a machine gets its power from."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_pulled = False

    def check(self) -> None:
        """Fail if it is pulled."""
        if self.is_pulled:
            msg = f"the {self.name} is down"
            raise ConnectionError(msg)


class PluggedBackend(MemoryBackend[bytes]):
    """A store that can be down."""

    plug = Plug("store")
    asked = 0

    def get(self, key: str) -> bytes:
        """Get the value of a key."""
        type(self).asked += 1
        self.plug.check()
        return super().get(key)

    def delete(self, key: str) -> bool:
        """Delete a key."""
        self.plug.check()
        return super().delete(key)


def listen(event: Event) -> None:
    """Tell of the breaker."""
    if isinstance(event, BreakerOpened):
        print(f"  the breaker has opened: {event.error}")
    elif isinstance(event, BreakerClosed):
        print("  the breaker has closed")


store = PluggedBackend.plug
source = Plug("source")
cache = Cache[str](
    backend=PluggedBackend(),
    serializer="json://",
    policy=Policy(time_to_live=0.2, stale_if_error=60, retry_after_failure=5),
    on_event=listen,
)


@cached(cache)
def headline(newspaper: str) -> str:
    """Ask the source."""
    source.check()
    return f"{newspaper}: all is well"


def store_is_down() -> None:
    """Answer from the source, and leave the store alone after a while."""
    print("the store is down:")
    store.is_pulled = True
    asked_before = PluggedBackend.asked
    for _ in range(100):
        headline("The Times")
    print(f"  100 calls answered; the store was asked {PluggedBackend.asked - asked_before} times")
    try:
        headline.purge("The Times")
    except ConnectionError as error:
        print(f"  a deletion raises: {error}")
    store.is_pulled = False
    while headline.lookup("The Times").state == "miss":  # until a probe has found it back
        headline("The Times")
        sleep(0.05)


def source_is_down() -> None:
    """Answer from the store, though it is over."""
    print("the source is down:")
    source.is_pulled = True
    sleep(0.3)
    found = headline.lookup("The Times")
    print(f"  what is stored is {found.state}, and given: {headline('The Times')}")
    for _ in range(100):
        headline("The Times")
    print(f"  101 calls, {cache.stats().load_failures} of them tried the source")
    try:
        headline("The Post")
    except ConnectionError as error:
        print(f"  where nothing is stored: {error}")
    source.is_pulled = False


def main() -> None:
    """Pull both plugs, one after the other."""
    logging.getLogger("cachetory").addHandler(logging.StreamHandler(sys.stdout))
    with cache:
        print(headline("The Times"))
        store_is_down()
        source_is_down()
        stats = cache.stats()
    if (stats.breaker_openings, stats.load_failures) != (1, 2):
        raise AssertionError(stats)


if __name__ == "__main__":
    main()
