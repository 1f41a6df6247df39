"""Operations on entries in a file: in one thread, in several processes, and of many tasks."""

from __future__ import annotations

import random
from functools import partial
from multiprocessing import get_context
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any
from zlib import crc32

from benchmarks import file_stores
from benchmarks.cases import MAX_ENTRIES, TIME_TO_LIVE, VALUE, Case, Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

    from benchmarks.cases import Bench
    from benchmarks.file_stores import FileStore

PLAIN = "plain `sqlite3`"
BIG_VALUE = bytes(range(250)) * 40

GET, SET = "get", "set, TTL"
BIG_GET, BIG_SET = "get, 10 KB", "set, 10 KB"
MIXED, MIXED_BIG = "90/10", "90/10, 10 KB"
GETS_AT_ONCE, SETS_AT_ONCE = "100 async gets at once", "100 async sets at once"
PROCESSES = 4
TURN = 500
"""Operations of a process in one repetition of the mixed cases."""


def among(operation: str) -> str:
    """Name the case in which processes do this together."""
    return f"{operation}, {PROCESSES} processes"


def _mix(store: FileStore, keys: list[str], value: bytes, seed: int) -> Callable[[], None]:
    """Give a function that does `TURN` operations, of which each tenth is a write."""
    chosen = random.Random(seed).choices(keys, k=TURN)
    orders = [(key, number % 10 == 9) for number, key in enumerate(chosen)]

    def do_all() -> None:
        get, put = store
        for key, writes in orders:
            if writes:
                put(key, value)
            else:
                get(key)

    return do_all


def _measure_mix(mix: Callable[[], None], number: int) -> int:
    start = perf_counter_ns()
    for _ in range(number):
        mix()
    return perf_counter_ns() - start


def _serve(  # noqa: PLR0917 (what goes to a process is positional)
    open_store: Callable[[Path], FileStore],
    path: Path,
    keys: list[str],
    value: bytes,
    seed: int,
    orders: Connection,
) -> None:
    """Do the mix as often as told, until the parent is gone."""
    mix = _mix(open_store(path), keys, value, seed)
    try:
        while number := orders.recv():
            orders.send(_measure_mix(mix, number))
    except (EOFError, KeyboardInterrupt):
        pass


class _Processes:
    """Several processes over one file, started when they are needed first."""

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments
        self._pipes: list[Connection] = []

    def measure(self, number: int) -> int:
        if not self._pipes:
            self._start()
            self.measure(1)  # so that all are there, and have opened the file
        start = perf_counter_ns()
        for pipe in self._pipes:
            pipe.send(number)
        for pipe in self._pipes:
            pipe.recv()
        return perf_counter_ns() - start

    def _start(self) -> None:
        context = get_context("spawn")
        for seed in range(PROCESSES):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_serve, args=(*self._arguments, seed, theirs), daemon=True
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)


def _sync_cases(
    store: FileStore, bench: Bench, open_store: Callable[[Path], FileStore], path: Path
) -> Iterator[Case]:
    big_keys = bench.more_keys("big", 100)
    for keys, value in ((bench.keys, VALUE), (big_keys, BIG_VALUE)):
        for key in keys:
            store.put(key, value)
        assert bytes(store.get(key)) == value
    big = {"key": big_keys[0], "value": BIG_VALUE}
    yield bench.case(GET, "get(key)", **store._asdict())
    yield bench.case(SET, "put(key, value)", **store._asdict())
    yield bench.case(BIG_GET, "get(key)", **store._asdict(), **big)
    yield bench.case(BIG_SET, "put(key, value)", **store._asdict(), **big)
    for operation, keys, value in ((MIXED, bench.keys, VALUE), (MIXED_BIG, big_keys, BIG_VALUE)):
        mix = _mix(store, keys, value, 0)
        yield Case(operation, partial(_measure_mix, mix), TURN)
        processes = _Processes(open_store, path, keys, value)
        yield Case(among(operation), processes.measure, TURN * PROCESSES)


