# Generated from src/cachetory/backends/async_/redis_cluster.py by tools/unasync.py. Do not edit: edit that file instead.
"""A Redis Cluster: many servers, each of which serves some of the slots that keys belong to.

Commands are taken apart by slots and sent to the nodes at once. A node that does not answer does
not keep callers waiting again and again: after some failures it is left alone, and looked after
behind them, while the other nodes go on serving.
"""

from __future__ import annotations

from contextlib import suppress
from random import choice, random
from time import monotonic
from typing import TYPE_CHECKING, Any

from redis.connection import ConnectionPool
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from cachetory._core.breaker import Breaker
from cachetory._runtime.sync import Background, Slots, sleep
from cachetory.backends.redis_faults import is_outage, raised
from cachetory.backends.redis_slots import (
    SlotMap,
    address_of,
    claim_in_slot_of,
    parts_of,
    together,
)
from cachetory.backends.sync.redis_servers import RedisServers, scan
from cachetory.backends.sync.redis_wire import RedisWire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cachetory.backends.redis_slots import Address, Part
    from cachetory.backends.redis_words import Command

SENT_AT_MOST = 8
"""How often a command is sent to wherever it is said to belong, before its error is believed."""

TRIES_AGAIN_AFTER = 0.02
"""Seconds, about, until a command is sent again whose keys are on their way to another node."""

LOOKS_EVERY = 0.2
"""Seconds from one look at how the cluster is made up to the next, while something is wrong."""

FEW = 2
"""How many nodes a caller asks at most how the cluster is made up."""


class NodeDownError(RedisConnectionError):
    """A node that has failed too often is left alone."""

    def __str__(self) -> str:
        """Tell so."""
        return "the node of the cluster does not answer"


