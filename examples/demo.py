"""Cache real work: parse every module of the standard library, and parse it once only.

`make demo` keeps the results in the memory of the process;
`REDIS_URL=redis://localhost:6379 make demo` keeps them in Redis or Valkey.
"""

from __future__ import annotations

import ast
import asyncio
import os
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cachetory import async_, sync

if TYPE_CHECKING:
    from collections.abc import Callable

STORE = os.environ.get("REDIS_URL", "memory://demo")
FORMAT = "pickle+zlib://"
PREFIX = "cachetory-demo:"
CALLERS = 100


class Module(NamedTuple):
    """What a module consists of."""

    functions: int
    nodes: int


def parse(path: Path) -> Module:
    """Do the work that is worth caching."""
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    functions = sum(isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) for node in nodes)
    return Module(functions, len(nodes))


cache = sync.Cache[Module](backend=STORE, serializer=FORMAT, prefix=PREFIX)
async_cache = async_.Cache[Module](backend=STORE, serializer=FORMAT, prefix=PREFIX)


@sync.cached(cache, time_to_live=600)
def inspect(path: Path) -> Module:
    """Parse a module, at most once in ten minutes."""
    return parse(path)


@async_.cached(async_cache, time_to_live=600)
async def inspect_async(path: Path) -> Module:
    """Do the same without holding up the event loop."""
    return await asyncio.to_thread(parse, path)


def ask_from_threads(path: Path) -> list[Module]:
    """Call from many threads at once."""
    with ThreadPoolExecutor(CALLERS) as threads:
        return list(threads.map(inspect, [path] * CALLERS))


async def ask_from_tasks(path: Path) -> list[Module]:
    """Call from many tasks at once."""
    async with async_cache:
        return await asyncio.gather(*(inspect_async(path) for _ in range(CALLERS)))


def main() -> None:
    """Show what caching does for this."""
    cache.clear()
    paths = find_modules()
    in_memory = STORE.startswith("memory:")
    print("Results are kept in", "memory." if in_memory else "the server that REDIS_URL names.")

    print(f"\nAll {len(paths)} modules of the standard library, one after another:")
    cold = show("cold", lambda: [inspect(path) for path in paths])
    warm = show("warm", lambda: [inspect(path) for path in paths])
    print(f"  warm is {cold / warm:,.0f} times faster")

    longest = max(paths, key=lambda path: inspect(path).nodes)
    inspect.purge(longest)
    print(f"\n{CALLERS} callers at once want {longest.name}, which is not cached:")
    show("threads", lambda: ask_from_threads(longest))
    show("tasks", lambda: asyncio.run(ask_from_tasks(longest)))

    print("\nWhat the caches have done, and what their store holds:")
    for name, stats in (("sync", cache.stats()), ("async", async_cache.stats())):
        held = "" if stats.entries is None else f"   {stats.entries} entries held"
        print(f"  {name:<8}{stats.hits:5} hits   {stats.misses:4} misses{held}")
    cache.clear()


def find_modules() -> list[Path]:
    """List the modules of the standard library, without its tests."""
    root = Path(sysconfig.get_path("stdlib"))
    others = {"site-packages", "dist-packages", "test", "tests", "idle_test"}
    return [path for path in root.rglob("*.py") if others.isdisjoint(path.parts)]


def show(name: str, work: Callable[[], list[Module]]) -> float:
    """Do some work, print what it took, and give the seconds."""
    parsed_before, started_at = count_parsed(), time.perf_counter()
    modules = work()
    seconds, parsed = time.perf_counter() - started_at, count_parsed() - parsed_before
    functions = sum(module.functions for module in modules)
    print(
        f"  {name:<8}{len(modules):4} calls   {parsed:4} parsed   {seconds:7.3f} s"
        f"   {functions:7,} functions found"
    )
    return seconds


def count_parsed() -> int:
    """Tell how many modules have been parsed so far."""
    return cache.stats().loads + async_cache.stats().loads


if __name__ == "__main__":
    with cache:
        main()
