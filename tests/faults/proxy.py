"""A TCP proxy between a client and a server that breaks the line in every way lines break."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.started import Started

_ROOT = Path(__file__).parents[2]


class Proxy(Started):
    """Forwards a free port of 127.0.0.1 to `upstream_port`, from a process of its own.

    Use it as a context manager, or call `start` and, at last, `close`. Each order is in force
    when its method returns; `delay`, `rate`, `cut_after` and `flip_byte` add up, `forward` ends
    them all. Bytes are counted over the replies of all connections together.
    """

    def __init__(self, upstream_port: int) -> None:
        self.port = 0
        self._upstream_port = upstream_port
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """The URL of database 0 by way of the proxy, for a server without a password."""
        return f"redis://127.0.0.1:{self.port}/0"

    def url_through(self, url: str) -> str:
        """Rewrite the URL of the server so that it leads through the proxy."""
        parts = urlsplit(url)
        credentials, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{credentials}{at}127.0.0.1:{self.port}").geturl()

    def start(self) -> None:
        """Start the process, and return when it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.relay", str(self._upstream_port)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.forward()

    def close(self) -> None:
        """End the process, and with it all connections."""
        if self._process is not None:
            # What was written is flushed already, so leaving the pipes raises nothing.
            with self._process:
                self._process.kill()
            self._process = None

    def forward(self) -> None:
        """End all faults. What a black hole held back is passed on."""
        self.port = self._order("forward")

    def delay(self, seconds: float, *, jitter: float = 0.0) -> None:
        """Hold every chunk of replies back for `seconds`, and up to `jitter` seconds more."""
        self._order("delay", seconds, jitter)

    def rate(self, bytes_per_second: float) -> None:
        """Let the replies trickle, on each connection, at this rate."""
        self._order("rate", bytes_per_second)

    def request_rate(self, bytes_per_second: float) -> None:
        """Let the requests trickle, on each connection, at this rate."""
        self._order("request_rate", bytes_per_second)

    def black_hole(self) -> None:
        """Accept connections, and pass nothing on, on old ones neither."""
        self._order("black_hole")

    def refuse(self) -> None:
        """Refuse new connections, and reset the old ones."""
        self._order("refuse")

    def reset(self) -> None:
        """Reset all connections with RST; new ones are served."""
        self._order("reset")

    def half_close(self) -> None:
        """Send FIN on all connections, drop their replies, go on reading from them."""
        self._order("half_close")

    def cut_after(self, count: int) -> None:
        """Pass `count` more bytes of replies, then close the connection in their midst; once."""
        self._order("cut_after", count)

    def flip_byte(self, offset: int = 0) -> None:
        """Invert the byte of the replies at `offset`, counted from now on from zero; once."""
        self._order("flip_byte", offset)

    @property
    def accepted(self) -> int:
        """How many connections were accepted so far."""
        return int(self._order("accepted"))

    @property
    def connections(self) -> int:
        """How many connections to the server are up."""
        return int(self._order("connections"))

    def _order(self, method: str, *arguments: float) -> Any:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            msg = "the proxy is not running; use it as a context manager"
            raise RuntimeError(msg)
        process.stdin.write(f"{json.dumps([method, *arguments])}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            msg = f"the proxy died of {method}{arguments}; see its standard error"
            raise RuntimeError(msg)
        return json.loads(answer)
