"""Errors as servers word them, by class."""

from __future__ import annotations

WRITE_ERRORS = {
    "OOM": "OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY": "READONLY You can't write against a read only replica.",
    "MISCONF": (
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist "
        "to disk. Commands that may modify the data set are disabled, because this instance is "
        "configured to report errors during writes if RDB snapshotting fails."
    ),
    "NOREPLICAS": "NOREPLICAS Not enough good replicas to write.",
}
"""Those that a server answers to writes, while it goes on serving reads."""

ERRORS = {
    **WRITE_ERRORS,
    "LOADING": "LOADING Redis is loading the dataset in memory",
    "MASTERDOWN": (
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    ),
    "CLUSTERDOWN": "CLUSTERDOWN The cluster is down",
    "MOVED": "MOVED 3999 127.0.0.1:6381",
    "TRYAGAIN": "TRYAGAIN Multiple keys request during rehashing of slot",
    "NOAUTH": "NOAUTH Authentication required.",
    "NOPERM": "NOPERM User default has no permissions to run the 'get' command",
    "BUSY": "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN.",
    "EXECABORT": "EXECABORT Transaction discarded because of previous errors.",
    "WRONGTYPE": "WRONGTYPE Operation against a key holding the wrong kind of value",
    "ERR": "ERR unknown command",
}
"""Those that a server may answer to anything, the former included."""
