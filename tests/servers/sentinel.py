"""A primary and its replica under three real sentinels, to be switched and broken."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.servers.binaries import Kind, find_binary
from tests.servers.certificates import Certificates, make_certificates
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
    from collections.abc import Iterable, Sequence


SERVICE = "service"
"""The name under which the sentinels know the primary."""

_SENTINELS = 3
_QUORUM = 2


class _Rewritten(Server):
    """A server that sentinels, or it itself, reconfigure: a restart begins where it left off."""

    def _write_configuration(self) -> None:
        if not self._has_run:
            super()._write_configuration()

    @property
    def _has_run(self) -> bool:
        # Before it, an attempt may have failed for the sake of its port, which then is another.
        return (self.directory / "has-run").exists()

    def start(self) -> None:
        super().start()
        (self.directory / "has-run").touch()


class DataServer(_Rewritten):
    """The primary or the replica; which of them it is changes over time."""

    def __repr__(self) -> str:
        return f"<DataServer {self.kind} on port {self.port}>"

    def replication(self) -> dict[str, str]:
        """What the server says about its role."""
        reply = self.command("INFO", "replication", timeout=LOOK_TIMEOUT)
        assert isinstance(reply, bytes)
        parts = (line.partition(":") for line in reply.decode().splitlines())
        return {name: value for name, _, value in parts}

    def _configuration(self) -> Iterable[str]:
        yield "repl-diskless-sync-delay 0"
        yield "repl-ping-replica-period 1"
        if self.password:
            yield f'masterauth "{self.password}"'
        if self.tls:
            yield "tls-replication yes"
        yield from super()._configuration()


class SentinelServer(_Rewritten):
    """One sentinel, which watches one primary.

    Args:
        kind: which server to run.
        primary: whom to watch.
        config: further lines of its configuration.
        password: what clients must give to the sentinel itself.
        certificates: what to use for TLS, if it is to listen with TLS only.
    """

    _options = ("--sentinel",)

    def __init__(
        self,
        kind: Kind,
        primary: Server,
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
        self._watched = primary

    def __repr__(self) -> str:
        return f"<SentinelServer {self.kind} on port {self.port}>"

    def start(self) -> None:
        """Start the sentinel, and return when it answers, which is before it knows the others."""
        super().start()
        # News go round in half a second, not in two, or in ten; and after a hiccup of a busy
        # machine a sentinel comes back to its senses at once, not in half a minute. The period of
        # pings is also that of attempts to connect: unless it is far below the time after which
        # a server is down, a new primary is held to be down before it was ever called.
        self.command(
            *("SENTINEL", "DEBUG", "publish-period", 500, "info-period", 1000),
            *("ping-period", 400),
            *("tilt-trigger", 10_000, "tilt-period", 1000),
        )

    def primary_port(self) -> int:
        """The port of the primary, as this sentinel tells clients."""
        reply = self.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE, timeout=LOOK_TIMEOUT)
        assert isinstance(reply, list)
        return int(_text(reply[1]))

    def record(self) -> dict[str, str]:
        """What this sentinel knows about the primary."""
        return _fields(self.command("SENTINEL", "MASTER", SERVICE, timeout=LOOK_TIMEOUT))

    def records(self, what: str) -> list[dict[str, str]]:
        """What this sentinel knows about the `REPLICAS`, or about the other `SENTINELS`."""
        reply = self.command("SENTINEL", what, SERVICE, timeout=LOOK_TIMEOUT)
        assert isinstance(reply, list)
        return [_fields(item) for item in reply]

    def _configuration(self) -> Iterable[str]:
        yield from super()._configuration()
        if self.tls:
            yield "tls-replication yes"
        yield f"sentinel monitor {SERVICE} 127.0.0.1 {self._watched.port} {_QUORUM}"
        yield f"sentinel failover-timeout {SERVICE} 5000"
        if self._watched.password:
            yield f'sentinel auth-pass {SERVICE} "{self._watched.password}"'


class Sentinels(Started):
    """One primary, one replica and three sentinels, on free ports of 127.0.0.1.

    Use it as a context manager, or call `start` and, at last, `close`.

    Args:
        kind: which server to run.
        password: what clients must give to the primary and the replica; the URL contains it.
        sentinel_password: what they must give to the sentinels.
        tls: listen with TLS only, sentinels included.
        down_after_ms: after how long of a silence the primary is held to have failed.
        config: further lines of the configuration of the primary and the replica.
    """

    def __init__(
        self,
        kind: Kind = "valkey",
        *,
        password: str | None = None,
        sentinel_password: str | None = None,
        tls: bool = False,
        down_after_ms: int = 1500,
        config: Iterable[str] = (),
    ) -> None:
        self.kind: Kind = kind
        self.service = SERVICE
        self.password = password
        self.sentinel_password = sentinel_password
        self.tls = tls
        self.authority: Path | None = None
        self.servers: tuple[DataServer, ...] = ()
        self.sentinels: tuple[SentinelServer, ...] = ()
        self._down_after = f"sentinel down-after-milliseconds {SERVICE} {down_after_ms}"
        self._config = tuple(config)

    def __repr__(self) -> str:
        return f"<Sentinels {self.kind} on ports {[port for _, port in self.addresses]}>"

    # Addresses

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """The host and the port of each sentinel."""
        return [("127.0.0.1", sentinel.port) for sentinel in self.sentinels]

    @property
    def url(self) -> str:
        """The URL of database 0 of the primary, as the sentinels name it."""
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        """The URL of a logical database; it contains the password of the servers only."""
        credentials = f":{quote(self.password, safe='')}@" if self.password else ""
        hosts = ",".join(f"{host}:{port}" for host, port in self.addresses)
        address = f"{credentials}{hosts}/{self.service}/{database}"
        if self.tls:
            return f"rediss+sentinel://{address}?ssl_ca_certs={self.authority}"
        return f"redis+sentinel://{address}"

    # Who is who

    @property
    def primary(self) -> DataServer:
        """The server that most of the sentinels name as primary, whether or not it is up."""
        ports = [sentinel.primary_port() for sentinel in self._sentinels_up()]
        named = max(ports, key=ports.count)
        return next(server for server in self.servers if server.port == named)

    @property
    def replica(self) -> DataServer:
        """The server that is not `primary`."""
        return self._other(self.primary)

    def command(self, server: Server, *arguments: Argument, timeout: float = 10.0) -> Reply:
        """Run one command on a server or a sentinel over a connection of its own.

        Raises:
            ReplyError: if it answers with an error.
            OSError: if it is away, or silent for `timeout` seconds.
        """
        return server.command(*arguments, timeout=timeout)

    # Life and death

    def start(self) -> None:
        """Start all; return when each knows of the others. Nothing happens after that.

        Raises:
            ServerUnavailableError: if the server is not installed, or is built without TLS.
            StartupError: if one did not start.
            TimeoutError: if they did not come to agree in a minute.
        """
        if self.servers:
            return
        find_binary(self.kind)
        certificates = self._make_certificates() if self.tls else None
        self._start_servers(certificates)
        self.sentinels = tuple(
            SentinelServer(
                self.kind,
                self.servers[0],
                config=[self._down_after],
                password=self.sentinel_password,
                certificates=certificates,
            )
            for _ in range(_SENTINELS)
        )
        for sentinel in self.sentinels:
            sentinel.start()
        self.wait_until_healthy()

    def close(self) -> None:
        """Kill all the processes and remove what they left."""
        for server in self._all():
            server.close()
        self.servers, self.sentinels = (), ()
        if self.authority:
            shutil.rmtree(self.authority.parent, ignore_errors=True)

    def kill_primary(self) -> DataServer:
        """Kill the primary as `kill -9` does; return it."""
        old = self.primary
        old.kill()
        return old

    def restart_killed(self) -> None:
        """Start whoever is dead; a former primary comes back empty and becomes the replica."""
        for server in self._all():
            server.start()

    def heal(self) -> None:
        """Bring back whoever is frozen or dead, and delete all keys; the roles stay as they are."""
        for server in self._all():
            server.thaw()
        self.restart_killed()
        self.wait_until_healthy()
        self.primary.command("FLUSHALL", "SYNC")

    def wait_until_healthy(self, timeout: float = SETTLING_DEADLINE) -> None:
        """Wait until all are up, the sentinels know all and agree, and the replica is linked.

        Raises:
            TimeoutError: if that took longer; the message tells what was amiss.
        """
        wait_until_settled(self._amiss, timeout)

    # Failover

    def failover(self, timeout: float = SETTLING_DEADLINE) -> DataServer:
        """Have the sentinels swap the roles while both servers are up; return the new primary.

        The old primary takes writes, which are lost, until the sentinels turn it into a replica,
        some two seconds after they named the new one: this waits until all that is over.

        Raises:
            TimeoutError: if it took longer.
        """
        self.wait_until_healthy(timeout)
        old = self.primary
        wait_until_settled(self._not_asked_for_failover, timeout)
        wait_until_settled(lambda: self._not_led(self._other(old)), timeout)
        self.wait_until_healthy(timeout)
        return self._other(old)

    def wait_for_failover(self, timeout: float = SETTLING_DEADLINE) -> DataServer:
        """Wait until all sentinels that are up name a primary that is up and knows its role.

        Call it after a kill or a freeze of the primary.

        Returns:
            The new primary.

        Raises:
            TimeoutError: if it took longer.
        """
        wait_until_settled(self._not_switched, timeout)
        return self.primary

    # Formation

    def _make_certificates(self) -> Certificates:
        made = make_certificates(Path(tempfile.mkdtemp(dir=start_reaper().directory)))
        self.authority = made.authority
        return made

    def _start_servers(self, certificates: Certificates | None) -> None:
        primary, replica = self.servers = tuple(
            DataServer(
                self.kind,
                config=self._config,
                password=self.password,
                tls=self.tls,
                certificates=certificates,
            )
            for _ in range(2)
        )
        primary.start()
        replica.start()
        replica.command("REPLICAOF", "127.0.0.1", primary.port)
        replica.command("CONFIG", "REWRITE")
        # Sentinels learn of replicas from the primary, and look but now and then.
        wait_until_settled(lambda: _not_followed(primary, replica))

    # What is amiss

    def _all(self) -> Sequence[Server]:
        return (*self.servers, *self.sentinels)

    def _other(self, server: DataServer) -> DataServer:
        return next(other for other in self.servers if other is not server)

    def _sentinels_up(self) -> list[SentinelServer]:
        return [sentinel for sentinel in self.sentinels if sentinel.is_up]

    def _not_asked_for_failover(self) -> str:
        try:
            self._sentinels_up()[0].command("SENTINEL", "FAILOVER", self.service)
        except ReplyError as error:
            return "" if "INPROG" in str(error) else str(error)
        return ""

    def _not_switched(self) -> str:
        return self._not_led(self.primary)

    def _not_led(self, server: DataServer) -> str:
        for sentinel in self._sentinels_up():
            if sentinel.primary_port() != server.port:
                return f"{sentinel!r} does not name {server!r} as the primary yet"
        if not server.is_up:
            return f"{server!r} is not up"
        if server.replication()["role"] != "master":
            return f"{server!r} does not know that it is the primary yet"
        return ""

    def _amiss(self) -> str:
        if down := [server for server in self._all() if not server.is_up]:
            return f"{down} are not up"
        primary = self.primary
        return (
            self._not_led(primary)
            or _not_followed(primary, self._other(primary))
            or next(filter(None, map(_amiss_at, self.sentinels)), "")
        )


def _not_followed(primary: DataServer, replica: DataServer) -> str:
    link = replica.replication()
    if link["role"] != "slave" or link["master_port"] != str(primary.port):
        return f"{replica!r} does not follow {primary!r}"
    if link["master_link_status"] != "up":
        return f"{replica!r} has no link to {primary!r}"
    if not is_feeding(primary.replication()):
        return f"{primary!r} does not feed {replica!r} yet"
    return ""


def _amiss_at(sentinel: SentinelServer) -> str:
    primary = sentinel.record()
    replicas, others = sentinel.records("REPLICAS"), sentinel.records("SENTINELS")
    if primary["flags"] != "master" or primary["role-reported"] != "master":
        return f"{sentinel!r} sees the primary as {primary}"
    if [(item["flags"], item["master-link-status"]) for item in replicas] != [("slave", "ok")]:
        return f"{sentinel!r} sees the replicas as {replicas}"
    down = [item for item in others if {"s_down", "disconnected"} & {*item["flags"].split(",")}]
    if len(others) != _SENTINELS - 1 or down:
        return f"{sentinel!r} sees the other sentinels as {others}"
    return ""


def _fields(reply: Reply) -> dict[str, str]:
    assert isinstance(reply, list)
    texts = [_text(item) for item in reply]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _text(reply: Reply) -> str:
    assert isinstance(reply, bytes | str)
    return reply.decode() if isinstance(reply, bytes) else reply