class RedisCluster(RedisServers):
    """Sends each command to the node that serves the slot of its key.

    Args:
        pool: redis-py's, or what has settings like one: those of the connections to all nodes.
        hosts: nodes to begin with.
        reads_from_replicas: whether to read from replicas too.
    """

    def __init__(
        self, pool: Any, hosts: Sequence[Address], *, reads_from_replicas: bool = False
    ) -> None:
        super().__init__()
        self._pool = pool
        self._hosts = tuple(hosts)
        self._reads_from_replicas = reads_from_replicas
        self._nodes: dict[Address, _Node] = {}
        self._map = SlotMap()
        self._looks = 0
        self._next_look_at = 0.0
        self._door = Slots(1)
        self._behind = Background(1)

    def ask(self, *command: str | bytes | int, repeatable: bool = True) -> Any:
        """Send one command to where it belongs and give the reply."""
        return (self.ask_all(command, repeatable=repeatable))[0]

    def ask_each(self, *commands: Command, repeatable: bool = True) -> list[Any]:
        """Send commands to where they belong and give their replies, errors included; see `ask`.

        An error of one node is the reply to what was meant for it, unless there is nothing else.
        """
        parts = [parts_of(command) for command in commands]
        errands = [[_Errand(part) for part in some] for some in parts]
        self._send([it for some in errands for it in some], repeatable=repeatable)
        replies = [
            together(command, [it.reply for it in some])
            for command, some in zip(commands, errands, strict=True)
        ]
        if all(map(is_outage, replies)):
            raise replies[0]
        return replies

    def read(self, *command: str | bytes | int) -> Any:
        """Send one command that only reads, to replicas if that is wanted; see `ask`."""
        if not self._reads_from_replicas:
            return self.ask(*command)
        if not self._looks:
            self._look(0)
        errands = [_Errand(part) for part in parts_of(command)]
        for errand in errands:
            primary = self._map.primary_of(errand.slot)
            replicas = self._map.replicas_of(primary) if primary is not None else ()
            if replicas:
                errand.replica = choice(replicas)  # noqa: S311 (any will do)
        self._send(errands)
        return raised([together(command, [it.reply for it in errands])])[0]

    def store(self, values: Mapping[bytes, Any], milliseconds: int | None) -> None:
        """Store values under their names, one by one on each node, and end their claims."""
        lives_for = () if milliseconds is None else ("PX", milliseconds)
        self.ask_all(
            ("DEL", *map(claim_in_slot_of, values)),
            *[("SET", name, value, *lives_for) for name, value in values.items()],
        )

    def find(self, pattern: bytes, step: int) -> Iterator[list[bytes]]:
        """Find the names that match, on one node after another."""
        for address in self._primaries():
            for names in scan(self._node(address).wire, pattern, step):
                yield names

    def flush(self) -> None:
        """Delete all keys."""
        for address in self._primaries():
            self._node(address).wire.ask("FLUSHDB")

    def claim_of(self, name: bytes) -> bytes:
        """Give the name of the claim to a key, in the slot of the key."""
        return claim_in_slot_of(name)

    def is_outage(self, error: Exception) -> bool:
        """Tell whether no node has answered when it was asked last."""
        return is_outage(error) and all(self._node(it).failures for it in self._map.primaries)

    def close(self) -> None:
        """Close the connections."""
        self._behind.close(0.0)
        for node in list(self._nodes.values()):  # kept: what goes on behind is to use no others
            node.wire.close()

    def _listening_pool(self) -> Any:
        up = [it for it in self._map.primaries if not self._node(it).is_down]
        settings = self._settings_of(choice(up or list(self._hosts)))  # noqa: S311 (all are told)
        return ConnectionPool(connection_class=self._pool.connection_class, **settings)

    def _primaries(self) -> list[Address]:
        self._look(self._looks)
        return self._map.primaries

    def _node(self, address: Address) -> _Node:
        node = self._nodes.get(address)
        if node is None:
            wire = RedisWire(
                self._pool.connection_class,
                self._settings_of(address),
                self._pool.max_connections,
            )
            node = self._nodes.setdefault(address, _Node(wire))
        return node

    def _settings_of(self, address: Address) -> dict[str, Any]:
        host, port = address
        return {**self._pool.connection_kwargs, "host": host, "port": port, "db": 0}

    def _send(self, errands: list[_Errand], *, repeatable: bool = True) -> None:
        """Have errands done: each has its reply after that, or the error that kept it from one."""
        for _ in range(SENT_AT_MOST):
            looks = self._looks
            if not looks:
                self._look(looks)
                looks = self._looks
            self._go(errands, repeatable=repeatable)
            errands = [it for it in errands if isinstance(it.reply, RedisError)]
            if not errands:
                return
            if any(it.is_failure for it in errands):
                self._look_for_another(errands, looks)
            errands = [it for it in errands if self._goes_again(it, repeatable=repeatable)]
            if not errands:
                return
            if any(isinstance(it.reply, TryAgainError) for it in errands):
                sleep(TRIES_AGAIN_AFTER * (0.5 + random()))  # noqa: S311 (no secret)

    def _go(self, errands: list[_Errand], *, repeatable: bool) -> None:
        """Send errands to their nodes, all before the first reply is waited for."""
        trips: dict[Address, list[_Errand]] = {}
        for errand in errands:
            address = errand.replica or errand.moved_to or self._map.primary_of(errand.slot)
            if address is None:
                errand.reply = ClusterDownError("no node is known to serve the slot")
                continue
            errand.address = address
            trips.setdefault(address, []).append(errand)
        under_way: list[tuple[_Node, list[_Errand], Any]] = []
        try:
            for address, some in sorted(trips.items(), key=_place_of):
                node = self._node(address)
                commands = _commands_for(some)
                try:
                    self._check(node)
                    exchange = node.wire.begin(commands, repeatable=repeatable)
                except RedisError as error:
                    self._failed(node, some, error)
                else:
                    under_way.append((node, some, exchange))
            while under_way:
                node, some, exchange = under_way.pop(0)
                try:
                    replies = exchange.replies()
                except RedisError as error:
                    self._failed(node, some, error)
                else:
                    node.answered()
                    _take_over(some, replies)
        finally:
            for _, _, exchange in under_way:
                exchange.abandon()

    def _check(self, node: _Node) -> None:
        """Leave a node alone that has failed too often; see behind whether it is back."""
        if not node.is_down:
            return
        if node.may_be_probed():
            self._behind.start(self._look_after_nodes)
        raise NodeDownError

    def _failed(self, node: _Node, errands: list[_Errand], error: RedisError) -> None:
        if not node.is_down:
            node.failed()
        for errand in errands:
            errand.reply = error

    def _goes_again(self, errand: _Errand, *, repeatable: bool) -> bool:
        """Tell whether an errand that met an error is to be sent again, and to where."""
        error: Any = errand.reply
        was_asked, errand.moved_to = errand.address, None
        if errand.replica is not None:  # whatever it is: the primary knows
            errand.replica = None
            return True
        if isinstance(error, AskError):
            address = address_of(errand.reply.host, errand.reply.port, was_asked)
            if isinstance(error, MovedError):
                self._map.move(errand.slot, address)
                self._look_soon()
            else:
                errand.moved_to = address
            return True
        if isinstance(error, TryAgainError):
            return True
        if isinstance(error, ClusterDownError):
            self._look_soon()
            return False
        if errand.is_failure:  # by now it may be known that another node has taken over
            return repeatable and self._map.primary_of(errand.slot) != was_asked
        return False

    def _look_for_another(self, errands: list[_Errand], looks: int) -> None:
        """Look at how the cluster is made up, since a node failed.

        This is done behind the caller if it may take long.
        """
        if self._looks != looks or monotonic() < self._next_look_at:
            return
        if any(it.reply.__class__ is RedisConnectionError for it in errands):  # and at once
            with suppress(RedisError):
                self._look(looks, at_most=FEW)
        else:
            self._look_soon()

    def _look_soon(self) -> None:
        """Look at how the cluster is made up, behind the caller."""
        if monotonic() >= self._next_look_at:
            self._next_look_at = monotonic() + LOOKS_EVERY
            self._behind.start(self._look_after_nodes)

    def _look(self, looks: int, at_most: int | None = None) -> None:
        """Ask how the cluster is made up, unless another has done so since so many looks.

        Args:
            looks: how many there were.
            at_most: how many nodes to ask, of those first that have not failed.

        Raises:
            redis.exceptions.RedisError: if no node tells.
        """
        with self._door:
            if self._looks != looks:
                return
            self._next_look_at = monotonic() + LOOKS_EVERY
            failure: RedisError = ClusterDownError("no node of the cluster is known")
            for address in self._those_to_ask()[:at_most]:
                node = self._node(address)
                try:
                    reply = node.wire.ask("CLUSTER", "SLOTS")
                    if not reply:
                        continue
                except RedisError as error:
                    if is_outage(error):
                        node.failed()
                    failure = error
                    continue
                node.answered()
                self._map.learn(reply, address)
                self._looks += 1
                self._forget_others()
                return
            raise failure

    def _those_to_ask(self) -> list[Address]:
        """Give the nodes that may tell how the cluster is made up, the most likely ones first."""
        known = dict.fromkeys((*self._map.primaries, *self._map.nodes, *self._hosts))
        return sorted(known, key=lambda it: (self._node(it).failures, random()))  # noqa: S311

    def _look_after_nodes(self) -> None:
        """Look at how the cluster is made up, and whether nodes are back that did not answer."""
        self._look(self._looks)
        for address in self._map.nodes:
            node = self._node(address)
            if node.is_down:
                try:
                    node.wire.ask("PING")
                except RedisError:
                    node.failed()
                else:
                    node.answered()

    def _forget_others(self) -> None:
        """Close the connections to nodes that are none of the cluster any more."""
        for address in set(self._nodes) - self._map.nodes - set(self._hosts):
            node = self._nodes.pop(address)
            node.wire.close()


