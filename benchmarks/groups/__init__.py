"""The groups of cases, one table each."""

from __future__ import annotations

from benchmarks.groups import (
    backend_async,
    backend_sync,
    decorated,
    imports,
    memory,
    redis_async,
    redis_sync,
    sqlite,
)

GROUPS = {
    group.name: group
    for group in (
        memory.GROUP,
        decorated.GROUP,
        redis_sync.GROUP,
        redis_async.GROUP,
        backend_sync.GROUP,
        backend_async.GROUP,
        sqlite.GROUP,
        imports.GROUP,
    )
}
