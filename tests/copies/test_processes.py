"""Memory caches cross into processes that are spawned, and are copied while threads use them."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from threading import Event, Thread

from cachetory.backends.sync import MemoryBackend

PROGRAM = """
import multiprocessing
from cachetory.shortcuts.sync import memory_cache

def look(cache):
    assert cache["key"] == [1]
    cache["key"] = [2]

if __name__ == "__main__":
    cache = memory_cache()
    cache.set("key", [1], time_to_live=1000)
    process = multiprocessing.get_context("spawn").Process(target=look, args=(cache,))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert cache["key"] == [1]
"""


def test_memory_cache_is_passed_to_a_spawned_process(tmp_path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)

    subprocess.run([sys.executable, tmp_path / "program.py"], check=True, timeout=100)


def test_backend_is_copied_while_threads_write() -> None:
    backend = MemoryBackend[int](max_entries=100)
    is_over = Event()

    def write(start: int) -> None:
        number = start
        while not is_over.is_set():
            backend.set_many([(f"{start}:{number % 80}", number), (f"{start}:same", number)])
            backend.delete(f"{start}:{number % 7}")
            number += 1

    threads = [Thread(target=write, args=(start,)) for start in range(2)]
    for thread in threads:
        thread.start()
    try:
        copies = [deepcopy(backend) for _ in range(200)]
    finally:
        is_over.set()
        for thread in threads:
            thread.join()

    for copied in copies:
        assert copied.size <= 100
        assert None not in dict(copied.get_many(*copied.local_store.keys())).values()
