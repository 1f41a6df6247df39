"""Locks and hooks that survive a fork, in real forks."""

from __future__ import annotations

import gc
import os

from cachetory._runtime import process
from cachetory._runtime.process import call_in_child, fork_safe_lock
from tests.runtime.forking import forks, in_fork
from tests.shell.sync_crew import Crew, Meeting, Signal, until, until_within

pytestmark = forks


class Owner:
    """Counts how often it was called."""

    def __init__(self) -> None:
        self.calls = 0
        call_in_child(self, type(self).note)

    def note(self) -> None:
        self.calls += 1


def test_lock_may_be_taken_again_by_its_holder() -> None:
    lock = fork_safe_lock()

    with lock, lock:
        pass


def test_lock_keeps_other_threads_out() -> None:
    lock = fork_safe_lock()

    with lock, Crew() as crew:
        assert crew.start(lambda: lock.acquire(blocking=False)).result() is False


def test_lock_held_by_another_thread_is_free_in_the_child() -> None:
    lock = fork_safe_lock()
    held, let_go = Signal(), Signal()
    order: list[str] = []

    def hold() -> None:
        with lock:
            held.set()
            let_go.wait()
            order.append("let go")

    def fork() -> bool:
        acquired = in_fork(lambda: lock.acquire(timeout=10))
        order.append("forked")
        return acquired

    with Crew() as crew:
        crew.start(hold)
        held.wait()
        forking = crew.start(fork)
        until_within(process._before_fork, forking)
        let_go.set()

        assert forking.result() is True
    assert order == ["let go", "forked"]


def test_lock_is_free_in_the_parent_after_a_fork() -> None:
    lock = fork_safe_lock()
    in_fork(lambda: None)

    with Crew() as crew:
        assert crew.start(lambda: lock.acquire(timeout=10)).result() is True


def test_lock_held_by_the_forking_thread_stays_held_on_both_sides() -> None:
    lock = fork_safe_lock()

    def others_get_in() -> bool:
        with Crew() as crew:
            return bool(crew.start(lambda: lock.acquire(blocking=False)).result())

    with lock:
        assert in_fork(others_get_in) is False
        assert others_get_in() is False


def test_locks_are_forgotten_with_their_owners() -> None:
    gc.collect()
    before = len(process._locks)
    locks = [fork_safe_lock() for _ in range(10)]
    assert len(process._locks) == before + 10

    locks.clear()

    assert len(process._locks) == before


def test_hook_is_called_in_the_child_and_not_in_the_parent() -> None:
    owner = Owner()

    assert in_fork(lambda: owner.calls) == 1
    assert in_fork(lambda: in_fork(lambda: owner.calls)) == 2
    assert owner.calls == 0


def test_hook_of_an_owner_that_is_gone_is_not_called() -> None:
    calls: list[object] = []

    class Noisy(Owner):
        def note(self) -> None:
            calls.append(self)

    owner = Noisy()
    assert in_fork(lambda: len(calls)) == 1
    del owner

    assert in_fork(lambda: len(calls)) == 0


def test_hooks_of_owners_that_are_gone_do_not_pile_up() -> None:
    gc.collect()
    before = len(process._child_hooks)
    owners = [Owner() for _ in range(10)]
    assert len(process._child_hooks) == before + 10

    owners.clear()

    assert len(process._child_hooks) == before


def test_owners_are_made_and_dropped_in_many_threads() -> None:
    meeting = Meeting(8)

    def make() -> None:
        meeting.join()
        for _ in range(200):
            Owner()

    with Crew() as crew:
        callers = [crew.start(make) for _ in range(8)]
        in_fork(lambda: None)
        for caller in callers:
            caller.result()


def fork_and_wait() -> int:
    """Fork a child that ends at once, and give its exit status."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    return os.waitpid(child, 0)[1]


def test_forks_of_two_threads_leave_every_lock_free() -> None:
    locks = [fork_safe_lock() for _ in range(5)]
    held, let_go = Signal(), Signal()

    def hold() -> None:
        with locks[0]:
            held.set()
            let_go.wait()

    with Crew() as crew:
        holder = crew.start(hold)
        held.wait()
        forkers = [crew.start(fork_and_wait) for _ in range(2)]
        # The other may be waiting for a lock of the standard library's, which the first one holds.
        until(lambda: any(forker.is_within(process._before_fork) for forker in forkers))
        let_go.set()

        assert [forker.result() for forker in forkers] == [0, 0]
        holder.result()
        free = [crew.start(lambda lock: lock.acquire(blocking=False), lock) for lock in locks]
        assert all(attempt.result() for attempt in free)


def test_fork_waits_for_locks_that_are_nested_without_holding_any() -> None:
    outer, inner = fork_safe_lock(), fork_safe_lock()
    held, go_on = Signal(), Signal()

    def nest() -> None:
        with outer:
            held.set()
            go_on.wait()
            with inner:
                call_in_child(self, type(self).__init__)

    self = Owner()
    with Crew() as crew:
        nesting = crew.start(nest)
        held.wait()
        forker = crew.start(in_fork, int)
        until_within(process._before_fork, forker)
        go_on.set()

        nesting.result()
        assert forker.result() == 0
