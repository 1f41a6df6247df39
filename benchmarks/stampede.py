"""Stampedes for one cold key, on a real server: `python -m benchmarks.stampede [--rounds 20]`.

Many processes ask for a key at the same moment, which takes 0.3 s to load. Under a lease, it is to
be loaded once, and everyone is to be served soon after that. It prints how often it was loaded,
and how long the slowest caller waited beyond the load; then what happens when a load takes longer
than its lease, when its owner is killed or stopped, and when sets of keys overlap.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from itertools import count
from statistics import median
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.leases.workers import Worker
from tests.servers import Server, start_reaper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.leases.workers import Colour, Order

LOAD = 0.3
LEASE = 5.0
NOTICE = 0.2
"""Seconds from the word to the start, so that it reaches all processes before."""

PATIENCE = 180.0

PATIENT = "?socket_timeout=5&socket_connect_timeout=5"
"""Of a client that does not take a busy machine for a broken server."""

SHAPES: tuple[tuple[int, int, Colour, str], ...] = (
    (4, 32, "sync", ""),
    (4, 100, "async_", ""),
    (64, 16, "sync", ""),
    (64, 16, "sync", PATIENT),
    (64, 16, "async_", ""),
    (64, 16, "async_", PATIENT),
)
CALLERS: dict[Colour, str] = {"sync": "threads", "async_": "tasks"}

_numbers = count()


class Round(NamedTuple):
    """What came of one stampede."""

    loads: int
    wrong: int
    waits: list[float]
    """How long each call took, in seconds."""
    last: float
    """Seconds from the start to the end of the last call."""


@contextmanager
def team(
    server: Server, processes: int, colour: Colour, lease: float, options: str = ""
) -> Iterator[list[Worker]]:
    """Start processes with a cache over the server."""
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(colour)) for _ in range(processes)]
        orders = [
            worker.order(
                "configure", url=server.url + options, is_silent=True, policy={"lease": lease}
            )
            for worker in workers
        ]
        for order in orders:
            order.result(PATIENCE)
        yield workers


def ask_at_once(
    workers: list[Worker], do: str, gate: str, **arguments: Any
) -> tuple[list[Order], float]:
    """Have all callers of all workers start at the same moment, and tell when that is."""
    orders = [worker.order(do, start=gate, **arguments) for worker in workers]
    for worker in workers:
        worker.wait_for("ready", gate)
    start = monotonic() + NOTICE
    for worker in workers:
        worker.order("open", gate=gate, at=start)
    return orders, start


def stampede(workers: list[Worker], callers: int, seconds: float) -> Round:
    """Let all callers ask for a new key."""
    key = f"key {next(_numbers)}"
    load = {"gives": key, "seconds": seconds}
    orders, start = ask_at_once(workers, "call", key, key=key, load=load, callers=callers)
    return _round(workers, orders, key, start)


def _round(workers: list[Worker], orders: list[Order], key: str, start: float) -> Round:
    outcomes = [outcome for order in orders for outcome in order.result(PATIENCE)]
    return Round(
        loads=sum(len(worker.told("load", key)) for worker in workers),
        wrong=sum(value != key for value, _, _ in outcomes),
        waits=[ended - began for _, _, (began, ended) in outcomes],
        last=max(ended for _, _, (_, ended) in outcomes) - start,
    )


def show_stampedes(server: Server, rounds: int) -> bool:
    """Print a line for each number of processes and callers; tell whether there was 1 load each."""
    print(f"One cold key, a load of {LOAD:g} s, {rounds} rounds; times in ms, beyond the load")
    print(f"{'':24}{'loads a round':>15}{'worst caller':>20}{'last from start':>20}{'':>18}")
    print(
        f"{'':24}{'least':>8}{'most':>7}{'median':>10}{'max':>10}{'median':>10}{'max':>10}"
        f"{'timeouts':>10}{'wrong':>8}"
    )
    is_right = True
    for processes, callers, colour, options in SHAPES:
        with team(server, processes, colour, LEASE, options) as workers:
            outcomes = [stampede(workers, callers, LOAD) for _ in range(rounds)]
            failures = sum(worker.ask("stats")["backend_errors"] for worker in workers)
        loads = [it.loads for it in outcomes]
        wrong = sum(it.wrong for it in outcomes)
        worst = [1000 * (max(it.waits) - LOAD) for it in outcomes]
        last = [1000 * (it.last - LOAD) for it in outcomes]
        name = f"{processes} x {callers} {CALLERS[colour]}{' (patient)' if options else ''}"
        print(
            f"{name:24}{min(loads):>8}{max(loads):>7}{median(worst):>10.1f}{max(worst):>10.1f}"
            f"{median(last):>10.1f}{max(last):>10.1f}{failures:>10}{wrong:>8}",
            flush=True,
        )
        is_right = is_right and set(loads) == {1} and not wrong
    return is_right


def show_long_load(server: Server) -> bool:
    """Print what comes of a load that takes ten leases."""
    lease = 0.5
    is_right = True
    for colour, callers in CALLERS.items():
        with team(server, 4, colour, lease) as workers:
            outcome = stampede(workers, 32, 10 * lease)
        print(
            f"A load of 10 leases of {lease:g} s, 4 x 32 {callers}: loads {outcome.loads}, "
            f"wrong or failed {outcome.wrong}, worst caller beyond the load "
            f"{1000 * (max(outcome.waits) - 10 * lease):.0f} ms",
            flush=True,
        )
        is_right = is_right and outcome.loads == 1 and not outcome.wrong
    return is_right


def show_death(server: Server) -> bool:
    """Print what happens when the owner of a lease is killed in mid-load."""
    lease, seconds = 2.0, 1.0
    is_right = True
    for colour, callers in CALLERS.items():
        with team(server, 4, colour, lease) as workers:
            key = f"key {next(_numbers)}"
            load = {"gives": key, "seconds": seconds}
            orders, _ = ask_at_once(workers, "call", key, key=key, load=load, callers=32)
            owner = _owner(workers, key)
            sleep(seconds / 2)
            killed = monotonic()
            owner.kill()
            left = [order for worker, order in zip(workers, orders, strict=True) if worker != owner]
            outcome = _round(workers, left, key, killed)
        print(
            f"The owner killed in mid-load, lease {lease:g} s, load {seconds:g} s, 4 x 32 "
            f"{callers}: loads {outcome.loads}, all served {outcome.last:.2f} s after the kill "
            f"(lease + load {lease + seconds:.2f} s), wrong {outcome.wrong}",
            flush=True,
        )
        is_right = is_right and outcome.loads == 2 and not outcome.wrong
    return is_right


def show_stop(server: Server) -> bool:
    """Print what happens when the owner of a lease is stopped past it, and goes on."""
    lease = 1.0
    is_right = True
    for colour, callers in CALLERS.items():
        with team(server, 4, colour, lease) as workers:
            for worker in workers:
                worker.ask("configure", url=server.url, policy={"lease": lease})
            key = f"key {next(_numbers)}"
            owner, *others = workers
            load = {"gives": "late", "gate": "loaded"}
            late = owner.order("call", key=key, load=load, callers=32)
            owner.wait_for("load", key)
            stopped = monotonic()
            owner.stop()
            load = {"gives": "new", "seconds": LOAD}
            orders, _ = ask_at_once(others, "call", key, key=key, load=load, callers=32)
            outcomes = [outcome for order in orders for outcome in order.result(PATIENCE)]
            served = max(ended for _, _, (_, ended) in outcomes) - stopped
            owner.go_on()
            owner.ask("open", gate="loaded")
            given = {value for value, _, _ in late.result(PATIENCE)}
            stored = others[0].ask("get", key=key)
            loads = sum(len(worker.told("load", key)) for worker in workers)
            fenced = len(owner.told("NotStored", key, "fenced"))
        print(
            f"The owner stopped past its lease of {lease:g} s, 4 x 32 {callers}: loads {loads}, "
            f"the others served {served:.2f} s after the stop with {_set(outcomes)}; it went on: "
            f"its callers got {' '.join(given)!r}, late commits fenced {fenced}, stored {stored!r}",
            flush=True,
        )
        is_right = is_right and loads == 2 and fenced == 1 and stored == "new"
    return is_right


def show_bulk(server: Server) -> bool:
    """Print what overlapping loads of many keys cost."""
    processes, tasks, size, keys = 2, 25, 1000, 3000
    sets = [
        [f"bulk {(number + 97 * task) % keys}" for number in range(size)]
        for task in range(processes * tasks)
    ]
    is_right = True
    for colour, callers in CALLERS.items():
        server.command("FLUSHALL")
        with team(server, processes, colour, LEASE) as workers:
            for worker in workers:
                worker.ask(
                    "configure",
                    url=server.url,
                    is_silent=True,
                    policy={"lease": LEASE},
                    counts_round_trips=True,
                )
            gate = f"bulk of {callers}"
            orders = [
                worker.order(
                    "call_many",
                    sets=sets[number::processes],
                    load={"gives": 1, "seconds": LOAD},
                    start=gate,
                )
                for number, worker in enumerate(workers)
            ]
            for worker in workers:
                worker.wait_for("ready", gate)
            start = monotonic() + NOTICE
            for worker in workers:
                worker.order("open", gate=gate, at=start)
            results = [order.result(PATIENCE) for order in orders]
            trips = [worker.ask("round_trips") for worker in workers]
            loads = Counter(it.details[0] for worker in workers for it in worker.told("load"))
        wrong = sum(
            value != {key: [key, 1] for key in sets[processes * at + number]}
            for number, outcomes in enumerate(results)
            for at, (value, _, _) in enumerate(outcomes)
        )
        last = max(ended for outcomes in results for _, _, (_, ended) in outcomes) - start
        print(
            f"{processes} x {tasks} {callers} want sets of {size:,} of {len(loads):,} keys: loads "
            f"per key {min(loads.values())} to {max(loads.values())}, round trips "
            f"{' + '.join(map(str, trips))}, wrong or failed {wrong}, all served {last:.2f} s "
            f"after the start",
            flush=True,
        )
        is_right = is_right and set(loads.values()) == {1} and not wrong
    return is_right


def _owner(workers: list[Worker], key: str) -> Worker:
    """Wait for the first load, and tell who is at it."""
    while True:
        for worker in workers:
            if worker.told("load", key):
                return worker
        sleep(0.001)


def _set(outcomes: list[Any]) -> str:
    return " and ".join(sorted({repr(value) for value, _, _ in outcomes}))


def main() -> None:
    """Start a server, and run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", choices=["stampedes", "long", "death", "stop", "bulk"])
    options = parser.parse_args()
    parts = {
        "stampedes": lambda: show_stampedes(server, options.rounds),
        "long": lambda: show_long_load(server),
        "death": lambda: show_death(server),
        "stop": lambda: show_stop(server),
        "bulk": lambda: show_bulk(server),
    }
    start_reaper()
    with Server() as server:
        is_right = [
            part() for name, part in parts.items() if options.only is None or options.only == name
        ]
    sys.exit(not all(is_right))


if __name__ == "__main__":
    main()
