"""The program of a worker process: it takes orders by lines of JSON, and tells what happens.

    python -m tests.leases.program async_

Each order is carried out by itself, in a task or a thread, and answered by a line with its number
when it is done. What happens meanwhile is told by other lines. It ends when its input does.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
from time import monotonic
from typing import Any

_guard = threading.Lock()


def write(**line: Any) -> None:
    """Write a line to the test."""
    text = json.dumps({**line, "at": monotonic()}) + "\n"
    with _guard:
        sys.stdout.write(text)
        sys.stdout.flush()


def tell(name: str, *details: Any) -> None:
    """Tell the test that something has happened."""
    write(event=[name, *details])


async def obey_in_tasks() -> None:
    """Carry orders out in tasks."""
    from tests.leases.async_.member import Member  # noqa: PLC0415 (one colour only)

    member = Member(tell)
    tasks: set[asyncio.Task[None]] = set()

    async def obey(number: int, do: str, arguments: dict[str, Any]) -> None:
        try:
            write(number=number, result=await getattr(member, do)(**arguments))
        except Exception as error:
            write(number=number, error=repr(error))

    orders = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    while line := await orders.readline():
        task = asyncio.create_task(obey(*json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def obey_in_threads() -> None:
    """Carry orders out in threads."""
    from tests.leases.sync.member import Member  # noqa: PLC0415 (one colour only)

    member = Member(tell)

    def obey(number: int, do: str, arguments: dict[str, Any]) -> None:
        try:
            write(number=number, result=getattr(member, do)(**arguments))
        except Exception as error:
            write(number=number, error=repr(error))

    for line in sys.stdin:
        threading.Thread(target=obey, args=json.loads(line), daemon=True).start()


def spare_garbage_collection() -> None:
    """Look for garbage now, and never again in what is there already.

    Dozens of processes that do the same would otherwise stop for that at the same moment.
    """
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    spare_garbage_collection()
    if sys.argv[1] == "async_":
        asyncio.run(obey_in_tasks())
    else:
        obey_in_threads()
