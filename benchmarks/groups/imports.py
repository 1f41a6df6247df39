"""The processor time of importing each library, in an interpreter of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.cases import Case, Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.cases import Bench

IMPORT = "import"
NOTHING = "the interpreter alone"

_PROGRAM = "{statement}\nimport time; print(time.process_time_ns())"


def importing(statement: str) -> Callable[[Bench], Iterator[Case]]:
    """Make the case of an import statement."""
    program = _PROGRAM.format(statement=statement)

    def measure(number: int) -> int:
        return sum(_run(program) for _ in range(number))

    def cases(_bench: Bench) -> Iterator[Case]:
        yield Case(IMPORT, measure)

    return cases


def _run(program: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ImportError(done.stderr.strip().rpartition("\n")[2])
    return int(done.stdout)


GROUP = Group(
    name="import",
    title="Import",
    about=(
        "Processor time of the import in milliseconds, beyond that of starting the interpreter. "
        "Of cachetory, caches, decorators, backends and serializers are imported, not redis-py, "
        "which is imported with the first Redis backend."
    ),
    baselines={IMPORT: (NOTHING, IMPORT)},
    libraries={
        NOTHING: importing(""),
        "cachetory": importing(
            "import cachetory.caches.sync, cachetory.decorators.sync, "
            "cachetory.backends.sync, cachetory.serializers"
        ),
        "cachetools": importing("import cachetools"),
        "cachebox": importing("import cachebox"),
        "theine": importing("import theine"),
        "async-lru": importing("import async_lru"),
        "dogpile.cache": importing("import dogpile.cache"),
        "diskcache": importing("import diskcache"),
        "aiocache": importing("import aiocache"),
        "cashews": importing("import cashews"),
        "redis-py 8": importing("import redis"),
    },
    additive=True,
)
