# Generated from src/cachetory/backends/async_/redis_servers.py by tools/unasync.py. Do not edit: edit that file instead.
"""What a backend asks of Redis, however many servers that is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from redis.client import PubSub

from cachetory._runtime.sync import Slots
from cachetory.backends.redis_depth import require_frames
from cachetory.backends.redis_faults import raised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cachetory.backends.redis_words import Command
    from cachetory.backends.sync.redis_wire import RedisWire

LISTENERS = 8
"""How many connections listen for messages at most; those who find none ask the server anew."""


class RedisServers(ABC):
    """Sends commands to where they belong, over connections of redis-py's making."""

    def __init__(self) -> None:
        self._ears = Slots(LISTENERS)

    @abstractmethod
    def ask(self, *command: str | bytes | int, repeatable: bool = True) -> Any:
        """Send one command and give the reply.

        Args:
            command: the command.
            repeatable: whether it does no harm to send it again, since a server may have done
                it though its reply was lost.

        Raises:
            redis.exceptions.RedisError: if no server can be asked, or it answers by an error.
        """

    def ask_all(self, *commands: Command, repeatable: bool = True) -> list[Any]:
        """Send commands at once and give their replies; see `ask`.

        Raises:
            redis.exceptions.RedisError: if no server can be asked, or answers any of them by
                an error; the first one is raised, when all have been answered.
        """
        return raised(self.ask_each(*commands, repeatable=repeatable))

    @abstractmethod
    def ask_each(self, *commands: Command, repeatable: bool = True) -> list[Any]:
        """Send commands at once and give their replies, errors included; see `ask`."""

    @abstractmethod
    def read(self, *command: str | bytes | int) -> Any:
        """Send one command that only reads, to a replica if that is wanted; see `ask`."""

    @abstractmethod
    def store(self, values: Mapping[bytes, Any], milliseconds: int | None) -> None:
        """Store values under their names, all at once as far as that goes, and end their claims.

        Args:
            values: the values by their names, at least one.
            milliseconds: how long they live; `None` is for ever.

        Raises:
            redis.exceptions.RedisError: as `ask_all` does.
        """

    @abstractmethod
    def find(self, pattern: bytes, step: int) -> Iterator[list[bytes]]:
        """Find the names that match, some of them at a time; about `step` are looked at each."""

    @abstractmethod
    def flush(self) -> None:
        """Delete all keys of the logical database."""

    @abstractmethod
    def claim_of(self, name: bytes) -> bytes:
        """Give the name of the claim to a key."""

    @abstractmethod
    def is_outage(self, error: Exception) -> bool:
        """Tell whether nothing can be reached, or answers, or is ready to."""

    @abstractmethod
    def close(self) -> None:
        """Close the connections."""

    @abstractmethod
    def _listening_pool(self) -> Any:
        """Make a pool of redis-py for one connection that listens."""

    def listen(self, channels: Sequence[bytes]) -> Any:
        """Subscribe to channels, on a connection that serves nothing else.

        Gives redis-py's `PubSub`, or `None` if enough others listen, or it cannot be had.
        """
        require_frames()
        if not self._ears.enter_at_once():
            return None
        messages: Any = None
        try:
            messages = PubSub(self._listening_pool())
            messages.subscribe(*channels)
        except BaseException as error:
            self.listen_no_more(messages)
            if isinstance(error, Exception):
                return None
            raise
        return messages

    def listen_no_more(self, messages: Any) -> None:
        """Close the connection of a `PubSub`."""
        self._ears.leave()
        with suppress(Exception):
            messages.close()


def scan(wire: RedisWire, pattern: bytes, step: int) -> Iterator[list[bytes]]:
    """Find the names on one server that match; see `RedisServers.find`."""
    cursor: bytes | int = 0
    while True:
        cursor, names = wire.ask("SCAN", cursor, "MATCH", pattern, "COUNT", step)
        if names:
            yield names
        if int(cursor) == 0:
            return
