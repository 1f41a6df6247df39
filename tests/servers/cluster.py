"""A cluster of real servers: three primaries with a replica each, to be broken and resharded."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from tests.ports import free_port
from tests.servers.binaries import Kind, find_binary
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.cluster_view import SLOTS, Member, read_members
from tests.servers.reaper import start_reaper
from tests.servers.resp import Argument, Reply, ReplyError
from tests.servers.server import Server
from tests.servers.waiting import (
    LOOK_TIMEOUT,
    SETTLING_DEADLINE,
    is_feeding,
    wait_until_settled,
)
from tests.started import Started

if TYPE_CHECKING:
    from collections.abc import Iterable


Place: TypeAlias = bytes | str | int
"""A key, or the number of a slot."""

_SHARDS = 3
_MIGRATE_TIMEOUT_MS = 10_000
_BATCH = 100
_PART_LENGTH = 4  # the first slot, the last, the primary, the replica


class Node(Server):
    """A server that is a member of a cluster; it keeps its name and its slots over a restart."""

    def __init__(
        self,
        kind: Kind,
        *,
        config: Iterable[str] = (),
        password: str | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        super().__init__(
            kind,
            config=config,
            password=password,
            tls=certificates is not None,
            certificates=certificates,
        )
        self.bus_port = 0
        self.id = ""

    def __repr__(self) -> str:
        return f"<Node {self.kind} on port {self.port}>"

    def start(self) -> None:
        """Start the node, and return when it answers, which is before it has met the others."""
        super().start()
        self.id = self.id or _text(self.command("CLUSTER", "MYID"))

    def view(self) -> dict[str, Member]:
        """All the members, by their ids, as this one sees them."""
        return read_members(_text(self.command("CLUSTER", "NODES", timeout=LOOK_TIMEOUT)))

    def info(self, *command: str) -> dict[str, str]:
        """Run a command that replies with lines of `name:value`."""
        lines = _text(self.command(*command, timeout=LOOK_TIMEOUT)).splitlines()
        return {name: value for name, _, value in (line.partition(":") for line in lines)}

    def _draw_ports(self) -> None:
        super()._draw_ports()
        self.bus_port = free_port()

    def _configuration(self) -> Iterable[str]:
        yield "cluster-enabled yes"
        yield "cluster-config-file nodes.conf"
        yield f"cluster-port {self.bus_port}"
        yield "cluster-require-full-coverage no"
        yield "cluster-replica-validity-factor 0"
        yield "cluster-allow-replica-migration no"
        yield "repl-diskless-sync-delay 0"
        yield "repl-ping-replica-period 1"
        if self.password:
            yield f'masterauth "{self.password}"'
        if self.tls:
            yield "tls-cluster yes"
            yield "tls-replication yes"
        yield from super()._configuration()


class Cluster(Started):
    """Three shards of a primary and a replica each, on free ports of 127.0.0.1.

    Use it as a context manager, or call `start` and, at last, `close`. Shards never exchange
    nodes: the replica of a shard takes over from its primary, and from no other.

    Args:
        kind: which server to run.
        password: what clients must give; the URL contains it.
        tls: listen with TLS only, on the bus of the cluster too.
        node_timeout_ms: after how long of a silence a node is held to have failed.
        config: further lines of the configuration of all nodes.
    """

    def __init__(
        self,
        kind: Kind = "valkey",
        *,
        password: str | None = None,
        tls: bool = False,
        node_timeout_ms: int = 1500,
        config: Iterable[str] = (),
    ) -> None:
        self.kind: Kind = kind
        self.password = password
        self.tls = tls
        self.nodes: tuple[Node, ...] = ()
        self.authority: Path | None = None
        self._config = (*config, f"cluster-node-timeout {node_timeout_ms}")
        self._moves: dict[int, tuple[Node, Node]] = {}

    def __repr__(self) -> str:
        return f"<Cluster {self.kind} on ports {[node.port for node in self.nodes]}>"

    # Addresses

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The host and the port of each node."""
        return [("127.0.0.1", node.port) for node in self.nodes]

    @property
    def url(self) -> str:
        """The URL that names all the nodes."""
        credentials = f":{quote(self.password, safe='')}@" if self.password else ""
        hosts = ",".join(f"{host}:{port}" for host, port in self.addresses)
        if self.tls:
            return f"rediss+cluster://{credentials}{hosts}?ssl_ca_certs={self.authority}"
        return f"redis+cluster://{credentials}{hosts}"

    # Who is who

    @property
    def primaries(self) -> list[Node]:
        """The nodes that own slots at this moment, whether or not they are up."""
        return [node for node, member in self._members() if member.is_primary and member.slots]

    def slot_of(self, place: Place) -> int:
        """The slot of a key; a number is a slot already."""
        if isinstance(place, int):
            return place
        slot = self._any_up().command("CLUSTER", "KEYSLOT", place)
        assert isinstance(slot, int)
        return slot

    def primary_of(self, place: Place) -> Node:
        """The node that owns a key or a slot at this moment, whether or not it is up.

        Raises:
            LookupError: if nobody owns it.
        """
        slot = self.slot_of(place)
        return _owner(slot, self._members())

    def replica_of(self, place: Place) -> Node:
        """The node that follows `primary_of` a key or a slot."""
        return self.partner_of(self.primary_of(place))

    def partner_of(self, node: Node) -> Node:
        """The other node of a shard."""
        return self.nodes[(self.nodes.index(node) + _SHARDS) % len(self.nodes)]

    def command(self, node: Node, *arguments: Argument, timeout: float = 10.0) -> Reply:
        """Run one command on a node over a connection of its own, and follow no redirection.

        Raises:
            ReplyError: if the node answers with an error, such as `MOVED` and `ASK`.
            OSError: if the node is away, or silent for `timeout` seconds.
        """
        return node.command(*arguments, timeout=timeout)

    # Life and death

    def start(self) -> None:
        """Start the nodes and join them; return when all is well. Nothing happens after that.

        Raises:
            ServerUnavailableError: if the server is not installed, or is built without TLS.
            StartupError: if a node did not start.
            TimeoutError: if the nodes did not come to agree in a minute.
        """
        if self.nodes:
            return
        find_binary(self.kind)
        certificates = self._make_certificates() if self.tls else None
        self.nodes = tuple(
            Node(self.kind, config=self._config, password=self.password, certificates=certificates)
            for _ in range(2 * _SHARDS)
        )
        for node in self.nodes:
            node.start()
        self._give_slots()
        self._introduce()
        wait_until_settled(self._unacquainted)
        for replica in self.nodes[_SHARDS:]:
            replica.command("CLUSTER", "REPLICATE", self.partner_of(replica).id)
        self.wait_until_healthy()

    def close(self) -> None:
        """Kill all nodes and remove what they left."""
        for node in self.nodes:
            node.close()
        self.nodes = ()
        self._moves.clear()
        if self.authority:
            shutil.rmtree(self.authority.parent, ignore_errors=True)

    def kill(self, node: Node) -> None:
        """Kill a node as `kill -9` does; what it held in memory is on its replica only."""
        node.kill()

    def pause(self, node: Node) -> None:
        """Stop a node where it is, so that it is silent; its connections stay up."""
        node.freeze()

    def resume(self, node: Node) -> None:
        """Let a paused node go on."""
        node.thaw()

    def restart(self, node: Node) -> None:
        """Kill a node, if it is up, and start it under its old name, empty at first."""
        node.restart()

    def heal(self) -> None:
        """Bring back all nodes, forget half-done moves, and delete all keys.

        The roles and the slots stay as they are: who needs to know them asks `primary_of`.
        """
        for node in self.nodes:
            node.thaw()
            node.start()
        self.wait_until_healthy()
        for slot in tuple(self._moves):
            self.cancel_move(slot)
        for node, member in self._members():
            if member.is_primary:
                node.command("FLUSHALL", "SYNC")

    def wait_until_healthy(self, timeout: float = SETTLING_DEADLINE) -> None:
        """Wait until all nodes are up and agree, all slots are owned, all replicas are linked.

        Raises:
            TimeoutError: if that took longer; the message tells what was amiss.
        """
        wait_until_settled(self._amiss, timeout)

    # Failover

    def fail_over(self, place: Place, timeout: float = SETTLING_DEADLINE) -> Node:
        """Let the replica of a key or slot take over from a primary that is up; return it."""
        old = self.primary_of(place)
        self.partner_of(old).command("CLUSTER", "FAILOVER")
        return self.wait_for_failover(old, timeout)

    def wait_for_failover(self, old: Node, timeout: float = SETTLING_DEADLINE) -> Node:
        """Wait until all nodes that are up know the other node of the shard as its primary.

        Args:
            old: the node that was the primary, with slots: one without is not replaced.
            timeout: how long that may take, in seconds.

        Returns:
            The new primary.

        Raises:
            TimeoutError: if it took longer.
        """
        new = self.partner_of(old)
        wait_until_settled(lambda: self._not_led(new, old), timeout)
        return new

    # Slots on the move

    def move_slot(self, place: Place, to_node: Node) -> None:
        """Move the slot with all its keys, and wait until all nodes know."""
        self.move_slots([self.slot_of(place)], to_node)

    def move_slots(self, slots: Iterable[int], to_node: Node) -> None:
        """Move the slots with all their keys, and wait until all nodes know."""
        slots, members = tuple(slots), self._members()
        primaries = self.primaries
        for slot in slots:
            if (source := _owner(slot, members)) is not to_node:
                self._begin(slot, source, to_node)
                self._hand_over(slot, primaries)
        wait_until_settled(lambda: self._unmoved(slots, to_node))

    def begin_move(self, place: Place, to_node: Node) -> None:
        """Leave the slot half-moved, with no key moved yet.

        The old owner answers `ASK` for every key that it does not have, and `TRYAGAIN` if it has
        some keys of a command only.
        """
        slot = self.slot_of(place)
        self._begin(slot, self.primary_of(slot), to_node)

    def migrate_keys(self, place: Place, *keys: bytes | str) -> None:
        """Move some keys of a half-moved slot; all that are left if none is named."""
        slot = self.slot_of(place)
        source, target = self._moves[slot]
        if keys:
            self._migrate(source, target, keys)
            return
        while batch := source.command("CLUSTER", "GETKEYSINSLOT", slot, _BATCH):
            assert isinstance(batch, list)
            self._migrate(source, target, [key for key in batch if isinstance(key, bytes)])

    def finish_move(self, place: Place) -> None:
        """Move what is left of a half-moved slot, and wait until all nodes know its new owner."""
        slot = self.slot_of(place)
        _, target = self._moves[slot]
        self._hand_over(slot, self.primaries)
        wait_until_settled(lambda: self._unmoved([slot], target))

    def cancel_move(self, place: Place) -> None:
        """Leave a half-moved slot with its owner; keys moved so far are out of reach."""
        slot = self.slot_of(place)
        for node in self._moves.pop(slot):
            with suppress(ReplyError):  # a replica by now, which forgot the move
                node.command("CLUSTER", "SETSLOT", slot, "STABLE")

    def _begin(self, slot: int, source: Node, target: Node) -> None:
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        self._moves[slot] = source, target

    def _hand_over(self, slot: int, primaries: Iterable[Node]) -> None:
        self.migrate_keys(slot)
        source, target = self._moves.pop(slot)
        others = [node for node in primaries if node not in {source, target}]
        # The new owner first: should it die now, the old one still answers for the slot.
        for node in (target, source, *others):
            node.command("CLUSTER", "SETSLOT", slot, "NODE", target.id)

    def _migrate(self, source: Node, target: Node, keys: Iterable[bytes | str]) -> None:
        password = ("AUTH", self.password) if self.password else ()
        source.command(
            *("MIGRATE", "127.0.0.1", target.port, "", 0, _MIGRATE_TIMEOUT_MS, "REPLACE"),
            *(*password, "KEYS", *keys),
            timeout=3 * _MIGRATE_TIMEOUT_MS / 1000,
        )

    # Formation

    def _make_certificates(self) -> Certificates:
        directory = Path(tempfile.mkdtemp(dir=start_reaper().directory))
        made = make_certificates(directory)
        self.authority = made.authority
        return made

    def _give_slots(self) -> None:
        bounds = [SLOTS * number // _SHARDS for number in range(_SHARDS + 1)]
        for epoch, node in enumerate(self.nodes, 1):
            # Else all begin at zero, and spend their first seconds on settling who is who.
            node.command("CLUSTER", "SET-CONFIG-EPOCH", epoch)
        for node, first, end in zip(self.nodes, bounds, bounds[1:], strict=False):
            node.command("CLUSTER", "ADDSLOTSRANGE", first, end - 1)

    def _introduce(self) -> None:
        first, *others = self.nodes
        for node in others:
            first.command("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus_port)

    # What is amiss

    def _any_up(self) -> Node:
        return next(node for node in self.nodes if node.is_up)

    def _members(self) -> list[tuple[Node, Member]]:
        """Each node as it sees itself, or, if it is not up, as another one sees it."""
        other = self._any_up()
        return [(node, (node if node.is_up else other).view()[node.id]) for node in self.nodes]

    def _unacquainted(self) -> str:
        ids = {node.id for node in self.nodes}
        return next(
            (
                f"{node!r} has not met all the others"
                for node in self.nodes
                if (view := node.view()).keys() != ids
                or not all(member.is_well for member in view.values())
            ),
            "",
        )

    def _amiss(self) -> str:
        if down := [node for node in self.nodes if not node.is_up]:
            return f"{down} are not up"
        return (
            self._unacquainted()
            or self._disagreement()
            or next(filter(None, map(self._amiss_at, self.nodes)), "")
        )

    def _disagreement(self) -> str:
        views = {frozenset(member.place for member in node.view().values()) for node in self.nodes}
        if len(views) > 1:
            return "the nodes do not agree on who is who"
        primaries = [node for node, member in self._members() if member.is_primary]
        if len(primaries) != _SHARDS:
            return f"{primaries} are the primaries"
        return ""

    def _amiss_at(self, node: Node) -> str:
        state = node.info("CLUSTER", "INFO")
        if (state["cluster_state"], state["cluster_slots_ok"]) != ("ok", str(SLOTS)):
            return f"{node!r} is in the state {state}"
        link = node.info("INFO", "replication")
        if link["role"] == "slave" and link["master_link_status"] != "up":
            return f"{node!r} has no link to its primary"
        if link["role"] == "master" and not is_feeding(link):
            return f"{node!r} does not feed its replica yet"
        if not _offers_replicas(node.command("CLUSTER", "SLOTS", timeout=LOOK_TIMEOUT)):
            return f"{node!r} does not tell clients of the replicas yet"
        return ""

    def _not_led(self, new: Node, old: Node) -> str:
        for node in self.nodes:
            if not node.is_up:
                continue
            view = node.view()
            if not view[new.id].is_primary or view[old.id].slots:
                return f"{node!r} does not know {new!r} as a primary yet"
            if node.info("CLUSTER", "INFO")["cluster_state"] != "ok":
                return f"{node!r} does not serve yet"
        return ""

    def _unmoved(self, slots: Iterable[int], owner: Node) -> str:
        for node in self.nodes:
            if node.is_up:
                member = node.view()[owner.id]
                if missing := [slot for slot in slots if not member.owns(slot)]:
                    return f"{node!r} does not know {owner!r} as the owner of {missing[:10]} yet"
        return ""


def _owner(slot: int, members: Iterable[tuple[Node, Member]]) -> Node:
    owners = [(member.epoch, node) for node, member in members if member.owns(slot)]
    if not owners:
        msg = f"nobody owns slot {slot}"
        raise LookupError(msg)
    return max(owners, key=itemgetter(0))[1]


def _offers_replicas(slots: Reply) -> bool:
    """Tell from `CLUSTER SLOTS`, which passes over replicas of which no progress is known."""
    assert isinstance(slots, list)
    return all(isinstance(part, list) and len(part) == _PART_LENGTH for part in slots)


def _text(reply: Reply) -> str:
    assert isinstance(reply, bytes | str)
    return reply.decode() if isinstance(reply, bytes) else reply