class _Node:
    """One node, and whether it is worth asking."""

    __slots__ = ("_breaker", "wire")

    def __init__(self, wire: RedisWire) -> None:
        self.wire = wire
        self._breaker = Breaker()

    @property
    def failures(self) -> int:
        return self._breaker.failures

    @property
    def is_down(self) -> bool:
        return self._breaker.is_open

    def may_be_probed(self) -> bool:
        return self._breaker.may_probe(monotonic())

    def failed(self) -> None:
        self._breaker.failed(monotonic())

    def answered(self) -> None:
        self._breaker.succeeded()


class _Errand:
    """A part of a command on its way, and what came of it.

    Attributes:
        moved_to: The node to ask instead of the one that serves the slot, this time.
        replica: The replica to ask.
        address: The node that was asked last.
        reply: What it has answered, or the error that kept it from that.
    """

    __slots__ = ("address", "command", "moved_to", "replica", "reply", "slot")

    def __init__(self, part: Part) -> None:
        self.command, self.slot = part
        self.moved_to: Address | None = None
        self.replica: Address | None = None
        self.address: Address = ("", 0)
        self.reply: Any = None

    @property
    def is_failure(self) -> bool:
        return is_outage(self.reply)


def _commands_for(errands: list[_Errand]) -> tuple[Command, ...]:
    commands: list[Command] = []
    for errand in errands:
        if errand.replica is not None:  # for the others, a replica is to say where they belong
            commands += (("READONLY",), errand.command, ("READWRITE",))
        elif errand.moved_to is not None:
            commands += (("ASKING",), errand.command)
        else:
            commands.append(errand.command)
    return tuple(commands)


def _take_over(errands: list[_Errand], replies: list[Any]) -> None:
    remaining = iter(replies)
    for errand in errands:
        if errand.moved_to is not None or errand.replica is not None:
            next(remaining)
        errand.reply = next(remaining)
        if errand.replica is not None:
            next(remaining)


def _place_of(trip: tuple[Address, object]) -> Address:
    """Tell the place of a trip in an order that is the same for all, so that nobody blocks."""
    return trip[0]
