"""What an asynchronous store needs in order to fence loads, and to share them among processes.

Beside a key, such a store keeps a *claim*: the token of whoever is loading the key. The rule that
all rests on: **whatever sets or deletes a key ends the claim to it**, whoever does it. So a load
that began before it finds its claim gone when it comes to store its value, and does not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic

from cachetory._runtime.async_ import sleep
from cachetory.interfaces.backends.private import WireT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from types import TracebackType

    from typing_extensions import Self


class Commit:
    """A loaded value that is to be stored if its claim still stands.

    Attributes:
        key: the key.
        token: of the claim that stood when the load began, be it one's own or not.
        wire: the value.
        time_to_live: in seconds; `None` is for ever, and zero has what is stored deleted.
        former: what was stored for the key when it was claimed; `None` if nothing was.
        keeps_time: whether the value takes over what is left of the time to live of the former
            one; then `time_to_live` counts for nothing.
    """

    __slots__ = ("former", "keeps_time", "key", "time_to_live", "token", "wire")

    def __init__(
        self,
        key: str,
        token: str,
        wire: Any,
        *,
        time_to_live: float | None,
        former: Any,
        keeps_time: bool = False,
    ) -> None:
        self.key: str = key
        self.token: str = token
        self.wire: Any = wire
        self.time_to_live: float | None = time_to_live
        self.former: Any = former
        self.keeps_time: bool = keeps_time


class AsyncLeases(ABC, Generic[WireT]):
    """The claims to the keys of a store. All take many keys, in one round trip if they can."""

    @abstractmethod
    async def claim(
        self, keys: Sequence[str], token: str, seconds: float, *, takes_over: bool = False
    ) -> list[tuple[str | None, WireT | None]]:
        """Claim those keys that nobody has claimed, and look them up.

        Args:
            keys: the keys.
            token: what tells this claim from all others.
            seconds: how long it stands unless it is renewed.
            takes_over: end other claims.

        Returns:
            For each key, the token of the claim that stands now, and the wire value after that
            was settled. The token is `None` if no claim can be made, though the store answers.
        """

    @abstractmethod
    async def renew(self, keys: Sequence[str], token: str, seconds: float) -> list[bool]:
        """Let the claims of the token stand for so long from now, and tell which still stood."""

    @abstractmethod
    async def commit(self, commits: Sequence[Commit]) -> list[bool]:
        """Store each value whose claim still stands, and end that; tell which were stored.

        A value is not stored either if the key has another value than when it was claimed.
        """

    @abstractmethod
    async def release(
        self, keys: Sequence[str], token: str, successor: str = "", seconds: float = 0.0
    ) -> None:
        """End the claims of the token, or put a successor's in their place for so long."""

    def watch(self, keys: Collection[str]) -> AsyncWatch:
        """Watch for claims to end; a context manager."""
        return AsyncWatch()


class AsyncWatch:
    """Waits until a claim may have ended. This one just waits."""

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Watch no more."""

    async def wait(self, seconds: float) -> None:
        """Wait for something to happen, so long at most."""
        await sleep(seconds)
