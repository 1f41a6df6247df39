"""Take the server away from callers of a cached function: `python -m benchmarks.outages`.

The server is killed and restarted under 200 callers, then frozen, then it answers with errors. It
prints how many calls failed or gave a wrong value, which none may, how long the slowest took, and
how soon values were found in the store again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from itertools import product
from statistics import median
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from tests.faults import ERRORS, ScriptedServer
from tests.leases.async_ import test_error_replies as in_tasks
from tests.leases.sync import test_error_replies as in_threads
from tests.leases.workers import Worker
from tests.servers import Server, start_reaper

if TYPE_CHECKING:
    from cachetory.policy import Policy
    from tests.leases.workers import Colour

CALLERS = 200
KEYS = 100
PATIENCE = 120.0
UNDER_WAY = 0.3
"""Seconds by which a call may have begun before a kill that it is under way at."""

POLICIES: dict[str, dict[str, Any] | None] = {
    "no policy": None,
    "lease": {"time_to_live": 60, "lease": 5},
}
NAMES: dict[Colour, str] = {"sync": "threads", "async_": "tasks"}


def show_kills(colour: Colour, kills: int, pause: float) -> bool:
    """Print what callers notice of a server that is killed and restarted."""
    returns: list[float] = []
    with Server() as server, Worker(colour) as worker:
        policy = POLICIES["lease"]
        worker.ask("configure", url=server.url, is_silent=True, policy=policy)
        hammering = worker.order("hammer", callers=CALLERS, keys=KEYS, until="over", pause=pause)
        worker.order("until_hit").result(PATIENCE)
        times: list[tuple[float, str]] = []
        for _ in range(kills):
            sleep(0.5)
            times.append((monotonic(), "kill"))
            server.kill()
            sleep(0.3)
            hit = worker.order("until_hit")
            server.start()
            returned = monotonic()
            times.append((returned, "return"))
            returns.append(hit.result(PATIENCE) - returned)
        worker.ask("open", gate="over")
        outcome = hammering.result(PATIENCE)
        hits = worker.ask("stats")["hits"]
    failed = sum(outcome["errors"].values())
    calls = [
        (took, began) for took, began in outcome["slowest"] if began >= times[0][0] - UNDER_WAY
    ]
    slowest, began = calls[0]
    since, what = min((began - at, what) for at, what in times if at <= began + UNDER_WAY)
    slow = sum(took > 0.3 for took, _ in calls)
    print(
        f"{kills} kills and restarts under {CALLERS} {NAMES[colour]}, {1000 * pause:g} ms between "
        f"calls: {outcome['calls']:,} calls, {hits:,} hits, exceptions {failed}, wrong "
        f"{len(outcome['wrong'])}, slowest {1000 * slowest:.0f} ms ({1000 * since:.0f} ms after a "
        f"{what}), over 300 ms {slow}, from return to hits median {median(returns):.2f} s, max "
        f"{max(returns):.2f} s",
        flush=True,
    )
    for error, times_seen in outcome["errors"].items():
        print(f"  {times_seen} x {error}")
    return not failed and not outcome["wrong"]


def show_freeze(colour: Colour, name: str, *, is_cold: bool) -> None:
    """Print how long calls take that a frozen server does not answer."""
    with Server() as server, Worker(colour) as worker:
        worker.ask("configure", url=server.url, is_silent=True, policy=POLICIES[name])
        if not is_cold:
            worker.ask("time", keys=["first", "first"])
        server.freeze()
        first = worker.ask("time", keys=[f"key {number}" for number in range(5)])
        later = worker.ask("time", keys=[f"later {number}" for number in range(2000)])
        server.thaw()
        thawed = monotonic()
        hit = worker.order("until_hit")
        while not hit.is_done:
            worker.ask("time", keys=["key"])
        back = hit.result() - thawed
    print(
        f"Frozen server, {NAMES[colour]}, {name}, {'no connection yet' if is_cold else 'connected'}"
        f": first calls {', '.join(f'{1000 * it:.1f}' for it in first)} ms, later ones median "
        f"{1000 * median(later):.3f} ms, max {1000 * max(later):.1f} ms, over 1 ms "
        f"{sum(it > 0.001 for it in later)} of {len(later):,}, hits {back:.2f} s after the thaw",
        flush=True,
    )


def show_crowd_at_freeze(colour: Colour, name: str) -> None:
    """Print how long calls take that are under way when the server freezes, and right after."""
    with Server() as server, Worker(colour) as worker:
        worker.ask("configure", url=server.url, is_silent=True, policy=POLICIES[name])
        hammering = worker.order("hammer", callers=CALLERS, keys=KEYS, until="over", pause=0.05)
        worker.order("until_hit").result(PATIENCE)
        sleep(1)
        frozen = monotonic()
        server.freeze()
        sleep(3)
        thawed = monotonic()
        hit = worker.order("until_hit")
        server.thaw()
        back = hit.result(PATIENCE) - thawed
        sleep(0.2)
        worker.ask("open", gate="over")
        outcome = hammering.result(PATIENCE)
    after = [took for took, began in outcome["slowest"] if frozen - 0.3 <= began < frozen + 0.7]
    later = [took for took, began in outcome["slowest"] if frozen + 0.7 <= began < thawed]
    print(
        f"Frozen under {CALLERS} {NAMES[colour]}, {name}: slowest call {1000 * max(after):.0f} ms, "
        f"slowest that began 0.7 s later or after that {1000 * max(later, default=0):.0f} ms, "
        f"exceptions {sum(outcome['errors'].values())}, wrong {len(outcome['wrong'])}, hits "
        f"{back:.2f} s after the thaw",
        flush=True,
    )


def show_freeze_in_mid_load(colour: Colour, name: str) -> None:
    """Print how long a loaded value is held back by a server that froze meanwhile."""
    with Server() as server, Worker(colour) as worker:
        worker.ask("configure", url=server.url, is_silent=True, policy=POLICIES[name])
        order = worker.order("call", key="key", load={"gives": 1, "seconds": 0.2}, callers=3)
        worker.wait_for("load", "key")
        server.freeze()
        held_back = [ended - began - 0.2 for _, _, (began, ended) in order.result(PATIENCE)]
    print(
        f"Frozen in mid-load, {NAMES[colour]}, {name}: the value comes "
        f"{1000 * max(held_back):.0f} ms after the load",
        flush=True,
    )


async def ask_in_tasks(server: ScriptedServer, policy: Policy | None, key: str) -> Any:
    """Load in all ways there are, and give the values, or the error."""
    try:
        async with in_tasks.cache_over(server, policy) as cache:
            return await in_tasks.load_by_all_means(cache, key)
    except Exception as error:
        return error


def ask_in_threads(server: ScriptedServer, policy: Policy | None, key: str) -> Any:
    """Do the same in this thread."""
    try:
        with in_threads.cache_over(server, policy) as cache:
            return in_threads.load_by_all_means(cache, key)
    except Exception as error:
        return error


def show_errors() -> bool:
    """Print what callers notice of error replies to each command."""
    exceptions = wrong = calls = 0
    for policy, name in product(in_tasks.POLICIES.values(), ERRORS):
        with ScriptedServer() as server:
            for command in in_tasks.COMMANDS:
                server.fail(command, ERRORS[name])
                for colour, ask in (
                    ("tasks", lambda *it: asyncio.run(ask_in_tasks(*it))),
                    ("threads", ask_in_threads),
                ):
                    key = f"{name} at {command} in {colour}"
                    values = ask(server, policy, key)
                    calls += len(in_tasks.what_they_give(key))
                    if isinstance(values, Exception):
                        exceptions += 1
                        print(f"  {key}: {values!r}")
                    else:
                        wrong += values != in_tasks.what_they_give(key)
                server.heal()
    print(
        f"{len(ERRORS)} error replies at each of {len(in_tasks.COMMANDS)} commands, both colours, "
        f"with a policy and without: {calls:,} calls, exceptions {exceptions}, wrong {wrong}",
        flush=True,
    )
    return not exceptions and not wrong


def show_oom() -> bool:
    """Print how many hits a real server serves that is out of memory."""
    is_right = True
    for colour, callers in NAMES.items():
        with Server() as server, Worker(colour) as worker:
            worker.ask("configure", url=server.url, is_silent=True, policy=POLICIES["lease"])
            keys = [f"key {number}" for number in range(500)]
            worker.ask("time", keys=keys)
            before = worker.ask("stats")
            server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
            server.command("CONFIG", "SET", "maxmemory", 1)
            mixed = [
                key for pair in zip(keys, [f"new {it}" for it in keys], strict=True) for key in pair
            ]
            worker.ask("time", keys=mixed)
            after = worker.ask("stats")
        hits = after["hits"] - before["hits"]
        print(
            f"A server out of memory, {callers}: {hits} hits of {len(keys)} keys that it holds, "
            f"{after['loads'] - before['loads']} loads for {len(keys)} new keys, "
            f"breaker openings {after['breaker_openings']}",
            flush=True,
        )
        is_right = is_right and hits == len(keys)
    return is_right


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--only", choices=["kills", "freezes", "errors"])
    options = parser.parse_args()
    logging.disable()
    start_reaper()
    is_right = True
    if options.only in (None, "kills"):
        for colour in NAMES:
            for pause in (0.05, 0.0):
                is_right = show_kills(colour, options.kills, pause) and is_right
    if options.only in (None, "freezes"):
        for colour in NAMES:
            for name in POLICIES:
                show_freeze(colour, name, is_cold=False)
                show_freeze(colour, name, is_cold=True)
                show_crowd_at_freeze(colour, name)
                show_freeze_in_mid_load(colour, name)
    if options.only in (None, "errors"):
        is_right = show_errors() and is_right
        is_right = show_oom() and is_right
    sys.exit(not is_right)


if __name__ == "__main__":
    main()
