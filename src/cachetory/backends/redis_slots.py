"""Where the keys of a Redis Cluster live, and how commands are taken apart to go there. Pure.

A key belongs to one of 16,384 slots: the CRC16 (XMODEM) of the key, or of what stands between its
first brace and the next closing one if that is not empty, modulo their number; see the Redis
Cluster specification.
"""

from __future__ import annotations

from binascii import crc_hqx
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import RedisError

from cachetory.backends.redis_words import claim_beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cachetory.backends.redis_words import Command

SLOTS = 16_384

Address = tuple[str, int]


def slot_of(name: bytes) -> int:
    """Tell the slot of a key."""
    start = name.find(b"{")
    if start >= 0:
        end = name.find(b"}", start + 1)
        if end > start + 1:
            name = name[start + 1 : end]
    return crc_hqx(name, 0) % SLOTS


@lru_cache(maxsize=4096)
def claim_in_slot_of(name: bytes) -> bytes:
    """Give the name of the claim to a key, in the slot of the key.

    If nothing in braces decides about the slot of the key, the claim gets a part which leads there,
    behind a byte that no key of a user has, so that no two keys have a claim in common.
    """
    slot = slot_of(name)
    claim = claim_beside(name)
    if slot_of(claim) == slot:
        return claim
    if b"{" not in name:
        return claim_beside(b"%b\xc1{%b}" % (name, _tags()[slot]))
    return next(
        claim
        for number in range(1 << 16)  # two bytes lead from anywhere to each CRC
        if slot_of(claim := claim_beside(b"%b\xc1{%b}" % (name, number.to_bytes(2, "big")))) == slot
    )


@cache
def _tags() -> dict[int, bytes]:
    """Give two bytes for each slot that lead there."""
    pairs = (number.to_bytes(2, "big") for number in range(1 << 16))
    return {crc_hqx(pair, 0) % SLOTS: pair for pair in pairs if b"}" not in pair}


class Part(NamedTuple):
    """A command of one key, or of keys in one slot."""

    command: Command
    slot: int


def parts_of(command: Command) -> list[Part]:
    """Take a command apart so that each part goes to one slot."""
    word = command[0]
    if word in _OF_MANY_KEYS:
        single = "GET" if word == "MGET" else word
        return [Part((single, key), _slot_of_key(key)) for key in command[1:]]
    if word == "MSET":
        pairs = zip(command[1::2], command[2::2], strict=True)
        return [Part(("SET", key, value), _slot_of_key(key)) for key, value in pairs]
    return [Part(command, _slot_of_key(command[3 if word in _SCRIPTS else 1]))]


def together(command: Command, replies: Sequence[Any]) -> Any:
    """Put the replies to the parts of a command together."""
    word = command[0]
    for reply in replies:
        if isinstance(reply, RedisError):
            return reply
    if word == "MGET":
        return list(replies)
    return sum(replies) if word in _OF_MANY_KEYS else replies[0]


_OF_MANY_KEYS = frozenset(("MGET", "DEL", "UNLINK", "EXISTS"))
_SCRIPTS = frozenset(("EVAL", "EVALSHA"))


def _slot_of_key(key: str | bytes | int) -> int:
    return slot_of(key if isinstance(key, bytes) else str(key).encode())


class SlotMap:
    """Which nodes serve the slots, as a cluster has told.

    Attributes:
        primaries: All nodes that serve slots, in order.
    """

    def __init__(self) -> None:
        self._owners: list[Address | None] = [None] * SLOTS
        self._replicas: dict[Address, list[Address]] = {}
        self.primaries: list[Address] = []

    def primary_of(self, slot: int) -> Address | None:
        """Give the node that is known to serve a slot."""
        return self._owners[slot]

    def replicas_of(self, primary: Address) -> Sequence[Address]:
        """Give the nodes that follow another."""
        return self._replicas.get(primary, ())

    @property
    def nodes(self) -> set[Address]:
        """All nodes that are known."""
        return {*self.primaries, *(it for some in self._replicas.values() for it in some)}

    def move(self, slot: int, address: Address) -> None:
        """Note that a slot is served by another node."""
        self._owners[slot] = address
        if address not in self.primaries:
            self.primaries = sorted((*self.primaries, address))

    def learn(self, reply: Sequence[Any], asked: Address) -> None:
        """Take over what a node has answered to `CLUSTER SLOTS`.

        A node that does not know its own name is known by the one that it was asked by.
        """
        owners: list[Address | None] = [None] * SLOTS
        replicas: dict[Address, list[Address]] = {}
        for first, last, *nodes in reply:
            primary, *followers = (address_of(host, port, asked) for host, port, *_ in nodes)
            owners[first : last + 1] = [primary] * (last + 1 - first)
            replicas[primary] = followers
        self._owners, self._replicas, self.primaries = owners, replicas, sorted(replicas)


def address_of(host: Any, port: Any, asked: Address) -> Address:
    """Give where a node is that another has named: at the other's host if that knows no name."""
    name = host.decode() if isinstance(host, bytes) else host
    return (asked[0] if name in (None, "", "?") else str(name)), int(port)
