"""What pages say of the code is so: numbers, names of files and modules, lists of stores."""

from __future__ import annotations

import importlib
import re
from importlib.util import find_spec
from typing import Any

import pytest

from cachetory import durations
from cachetory._core import breaker, envelope, freshness, keys, store
from cachetory._runtime import async_ as async_runtime
from cachetory._runtime import sync as sync_runtime
from cachetory._shell import failure_log, tokens
from cachetory._shell.async_ import loader
from cachetory.backends import (
    memory_stores,
    sqlite_bounds,
    sqlite_file,
    sqlite_recent,
    sqlite_schema,
)
from cachetory.backends import sync as backends
from cachetory.backends.async_ import redis, redis_servers
from cachetory.backends.async_ import redis_wire as async_wire
from cachetory.backends.sync import redis_wire as sync_wire
from cachetory.caches import async_ as caches
from cachetory.policy import Policy
from cachetory.serializers.compressors import compressor, zstd_bounds
from tests.docs.snippets import ROOT

MIB = 1 << 20
GIB = 1 << 30

# The page, the text around the number, which stands for `{}`, and its value in the code.
NUMBERS: list[tuple[str, str, Any]] = [
    ("explanation/intentional", "holds at most {} GiB", sqlite_schema.MAX_BYTES // GIB),
    ("reference/backends", "`{}GiB` for a new one", sqlite_schema.MAX_BYTES // GIB),
    ("how-to/from-diskcache", "| {} GiB here, too", sqlite_schema.MAX_BYTES // GIB),
    ("explanation/store-failure", "At most {} connection to a server", sync_wire.OPENED_AT_ONCE),
    ("reference/backends", "| being opened at the same time  | {} ", sync_wire.OPENED_AT_ONCE),
    ("reference/backends", "and up to {} more while", async_wire.LANES - 1),
    ("reference/backends", "in each of these | {} |", redis_servers.LISTENERS),
    ("how-to/redis", "at most {} connections listen", redis_servers.LISTENERS),
    ("reference/backends", "in steps of some {} keys", redis._SCAN_STEP),
    ("reference/backends", "in steps of {} keys", sqlite_file.STEP),
    ("how-to/sqlite", "in steps of {} keys", sqlite_file.STEP),
    ("how-to/sqlite", "with {} bytes for each entry", sqlite_bounds.OVERHEAD),
    ("reference/backends", "with {} for each entry", sqlite_bounds.OVERHEAD),
    ("reference/backends", "rounded up to {}, such", sqlite_bounds.STEP),
    ("reference/backends", "max_entries={}, max_weight", memory_stores.DEFAULT_MAX_ENTRIES),
    ("reference/backends", "`max_entries` | {} ", memory_stores.DEFAULT_MAX_ENTRIES),
    ("how-to/bound-memory", "{} entries unless told", memory_stores.DEFAULT_MAX_ENTRIES),
    ("how-to/move-from-3", "| {} entries, then it evicts", memory_stores.DEFAULT_MAX_ENTRIES),
    ("explanation/intentional", "than {} MiB is refused", compressor.MAX_SIZE // MIB),
    ("explanation/security", "`max-size`, {} MiB", compressor.MAX_SIZE // MIB),
    ("how-to/move-from-3", "| {} MiB at most", compressor.MAX_SIZE // MIB),
    ("reference/serializers", "window of {} MiB", zstd_bounds.SIZELESS_WINDOW // MIB),
    ("how-to/stale-while-revalidate", "| {} for a cache |", async_runtime.MOST_BEHIND),
    ("how-to/stale-while-revalidate", "| {} for a cache, waiting", sync_runtime.MOST_BEHIND),
    ("how-to/slow-loads", "a cache takes {} jobs", sync_runtime.MOST_BEHIND),
    ("how-to/slow-loads", "the process has {} threads", sync_runtime.MOST_LOADERS),
    ("how-to/redis-in-production", "a process {} at most", sync_wire.WORTH_HAVING),
    ("reference/backends", "for all threads of a process | {},", sync_wire.WORTH_HAVING),
    ("how-to/redis-in-production", "of which there are {} at most", async_wire.LANES),
    ("how-to/redis-in-production", "10 to {} ms, by chance", async_wire.PAUSES[1] * 1000),
    ("reference/durations", "seconds, at least {};", durations.SHORTEST),
    ("reference/policy", "cut to {} days", round(freshness.LONGEST_NOTED / 86400, 1)),
    ("explanation/intentional", "end at {} days", round(freshness.LONGEST_NOTED / 86400, 1)),
    ("explanation/intentional", "for {} seconds,** if", Policy().plan.retry_after_failure),
    ("explanation/keys", "up to {} levels", keys.MAX_DEPTH),
    ("how-to/stampede", "every 10 to {} milliseconds", loader.POLL_MOST * 1000),
    ("design/0010-claims-and-leases", "There are {} at most", store._MOST_CLAIMS),
]
WORDS: list[tuple[str, str, Any]] = [
    ("explanation/store-failure", "After five failures in a row", breaker.OPENS_AFTER == 5),
    ("how-to/move-from-3", "a probe every half a second", breaker.PROBES_EVERY == 0.5),
    ("how-to/stale-while-revalidate", "five seconds at most", caches.CLOSES_WITHIN == 5),
    ("how-to/listen-and-measure", "at most one a second", failure_log.INTERVAL == 1),
    ("explanation/intentional", "or for an hour", tokens.FENCE_STANDS_FOR == 3600),
    ("reference/policy", "at eight different times", caches.SCATTERED == 8),
    ("explanation/keys", "a million elements", keys.MAX_ELEMENTS == 10**6),
    ("explanation/intentional", "32 bits of milliseconds", envelope._FOR_EVER == 2**32 - 1),
    ("reference/backends", "within the last second", sqlite_recent.LASTS == 1),
]


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", (ROOT / "docs" / f"{page}.md").read_text("utf-8"))


@pytest.mark.parametrize(("page", "pattern", "value"), NUMBERS)
def test_number_in_page_is_that_of_the_code(page: str, pattern: str, value: float) -> None:
    before, after = (re.escape(re.sub(r" +", " ", part)) for part in pattern.split("{}"))
    found = re.findall(before + r"([\d_,.]*\d)" + after, text_of(page))

    assert [float(re.sub("[_,]", "", number)) for number in found] == [value]


@pytest.mark.parametrize(("page", "words", "is_so"), WORDS)
def test_words_in_page_say_what_the_code_does(page: str, words: str, is_so: Any) -> None:
    assert is_so
    assert words in text_of(page)


TEXTS = [
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/*.md")
    for path in sorted(ROOT.glob(pattern))
    if path.name != "CHANGELOG.md"
]
FILE = re.compile(r"`((?:src|docs|tests|tools|examples|benchmarks|requirements|\.ci)/[\w./*-]+)`")
MODULE = re.compile(r"\bcachetory(?:\.[a-z_][a-z_0-9]*)+\b")
# Modules of earlier releases, loggers and the like are none of ours.
NO_MODULES = {"cachetory.cached"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_modules_named_in_page_exist(path: Any) -> None:
    text = path.read_text("utf-8")
    files = [name for name in FILE.findall(text) if not list(ROOT.glob(name.rstrip("/")))]
    modules = [name for name in MODULE.findall(text) if not is_there(name)]

    assert (files, modules) == ([], [])


def is_there(name: str) -> bool:
    """Return whether a dotted name is a module, or leads to something within one."""
    parent, _, last = name.rpartition(".")
    if not parent:
        return True
    if is_there(parent) and is_package(parent) and find_spec(name) is not None:
        return True
    return is_module(parent) and hasattr(importlib.import_module(parent), last)


def is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def is_package(name: str) -> bool:
    spec = find_spec(name) if is_module(name) else None
    return spec is not None and spec.submodule_search_locations is not None


def test_files_in_the_table_of_contributing_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    names = {path.name for path in (ROOT / "src").rglob("*.py")}
    named = re.findall(r"`[\w/]*?(\w+\.py)`", text.partition("## Map of the tree")[0])

    assert [name for name in named if name not in names | {"unasync.py"}] == []


STORES = {
    "memory": "memory|`MemoryBackend`",
    "redis": "Redis|redis://|`RedisBackend`",
    "sqlite": r"SQLite|\bfiles?\b|`SqliteBackend`",
    "django": "Django|`DjangoBackend`",
}
PAGES_OF_STORES = [
    "reference/backends",
    "reference/durations",
    "explanation/single-flight",
    "how-to/choose-a-store",
    "how-to/testing",
]


def test_stores_of_this_test_are_those_of_the_code() -> None:
    schemes = {re.sub(r"^(rediss?|valkeys?|unix)\b.*", "redis", it) for it in schemes_known()}

    assert schemes == {*STORES, "dummy"}


def schemes_known() -> list[str]:
    return list(backends._registry.schemes())


@pytest.mark.parametrize("page", PAGES_OF_STORES)
def test_table_of_stores_leaves_none_out(page: str) -> None:
    tables = re.findall(
        r"(?:^\|.*\n)+", (ROOT / "docs" / f"{page}.md").read_text("utf-8"), re.MULTILINE
    )
    told = "".join(tables)

    assert [name for name, words in STORES.items() if not re.search(words, told)] == []
    if page != "how-to/choose-a-store":
        assert re.search("[Cc]luster", told)
        assert "entinel" in told
