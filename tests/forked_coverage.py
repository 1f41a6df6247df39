"""Keep a fork from leaving coverage's lock held by a thread that the child lacks.

Coverage takes its lock whenever a measured function is called, so that a child which is forked
while another thread runs would wait for ever at the first function that it calls.
"""

from __future__ import annotations

import os
import sys
import threading


def free_coverage_after_forks() -> None:
    """Give coverage a new lock in every child to come.

    To be called before `cachetory` is imported: hooks run in the order in which they were
    registered, and those of `cachetory` are measured.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_renew_lock)


def _renew_lock() -> None:
    coverage = sys.modules.get("coverage")
    measuring = coverage and coverage.Coverage.current()
    collector = measuring and measuring._collector
    if collector and collector.data_lock:
        collector.data_lock = threading.Lock()
