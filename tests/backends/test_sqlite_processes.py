"""Processes share a SQLite file: they are killed in mid-write, they fork, and nothing comes of it.

`SQLITE_KILLS=200` in the environment has so many of them killed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cachetory.backends.sqlite_identity import APPLICATION

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("SQLITE_KILLS", "40"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

COMMON = """
import asyncio, gc, json, os, random, signal, sqlite3, sys, threading, time
from contextlib import closing, suppress
from cachetory.backends import async_, sync

path = sys.argv[1]

def child_succeeds(function):
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    function()
    sys.exit(0)  # with all finalisers

def value_of(key):
    return key.encode() * random.choice([1, 10, 100, 1000])

def is_wrong(key, value):
    name = key.encode()
    return value.replace(name, b"") != b"" or not value

def inspect():
    with closing(sqlite3.connect(path)) as connection:
        ask = lambda query: connection.execute(query).fetchone()
        return {
            "integrity": ask("PRAGMA integrity_check")[0],
            "entries": ask("SELECT count(*) - (SELECT entries FROM counts) FROM entries")[0],
            "bytes": ask(
                "SELECT coalesce(sum(size), 0) - (SELECT bytes FROM counts) FROM entries")[0],
            "orphans": ask("SELECT count(*) - (SELECT count(big) FROM entries) FROM bigs")[0],
        }
"""

WORK = """
def backend_of(colour):
    return colour.SqliteBackend(path, max_entries=300, busy_timeout=30.0, on_corrupt="raise")

def work_in_threads(tell, is_over):
    backend = backend_of(sync)
    while not is_over():
        keys = [f"<{random.randrange(500)}>" for _ in range(10)]
        backend.set(keys[0], value_of(keys[0]), time_to_live=random.choice([None, 0.05, 60]))
        backend.set_many([(key, value_of(key)) for key in keys[1:5]])
        backend.delete(keys[5])
        ((token, _),) = backend.leases.claim([keys[6]], str(os.getpid()), 0.5)
        for key, value in backend.get_many(*keys):
            if is_wrong(key, value):
                tell(f"wrong {key}")
        if random.random() < 0.02:
            backend.clear_prefix(f"<{random.randrange(50)}")
    backend.close()

def work_in_tasks(tell, is_over):
    async def one(backend):
        while not is_over():
            keys = [f"<{random.randrange(500)}>" for _ in range(10)]
            await backend.set(keys[0], value_of(keys[0]))
            await backend.set_many([(key, value_of(key)) for key in keys[1:3]], time_to_live=0.1)
            await backend.delete_many(*keys[5:7])
            async for key, value in backend.get_many(*keys):
                if is_wrong(key, value):
                    tell(f"wrong {key}")

    async def work():
        async with backend_of(async_) as backend:
            await asyncio.gather(*(one(backend) for _ in range(8)))

    asyncio.run(work())

def start(number, pipe, until=None):
    pid = os.fork()
    if pid:
        return pid
    tell = lambda line: os.write(pipe, line.encode() + b"\\n")
    try:
        random.seed(os.getpid())
        work = work_in_tasks if number % 2 else work_in_threads
        work(tell, lambda: until is not None and time.monotonic() > until)
    except BaseException as error:
        tell(f"error {error!r}")
    os._exit(0)
"""

SHARE = """
told, pipe = os.pipe()
until = time.monotonic() + 2.0
for pid in [start(number, pipe, until) for number in range(4)]:
    os.waitpid(pid, 0)
os.close(pipe)
print(json.dumps({"told": os.read(told, 2000).decode(), "findings": [inspect()]}))
"""

KILL = """
told, pipe = os.pipe()
workers = [start(number, pipe) for number in range(4)]
findings = []
for kill in range(int(sys.argv[2])):
    time.sleep(random.uniform(0.01, 0.06))
    victim = random.randrange(4)
    os.kill(workers[victim], signal.SIGKILL)
    os.waitpid(workers[victim], 0)
    if kill % 5 == 0:
        with suppress(sqlite3.OperationalError):  # there is no table yet
            findings.append(inspect()["integrity"])
    workers[victim] = start(victim, pipe)
for pid in workers:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
os.close(pipe)
print(json.dumps({
    "told": os.read(told, 2000).decode(),
    "findings": [inspect()],
    "integrity": sorted(set(findings)),
    "files": sorted(os.listdir(os.path.dirname(path))),
}))
"""

FORK_SYNC = """
backend = sync.SqliteBackend(path, busy_timeout=30.0)

def is_open():
    links = [os.path.join("/proc/self/fd", fd) for fd in os.listdir("/proc/self/fd")]
    names = [os.readlink(link) for link in links if os.path.islink(link)]
    return any(name.startswith(path) and not name.endswith("-stamps") for name in names)

def check_child():
    assert not is_open()
    assert backend.get("key") == b"value"
    backend.set("child", b"value")
    backend.close()
    assert backend.get("child") == b"value"

backend.set("key", b"value")
for _ in range(3):
    assert child_succeeds(check_child)
    assert backend.get("child") == b"value"
    backend.delete("child")

over = threading.Event()
wrong = []
def hammer(name):
    number = 0
    while not over.is_set():
        number += 1
        backend.set(name, name.encode() * number)
        if backend.get(name) != name.encode() * number:
            wrong.append(name)
        list(backend.get_many(name, "key"))

threads = [threading.Thread(target=hammer, args=(f"thread {number}",)) for number in range(4)]
for thread in threads:
    thread.start()

