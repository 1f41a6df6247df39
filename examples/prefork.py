"""Make a cache at import, and use it in forked workers, as a pre-forking web server does.

Over a server, what one worker computes, the others find. In memory, each has what the parent had.
"""

from __future__ import annotations

import os
import sys
from time import sleep

from cachetory.sync import Cache, cached

WORKERS = 4

cache = Cache[int](
    backend=os.environ.get("REDIS_URL", "memory://"),
    serializer="json://",
    prefix="examples:prefork:",
)


@cached(cache, time_to_live=60)
def computed_by(question: str) -> int:
    """Compute an answer; here, the process that did."""
    sleep(0.02)
    return os.getpid()


def work(name: str) -> None:
    """Ask two questions, and tell who answered."""
    before = computed_by("asked before the fork")
    after = computed_by("asked after the fork")
    origin = {os.getpid(): "itself", os.getppid(): "its parent"}
    print(
        f"{name}: the first answer is by {origin.get(before, 'another')},"
        f" the second by {origin.get(after, 'another')}",
        flush=True,
    )


def main() -> None:
    """Fork the workers one after another."""
    if not hasattr(os, "fork"):
        sys.exit("this system has no fork")
    computed_by("asked before the fork")
    for number in range(WORKERS):
        child = os.fork()
        if not child:
            work(f"worker {number}")
            os._exit(0)
        os.waitpid(child, 0)
    cache.clear()


if __name__ == "__main__":
    main()