def _in_threads(open_store: Callable[[Path], FileStore], bench: Bench) -> Iterator[Case]:
    """What knows no tasks runs in the threads of the event loop."""
    path = _path(bench, open_store)
    store = open_store(path)
    yield from _sync_cases(store, bench, open_store, path)
    names = {**store._asdict(), "run": bench.loop.run_in_executor}
    yield bench.case(GETS_AT_ONCE, "await gather(*[run(None, get, key) for key in keys])", **names)
    yield bench.case(
        SETS_AT_ONCE, "await gather(*[run(None, put, key, value) for key in keys])", **names
    )


def cachetory(bench: Bench) -> Iterator[Case]:
    """Both colours, with the serializer that leaves bytes alone."""
    from cachetory.backends.async_ import SqliteBackend  # noqa: PLC0415
    from cachetory.caches.async_ import Cache  # noqa: PLC0415
    from cachetory.serializers import NoopSerializer  # noqa: PLC0415

    path = _path(bench, file_stores.cachetory)
    yield from _sync_cases(file_stores.cachetory(path), bench, file_stores.cachetory, path)
    backend = SqliteBackend(path, max_entries=MAX_ENTRIES, busy_timeout=60)
    cache = Cache[bytes, bytes](serializer=NoopSerializer(), backend=backend)
    yield bench.case(GETS_AT_ONCE, "await gather(*[cache.get(key) for key in keys])", cache=cache)
    yield bench.case(
        SETS_AT_ONCE,
        "await gather(*[cache.set(key, value, time_to_live=ttl) for key in keys])",
        cache=cache,
    )


def backend(
    bench: Bench, open_store: Callable[[Path], FileStore] = file_stores.backend, **options: Any
) -> Iterator[Case]:
    """The backend of both colours, without a cache."""
    from cachetory.backends.async_ import SqliteBackend  # noqa: PLC0415

    path = _path(bench, open_store)
    yield from _sync_cases(open_store(path), bench, open_store, path)
    backend = SqliteBackend(path, max_entries=MAX_ENTRIES, busy_timeout=60, **options)
    put = partial(backend.set, time_to_live=TIME_TO_LIVE)
    names = {"get": backend.get, "put": put}
    yield bench.case(GETS_AT_ONCE, "await gather(*[get(key) for key in keys])", **names)
    yield bench.case(SETS_AT_ONCE, "await gather(*[put(key, value) for key in keys])", **names)


def _path(bench: Bench, open_store: Callable[[Path], FileStore]) -> Path:
    return bench.directory / f"file-{crc32(open_store.__name__.encode()):08x}"


OPERATIONS = (
    GET,
    SET,
    BIG_GET,
    BIG_SET,
    MIXED,
    among(MIXED),
    MIXED_BIG,
    among(MIXED_BIG),
    GETS_AT_ONCE,
    SETS_AT_ONCE,
)

GROUP = Group(
    name="sqlite",
    title="In a file",
    about=(
        "Time as a multiple of the same operation of plain `sqlite3`, a table by hand that is "
        "written ahead and knows no bound; less is better. 90/10 is 500 operations in a row on 100 "
        "keys, one of ten a write, in one process or in four at once. Values are of 100 bytes, or "
        "of 10 KB where that is said; no library serializes them. A hit of ours comes from memory "
        "if it was read within the last second and no process has written it since; with "
        "`memory_bytes=0` all is read from the file. Nothing waits for the disk, so "
        "that a loss of power may cost the last writes; LMDB is set to that, and its file may be "
        "damaged then. What has no async interface runs in the threads of the event loop."
    ),
    baselines={operation: (PLAIN, operation) for operation in OPERATIONS},
    libraries={
        PLAIN: partial(_in_threads, file_stores.plain_sqlite),
        "cachetory": cachetory,
        "the backend of cachetory": backend,
        "the same with `memory_bytes=0`": partial(
            backend, open_store=file_stores.forgetful, memory_bytes=0
        ),
        "diskcache": partial(_in_threads, file_stores.diskcache),
        "LMDB": partial(_in_threads, file_stores.lmdb),
    },
)
