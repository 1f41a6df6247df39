"""Let others take over under load: `python -m benchmarks.failovers [--only cluster,sentinel]`.

Threads of one process and tasks of another call a cached function on a real cluster of three
primaries with a replica each: a primary is killed and restarted later, and some hundred slots are
moved with their keys. Then they do so under Sentinels: the primary is killed and restarted, and the
roles are swapped. Every value names its key, and one call in twenty is for a key that is new.

For each event it prints the median and the worst of all rounds: how long the servers took for it,
how long after its begin the last lookup of a key concerned was a miss, which share of such lookups
were misses from then until two seconds after its end, and the slowest call; and how many calls
raised or gave a wrong value, which none may.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import ExitStack
from statistics import median
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.callers import NAMES, PREFIX, Callers, Notice, Plan, notice
from cachetory.backends.redis_slots import slot_of
from tests.servers import Cluster, Sentinels, start_reaper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.callers import Colour
    from tests.servers import Node

KEYS = [f"key {number}" for number in range(2000)]
POLICIES = {"none": None, "lease": {"time_to_live": 3600, "lease": 5}}
CALM = 2.0
"""Seconds after an event that belong to it, for callers to find their way back."""


class Window(NamedTuple):
    """An event and the keys that it concerns, until the next one."""

    name: str
    start: float
    took: float
    end: float
    keys: Sequence[str]


def _slot(key: str) -> int:
    return slot_of((PREFIX + key).encode())


def _slots_of(node: Node) -> list[int]:
    """Give those slots of a node that there are keys in."""
    member = node.view()[node.id]
    return [slot for slot in dict.fromkeys(map(_slot, KEYS)) if member.owns(slot)]


def _primary(cluster: Cluster, number: int) -> Node:
    return sorted(cluster.primaries, key=lambda it: it.port)[number % 3]


class Times:
    """Notes what happens when."""

    def __init__(self) -> None:
        self.windows: list[Window] = []

    def during(self, name: str, keys: Sequence[str], *events: Callable[[], object]) -> None:
        """Have something happen, and wait until the callers may have got over it."""
        start = monotonic()
        for event in events:
            event()
        took = monotonic() - start
        sleep(CALM)
        self.windows.append(Window(name, start, took, monotonic(), keys))


def break_cluster(cluster: Cluster, times: Times, rounds: int, slots: int) -> None:
    """Kill a primary and bring it back, then move slots, each so many times."""
    times.during("nothing", KEYS)
    for number in range(rounds):
        old = _primary(cluster, number)
        slots_lost = set(_slots_of(old))
        mine = [key for key in KEYS if _slot(key) in slots_lost]
        times.during("kill", mine, old.kill, lambda old=old: cluster.wait_for_failover(old))
        times.during("restart", mine, old.start, cluster.wait_until_healthy)
    for number in range(rounds):
        source, target = _primary(cluster, number), _primary(cluster, number + 1)
        moving = set(_slots_of(source)[:slots])
        moved = [key for key in KEYS if _slot(key) in moving]
        times.during(
            f"{slots} slots move",
            moved,
            lambda moving=moving, target=target: cluster.move_slots(moving, target),
        )


def break_sentinels(sentinels: Sentinels, times: Times, rounds: int, _slots: int) -> None:
    """Kill the primary and bring it back, then swap the roles, each so many times."""
    times.during("nothing", KEYS)
    for _ in range(rounds):
        times.during("kill", KEYS, sentinels.kill_primary, sentinels.wait_for_failover)
        times.during("restart", KEYS, sentinels.restart_killed, sentinels.wait_until_healthy)
    for _ in range(rounds):
        times.during("FAILOVER", KEYS, sentinels.failover)


def show(colour: Colour, windows: Sequence[Window], notices: Sequence[Notice]) -> bool:
    """Print what callers noticed of one kind of event; tell whether none of them was harmed."""
    errors = sum((it.errors for it in notices), Counter[str]())
    wrong = sum(it.wrong for it in notices)
    figures = [
        [it.took for it in windows],
        [it.until_hits for it in notices],
        [100 * it.misses / max(it.lookups, 1) for it in notices],
        [1000 * it.slowest for it in notices],
    ]
    print(
        f"  {windows[0].name:16}{NAMES[colour]:8}{sum(it.lookups for it in notices):>10,}"
        + "".join(
            f"{median(figure):>9.{digits}f}{max(figure):>8.{digits}f}"
            for figure, digits in zip(figures, (2, 2, 1, 0), strict=True)
        )
        + f"{errors.total():>12}{wrong:>7}",
        flush=True,
    )
    for error, count in errors.most_common(5):
        print(f"    {count:,} x {error}")
    return not errors and not wrong


HEADER = (
    f"  {'':24}{'':>10}{'servers took, s':>17}{'last miss, s':>17}{'misses, %':>17}"
    f"{'slowest, ms':>17}\n"
    f"  {'event':16}{'callers':8}{'lookups':>10}"
    + f"{'median':>9}{'max':>8}" * 4
    + f"{'exceptions':>12}{'wrong':>7}"
)


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="cluster,sentinel", help="separated by commas")
    parser.add_argument("--rounds", type=int, default=5, help="of each event")
    parser.add_argument("--callers", type=int, default=50, help="threads, and as many tasks")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between calls of one")
    parser.add_argument("--slots", type=int, default=300, help="to be moved at a time")
    parser.add_argument("--policy", choices=POLICIES, default="lease")
    parser.add_argument("--options", default="", help="of the URL, such as `socket_timeout=1`")
    options = parser.parse_args()
    start_reaper()
    is_right = True
    for name in options.only.split(","):
        made, harm = {
            "cluster": (Cluster(), break_cluster),
            "sentinel": (Sentinels(), break_sentinels),
        }[name]
        times = Times()
        with ExitStack() as stack:
            servers = stack.enter_context(made)
            url = servers.url + (options.options and f"?{options.options}")
            plan = Plan(url, KEYS, POLICIES[options.policy], options.callers, pause=options.pause)
            crowds = [stack.enter_context(Callers(colour, plan)) for colour in NAMES]
            sleep(CALM)
            harm(servers, times, options.rounds, options.slots)
            logs = {crowd.colour: crowd.stop() for crowd in crowds}
        print(f"{name}, {options.callers} threads and as many tasks, policy: {options.policy}")
        print(HEADER)
        for event in dict.fromkeys(window.name for window in times.windows):
            windows = [window for window in times.windows if window.name == event]
            for colour, log in logs.items():
                notices = [notice(log, it.keys, it.start, it.end) for it in windows]
                is_right = show(colour, windows, notices) and is_right
    sys.exit(not is_right)


if __name__ == "__main__":
    main()
