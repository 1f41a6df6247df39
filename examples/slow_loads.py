"""Make a report that suddenly takes very long, and see how long callers wait for it."""

from __future__ import annotations

import os
from threading import current_thread
from time import perf_counter, sleep

from cachetory.errors import LoadTimeoutError
from cachetory.sync import Cache, Policy, cached

cache = Cache[str](
    backend=os.environ.get("REDIS_URL", "memory://"),
    serializer="json://",
    prefix="examples:slow:",
    policy=Policy(time_to_live=0.1, stale_if_error=60, soft_timeout=0.2, hard_timeout=0.4),
)


class Source:
    """Where reports are made."""

    seconds = 0.0
    made = 0


@cached(cache)
def report(month: str) -> str:
    """Make a report. With timeouts, this is done in another thread than the caller's."""
    sleep(Source.seconds)
    Source.made += 1
    return f"{month}, by {current_thread().name}"


def show(month: str) -> None:
    """Ask for a report, and tell what came and when."""
    started_at = perf_counter()
    try:
        answer = report(month)
    except LoadTimeoutError:
        answer = "sorry, not yet"
    print(f"  {answer:<28} after {perf_counter() - started_at:.1f} s")


def main() -> None:
    """Ask while it is fast, while it is slow, and when that is over."""
    with cache:
        cache.clear()
        print("fast:")
        show("may")
        sleep(0.2)

        Source.seconds = 1.0
        print("slow:")
        show("may")  # there is an old one, which is given when the soft timeout is over
        show("june")  # there is none
        cache.close()  # which waits for what goes on behind; the cache may be used again

        made = Source.made
        print(f"{made} reports were made; both slow ones are stored:")
        print(" ", report.lookup("may").value, "|", report.lookup("june").value)
        if None in (report.lookup("may").value, report.lookup("june").value):
            raise AssertionError(made)
        cache.clear()


if __name__ == "__main__":
    main()