def check_many():
    for number in range(50):
        backend.set(f"child {number}", b"%d" % number)
        assert backend.get(f"child {number}") == b"%d" % number

for _ in range(10):
    assert child_succeeds(check_many)
over.set()
for thread in threads:
    thread.join()
assert wrong == []

# The child goes on with the file when the parent has closed it.
ready, go = os.pipe(), os.pipe()
pid = os.fork()
if not pid:
    backend.set("before", b"value")
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    backend.set("after", b"value")
    os._exit(0)
os.read(ready[0], 1)
backend.close()
gc.collect()
with closing(sqlite3.connect(path)) as another:
    another.execute("SELECT count(*) FROM entries").fetchone()
os.write(go[1], b"x")
os.waitpid(pid, 0)
assert [backend.get(key) for key in ("before", "after")] == [b"value"] * 2
backend.close()
assert inspect() == {"integrity": "ok", "entries": 0, "bytes": 0, "orphans": 0}
print("well done")
"""

FORK_ASYNC = """
backend = async_.SqliteBackend(path, busy_timeout=30.0)

async def use(name):
    for number in range(20):
        await backend.set(f"{name} {number}", b"value" * number)
        assert await backend.get(f"{name} {number}") == b"value" * number

async def use_together(name):
    await asyncio.gather(*(use(f"{name} {number}") for number in range(16)))

def check_child():
    async def check():
        async with backend:
            await use_together("child")
    asyncio.run(check())
    os._exit(0)  # the end of the parent's loop here would be one for the parent, too

async def fork_while_busy():
    loop = asyncio.get_running_loop()
    using = [loop.create_task(use_together(f"parent {number}")) for number in range(3)]
    pids = []
    for _ in range(3):
        await asyncio.sleep(0.01)
        pid = os.fork()
        if not pid:
            asyncio._set_running_loop(None)
            check_child()
        pids.append(pid)
    await asyncio.gather(*using)
    for pid in pids:
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

loop = asyncio.new_event_loop()
loop.run_until_complete(use_together("first"))
for _ in range(3):
    assert child_succeeds(check_child)
    loop.run_until_complete(use_together("next"))
loop.run_until_complete(fork_while_busy())
loop.run_until_complete(backend.aclose())
loop.close()
assert inspect() == {"integrity": "ok", "entries": 0, "bytes": 0, "orphans": 0}
print("well done")
"""

START = """
from concurrent.futures import ThreadPoolExecutor

def begin(number, pipe, at):
    pid = os.fork()
    if pid:
        return pid
    backend = sync.SqliteBackend(path, busy_timeout=30.0)
    time.sleep(max(at - time.monotonic(), 0))
    try:
        with ThreadPoolExecutor(4) as pool:
            for each in [pool.submit(backend.set, f"{number} {it}", b"v") for it in range(4)]:
                each.result()
        os.write(pipe, b".")
        time.sleep(0.2)
        found = sorted(backend.keys())
        os.write(pipe, f"<{len(found)}>".encode())
    except BaseException as error:
        os.write(pipe, repr(error).encode())
    os._exit(0)

told, pipe = os.pipe()
at = time.monotonic() + 0.1
for pid in [begin(number, pipe, at) for number in range(6)]:
    os.waitpid(pid, 0)
os.close(pipe)
with sync.SqliteBackend(path) as backend:
    print(json.dumps({
        "told": os.read(told, 2000).decode(),
        "keys": len(list(backend.keys())),
        "files": sorted(os.listdir(os.path.dirname(path))),
    }))
"""


def run(script: str, *arguments: object) -> str:
    result = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore::DeprecationWarning",
            "-c",
            COMMON + script,
            *map(str, arguments),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert "Traceback" not in result.stderr
    assert result.returncode == 0, result.stderr
    return result.stdout


SOUND = {"integrity": "ok", "entries": 0, "bytes": 0, "orphans": 0}


def test_processes_of_both_colours_find_what_they_wrote(tmp_path: Path) -> None:
    outcome: dict[str, Any] = json.loads(run(WORK + SHARE, tmp_path / "cache.db"))

    assert outcome == {"told": "", "findings": [SOUND]}


def test_processes_killed_in_mid_write_do_no_harm(tmp_path: Path) -> None:
    outcome = json.loads(run(WORK + KILL, tmp_path / "cache.db", KILLS))

    assert outcome["told"] == ""
    assert outcome["findings"] == [SOUND]
    assert outcome["integrity"] in ([], ["ok"])
    assert outcome["files"][0] == "cache.db"
    assert not any("damaged" in name for name in outcome["files"])


@pytest.mark.parametrize("script", [FORK_SYNC, FORK_ASYNC], ids=["sync", "async"])
def test_fork_both_sides_keep_working_on_connections_of_their_own(
    script: str, tmp_path: Path
) -> None:
    assert run(script, tmp_path / "cache.db") == "well done\n"


@pytest.mark.parametrize("there", ["nothing", "an empty file", "a damaged cache"])
def test_processes_that_begin_at_once_agree_on_one_file(tmp_path: Path, there: str) -> None:
    path = tmp_path / "cache.db"
    if there != "nothing":
        damaged = b"garbage".ljust(68, b".") + APPLICATION.to_bytes(4, "big") + b"garbage" * 1000
        path.write_bytes(b"" if there == "an empty file" else damaged)

    outcome = json.loads(run(START, path))

    assert outcome["keys"] == 24, outcome
    assert outcome["told"].count(".") == 6, outcome
    damaged = [name for name in outcome["files"] if "damaged" in name]
    assert len(damaged) == (there == "a damaged cache")
