"""What a script shares with its worker processes, with an import of it, and with other scripts."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SYNC = """
from cachetory.sync import Cache, cached

cache = Cache(backend="sqlite:///{file}", serializer="json://", prefix="app:")

@cached(cache)
def load(x):
    return {result!r}

@cached(cache)
def count(x):
    return {result!r} * x

def calls(*numbers):
    return [load(it) for it in numbers]

def key():
    return load.key(1)

def purge():
    return load.purge(1)
"""

ASYNC = """
import asyncio
from cachetory.async_ import Cache, cached

cache = Cache(backend="sqlite:///{file}", serializer="json://", prefix="app:")

@cached(cache)
async def load(x):
    return {result!r}

async def run(function, *args):
    async with cache:
        return await function(*args)

def calls(*numbers):
    return [asyncio.run(run(load, it)) for it in numbers]

def key():
    return asyncio.run(run(load.key, 1))

def purge():
    return asyncio.run(run(load.purge, 1))
"""

WORKERS = """
if __name__ == "__main__":
    from multiprocessing import get_context

    print(calls(1), key())
    with get_context({method!r}).Pool(1) as pool:
        print(pool.apply(key), pool.apply(stats_of_calls, (1,)), pool.apply(purge))
    print(purge())

"""

STATS = """
def stats_of_calls(*numbers):
    calls(*numbers)
    stats = cache.stats()
    return stats.hits, stats.misses
"""


@pytest.fixture(params=["sync", "async"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (SYNC if request.param == "sync" else ASYNC).replace("{file}", f"{tmp_path}/cache.db")


def _run(*args: str, cwd: Path) -> list[str]:
    done = subprocess.run(  # programs of this test
        [sys.executable, *args], cwd=cwd, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_two_scripts_share_no_entry_of_one_file(program: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        source = program.replace("{result!r}", repr(name)) + "\nprint(calls(1), calls(1))\n"
        (tmp_path / f"{name}.py").write_text(source)

    printed = [_run(f"{name}.py", cwd=tmp_path) for name in ("one", "two", "one")]

    assert printed == [[f"['{name}'] ['{name}']"] for name in ("one", "two", "one")]


def test_script_finds_its_entries_when_it_is_run_again(program: str, tmp_path: Path) -> None:
    source = program.replace("{result!r}", "'one'") + STATS + "\nprint(stats_of_calls(1))\n"
    (tmp_path / "script.py").write_text(source)
    (tmp_path / "below").mkdir()

    assert _run("script.py", cwd=tmp_path) == ["(0, 1)"]
    assert _run("script.py", cwd=tmp_path) == ["(1, 0)"]
    assert _run("../script.py", cwd=tmp_path / "below") == ["(1, 0)"]
    assert _run(str(tmp_path / "script.py"), cwd=tmp_path) == ["(1, 0)"]


def test_module_run_as_a_program_shares_its_entries_with_an_import(
    program: str, tmp_path: Path
) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    source = program.replace("{result!r}", "'one'") + STATS
    source += "\nif __name__ == '__main__':\n    print(key(), stats_of_calls(1))\n"
    (tmp_path / "package" / "job.py").write_text(source)
    imported = "from package import job; print(job.key(), job.stats_of_calls(1), job.purge())"

    assert _run("-m", "package.job", cwd=tmp_path) == ["package.job:load(x=1) (0, 1)"]
    assert _run("-c", imported, cwd=tmp_path) == ["package.job:load(x=1) (1, 0) True"]
    assert _run("-m", "package.job", cwd=tmp_path) == ["package.job:load(x=1) (0, 1)"]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("started_as", ["script", "module"])
def test_worker_processes_share_the_entries_of_their_parent(
    program: str, tmp_path: Path, method: str, started_as: str
) -> None:
    as_module = started_as == "module"
    source = program.replace("{result!r}", "'one'") + STATS
    (tmp_path / "script.py").write_text(source + WORKERS.replace("{method!r}", repr(method)))

    printed = _run(*(["-m", "script"] if as_module else ["script.py"]), cwd=tmp_path)

    answer, key = printed[0].rsplit(" ", 1)
    assert answer == "['one']"
    assert printed[1:] == [f"{key} (1, 0) True", "False"]
    assert as_module is key.startswith("script:")
