"""The counts of `no_leaks` see what a test leaves behind."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from tests.leaks import no_leaked_resources, no_leaked_tasks

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.leaks.GRACE", 0.0)


@pytest.mark.usefixtures("short_grace")
def test_thread_left_running_is_named() -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="left-over")

    with pytest.raises(AssertionError, match=r"1 leaked threads, among .*left-over"):
        _run_and_count(thread.start)
    end.set()
    thread.join()


@pytest.mark.usefixtures("short_grace")
def test_descriptor_left_open_is_named() -> None:
    kept: list[socket.socket] = []

    with pytest.raises(AssertionError, match=r"1 leaked file descriptors, among .*socket"):
        _run_and_count(lambda: kept.append(socket.socket()))
    kept.pop().close()


@pytest.mark.no_leaks
def test_thread_about_to_end_is_waited_for() -> None:
    threading.Timer(0.05, lambda: None).start()


async def test_task_left_pending_is_named() -> None:
    kept: list[asyncio.Task[object]] = []
    with (
        pytest.raises(AssertionError, match=r"1 leaked asyncio tasks, among .*left-over"),
        no_leaked_tasks(),
    ):
        kept.append(asyncio.create_task(asyncio.Event().wait(), name="left-over"))
    kept.pop().cancel()


@pytest.mark.no_leaks
async def test_task_awaited_and_thread_of_the_loop_are_no_leaks() -> None:
    await asyncio.create_task(asyncio.sleep(0))
    await asyncio.to_thread(int)


@pytest.mark.no_leaks
@pytest.mark.xfail(raises=AssertionError, reason="it leaks a task, to see it caught")
async def test_marked_test_that_leaves_a_task_fails(kept: list[object]) -> None:
    kept.append(asyncio.create_task(asyncio.Event().wait()))


@pytest.fixture
def kept() -> list[object]:
    return []


def _run_and_count(act: Callable[[], object]) -> None:
    with no_leaked_resources():
        act()
