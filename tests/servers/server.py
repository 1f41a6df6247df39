"""A Valkey or Redis server as a child process that can be killed, frozen and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.ports import free_port
from tests.servers.binaries import Kind, ServerUnavailableError, find_binary
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.reaper import start_reaper
from tests.servers.resp import Argument, Reply, ReplyError, ask
from tests.started import Started

if TYPE_CHECKING:
    from collections.abc import Iterable


STARTUP_DEADLINE = 30.0
"""How long a server may take to answer, in seconds; it takes a twentieth of one on a quiet day."""

DATABASES = 64
_PORT_TAKEN = "Address already in use"
_NO_TLS = ("Failed finding TLS support", "tls-port")


class StartupError(Exception):
    """A server did not start; the message ends with its log."""


class Server(Started):
    """A server on a free port of 127.0.0.1 and a Unix socket, without persistence.

    Use it as a context manager, or call `start` and, at last, `close`. It dies with this process.
    It keeps its port for life, so that clients find it again after `kill` and `start`.

    Args:
        kind: which server to run.
        config: further lines of its configuration, such as `maxmemory 5mb`.
        password: what clients must give; the URLs contain it.
        tls: listen with TLS instead of plain TCP, under a certificate made for the occasion.
        certificates: what to use for `tls` instead, such as servers that talk to one another do.
    """

    _options: tuple[str, ...] = ()

    def __init__(
        self,
        kind: Kind = "valkey",
        *,
        config: Iterable[str] = (),
        password: str | None = None,
        tls: bool = False,
        certificates: Certificates | None = None,
    ) -> None:
        self.kind: Kind = kind
        self.password = password
        self.tls = tls
        self.port = 0
        self.directory = Path()
        self._shared_certificates = certificates
        self._certificates: Certificates | None = None
        self._config = tuple(config)
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen = False
        self._databases = cycle(range(1, DATABASES))

    def __repr__(self) -> str:
        return f"<Server {self.kind} on port {self.port}>"

    # Addresses

    @property
    def authority(self) -> Path | None:
        """The certificate by which clients verify this server; none without TLS."""
        return self._certificates.authority if self._certificates else None

    @property
    def url(self) -> str:
        """The URL of database 0, over TCP or TLS."""
        return self.url_of(0)

    @property
    def unix_socket(self) -> Path:
        """The path of the Unix socket."""
        return self.directory / "server.sock"

    @property
    def unix_url(self) -> str:
        """The URL of database 0 over the Unix socket."""
        return f"unix://{self._credentials}{self.unix_socket}?db=0"

    def url_of(self, database: int) -> str:
        """The URL of a logical database, over TCP or TLS."""
        address = f"{self._credentials}127.0.0.1:{self.port}/{database}"
        if self.tls:
            return f"rediss://{address}?ssl_ca_certs={self.authority}"
        return f"redis://{address}"

    def fresh_url(self) -> str:
        """The URL of the next logical database, emptied: what an earlier test left is elsewhere."""
        database = next(self._databases)
        self.command("FLUSHDB", "SYNC", database=database)
        return self.url_of(database)

    @property
    def _credentials(self) -> str:
        return f":{quote(self.password, safe='')}@" if self.password else ""

    # Life and death

    @property
    def pid(self) -> int:
        """The process id.

        Raises:
            RuntimeError: if the server is not running.
        """
        return self._running().pid

    @property
    def is_up(self) -> bool:
        """Whether the process runs and is not frozen."""
        return self._process is not None and self._process.poll() is None and not self._frozen

    @property
    def log(self) -> str:
        """What the server has logged so far."""
        path = self.directory / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start the server, and return when it answers; nothing happens if it is running.

        Raises:
            ServerUnavailableError: if it is not installed, or is built without TLS.
            StartupError: if it ended, or was silent for 30 seconds.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self.kill()
        deadline = time.monotonic() + STARTUP_DEADLINE
        chooses_port = self.port == 0
        if not self.directory.name:
            self._prepare_directory()
        while True:
            if chooses_port:
                self._draw_ports()
            if self._launch(deadline):
                return
            if _PORT_TAKEN not in self.log or time.monotonic() > deadline:
                raise self._startup_error()

    def kill(self) -> None:
        """Kill the server as `kill -9` does; nothing happens if it is not running."""
        if self._process is None:
            return
        self._process.kill()
        start_reaper().forget(self._process)
        self._process.wait()
        self._process = None
        self._frozen = False

    def restart(self) -> None:
        """Kill the server and start it again, empty, under the same addresses."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Stop the process where it is: connections stay up, new ones too, but none is served."""
        process = self._running()
        if not self._frozen:
            process.send_signal(signal.SIGSTOP)
            os.waitpid(process.pid, os.WUNTRACED)
            self._frozen = True

    def thaw(self) -> None:
        """Let a frozen server go on; nothing happens if it is not frozen."""
        if self._frozen:
            self._running().send_signal(signal.SIGCONT)
            self._frozen = False

    def close(self) -> None:
        """Kill the server and remove its directory."""
        self.kill()
        if self.directory.name:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = Path()

    # Questions

    def command(self, *arguments: Argument, database: int = 0, timeout: float = 10.0) -> Reply:
        """Run one command over a connection of its own, past every proxy.

        Raises:
            ReplyError: if the server answers with an error.
            OSError: if the server is away, or silent for `timeout` seconds.
        """
        requests: list[tuple[Argument, ...]] = [arguments]
        if database:
            requests.insert(0, ("SELECT", database))
        if self.password:
            requests.insert(0, ("AUTH", self.password))
        return ask(self.unix_socket, *requests, timeout=timeout)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            msg = f"{self!r} is not running; call start()"
            raise RuntimeError(msg)
        return self._process

    def _prepare_directory(self) -> None:
        find_binary(self.kind)
        self.directory = Path(tempfile.mkdtemp(dir=start_reaper().directory))
        if self.tls:
            self._certificates = self._shared_certificates or make_certificates(self.directory)

    def _draw_ports(self) -> None:
        self.port = free_port()

    def _launch(self, deadline: float) -> bool:
        """Start the process; tell whether it came to answer."""
        (self.directory / "server.log").unlink(missing_ok=True)
        self._write_configuration()
        with (self.directory / "server.out").open("wb") as output:
            # In a session of its own, so that Ctrl-C leaves it to the fixtures to end it.
            self._process = subprocess.Popen(
                [find_binary(self.kind), "server.conf", *self._options],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        start_reaper().watch(self._process)
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return True
            time.sleep(0.005)
        self.kill()
        return False

    def _answers(self) -> bool:
        try:
            return self.command("PING", timeout=STARTUP_DEADLINE) == "PONG"
        except (OSError, ReplyError):
            return False

    def _write_configuration(self) -> None:
        (self.directory / "server.conf").write_text("\n".join(self._configuration()))

    def _configuration(self) -> Iterable[str]:
        yield "bind 127.0.0.1"
        yield f"port {0 if self.tls else self.port}"
        yield f"unixsocket {self.unix_socket}"
        yield f"dir {self.directory}"
        yield f"logfile {self.directory / 'server.log'}"
        yield f"databases {DATABASES}"
        yield 'save ""'
        yield "appendonly no"
        yield "enable-debug-command yes"
        if self.password:
            yield f'requirepass "{self.password}"'
        if self._certificates:
            yield f"tls-port {self.port}"
            yield f"tls-ca-cert-file {self._certificates.authority}"
            yield f"tls-cert-file {self._certificates.certificate}"
            yield f"tls-key-file {self._certificates.key}"
            yield "tls-auth-clients no"
        yield from self._config

    def _startup_error(self) -> Exception:
        output = self.directory / "server.out"
        told = self.log + (output.read_text(errors="replace") if output.exists() else "")
        if self.tls and any(sign in told for sign in _NO_TLS):
            return ServerUnavailableError(f"this {self.kind}-server is built without TLS")
        return StartupError(f"{self!r} did not start:\n{told[-2000:]}")
