"""Waiting for servers that settle among themselves: look again until nothing is amiss."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.servers.resp import ReplyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SETTLING_DEADLINE = 60.0
"""How long servers may take to agree, in seconds; they take a few on a quiet day."""

LOOK_TIMEOUT = 5.0
"""How long one server may take to answer one question on the way, in seconds."""

_PAUSE = 0.05


def wait_until_settled(amiss: Callable[[], str], timeout: float = SETTLING_DEADLINE) -> None:
    """Call `amiss` until it returns an empty string; errors of servers count as something amiss.

    Raises:
        TimeoutError: if that took more than `timeout` seconds; the message tells what was amiss.
    """
    deadline = time.monotonic() + timeout
    while trouble := _look(amiss):
        if time.monotonic() > deadline:
            msg = f"the servers did not settle in {timeout:g} s: {trouble}"
            raise TimeoutError(msg)
        time.sleep(_PAUSE)


def is_feeding(replication: Mapping[str, str]) -> bool:
    """Tell from a primary's `INFO replication` whether its replica receives what is written.

    A replica counts as online before it has asked for the stream of commands, up to a second
    later; what is written in between would be lost with the primary. So look for a place in the
    stream that it has confirmed: with `repl-ping-replica-period 1` there soon is one.
    """
    replica = dict(item.partition("=")[::2] for item in replication.get("slave0", "").split(","))
    return replica.get("state") == "online" and int(replica.get("offset", 0)) > 0


def _look(amiss: Callable[[], str]) -> str:
    try:
        return amiss()
    except (OSError, ReplyError) as error:
        return repr(error)
