"""A small process that outlives its parent, to kill the servers which that one left behind.

The parent writes `+PID` and `-PID` lines to it; once the parent is gone, however it went, the
pipe ends, and every process still on the list is killed. Directories given as arguments are
removed. The kernel's own way (`PR_SET_PDEATHSIG`) will not do: it is tied to the *thread* that
started the child, so a server restarted by a short-lived thread would die with that thread.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path


class Reaper:
    """The parent's side: keeps the list of children, and a directory that goes with them."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="cachetory-"))
        command = [sys.executable, "-I", "-S", __file__, str(self.directory)]
        # In a session of its own, so that Ctrl-C does not reach it.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        atexit.register(self._close)

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the process if this one dies before it is forgotten."""
        self._tell(f"+{process.pid}\n")

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        """Do not kill the process any more. Call it before its PID is free for reuse."""
        self._tell(f"-{process.pid}\n")

    def _tell(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(line.encode())

    def _close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


_lock = threading.Lock()
_reapers: dict[int, Reaper] = {}


def start_reaper() -> Reaper:
    """Return the reaper of this process, which is started when it is first asked for."""
    with _lock:
        pid = os.getpid()
        if pid not in _reapers:
            _reapers[pid] = Reaper()
        return _reapers[pid]


def main(directories: list[str]) -> None:
    """Follow the parent's list until it is gone, then clear up behind it."""
    pids: set[int] = set()
    for line in sys.stdin:
        (pids.add if line.startswith("+") else pids.discard)(int(line[1:]))
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
