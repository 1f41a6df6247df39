"""A process that forks shares a Redis backend with its child, but never a connection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.backends.addresses import patient

if TYPE_CHECKING:
    from tests.servers import Server

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

COMMON = """
import asyncio, os, sys, threading
from cachetory.backends import {colour}

backend = {colour}.RedisBackend.from_url(sys.argv[1])

def child_succeeds(function):
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    function()
    sys.exit(0)  # with all finalisers
"""

SYNC = """
def connection():
    backend.set("key", b"value")
    assert backend.get("key") == b"value"
    return backend._servers.get().ask("CLIENT", "ID")

ours = connection()

def check_child():
    theirs = connection()
    assert theirs != ours
    assert connection() == theirs
    backend.close()
    connection()

for _ in range(3):
    assert child_succeeds(check_child)
    assert connection() == ours

over = threading.Event()
def hammer(name):
    while not over.is_set():
        backend.set(name, name.encode())
        assert backend.get(name) == name.encode()

threads = [threading.Thread(target=hammer, args=(f"thread {number}",)) for number in range(4)]
for thread in threads:
    thread.start()

def check_many():
    for number in range(100):
        backend.set(f"child {number}", b"%d" % number)
        assert backend.get(f"child {number}") == b"%d" % number

for _ in range(5):
    assert child_succeeds(check_many)
over.set()
for thread in threads:
    thread.join()
connection()
print("well done")
"""

ASYNC = """
async def connection():
    await backend.set("key", b"value")
    assert await backend.get("key") == b"value"
    return await backend._servers.get().ask("CLIENT", "ID")

loop = asyncio.new_event_loop()
ours = loop.run_until_complete(connection())

def check_child():
    async def check():
        async with backend:
            theirs = await connection()
            assert theirs != ours
            assert await connection() == theirs
            await asyncio.gather(*(backend.get("key") for _ in range(100)))
    asyncio.run(check())

for _ in range(3):
    assert child_succeeds(check_child)
    assert loop.run_until_complete(connection()) == ours
loop.run_until_complete(backend.aclose())
loop.close()
print("well done")
"""


@pytest.mark.parametrize(
    "script",
    [COMMON.format(colour="sync") + SYNC, COMMON.format(colour="async_") + ASYNC],
    ids=["sync", "async"],
)
def test_fork_both_sides_keep_working_on_sockets_of_their_own(
    valkey_server: Server, script: str
) -> None:
    url = patient(valkey_server.fresh_url())

    result = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert result.stdout == "well done\n", result.stderr
    assert "Traceback" not in result.stderr
