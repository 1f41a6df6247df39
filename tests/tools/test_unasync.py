"""The translation of async sources, what the check finds, and that the twins here are current."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "unasync.py"


def load_unasync() -> ModuleType:
    spec = importlib.util.spec_from_file_location("unasync", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


unasync = load_unasync()


def translate(source: str) -> str:
    return unasync.translate(source, set())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project with one source, its twin, and the rules that this source uses."""
    monkeypatch.setattr(unasync, "NAMES", {"AsyncIterator": "Iterator"})
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8"), "utf-8")
    source = tmp_path / "src" / "shelf" / "async_.py"
    source.parent.mkdir(parents=True)
    source.write_text("import a\nfrom b import AsyncIterator\n", "utf-8")
    list(unasync.write(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("async def f(): pass", "def f(): pass"),
        ("async with a as b: pass", "with a as b: pass"),
        ("async for a in b: pass", "for a in b: pass"),
        ("x = [a async for a in b if await c]", "x = [a for a in b if c]"),
        ("return await f(await g())", "return f(g())"),
        ("x = (await f()).y", "x = (f()).y"),
        ("if not await(f()): pass", "if not (f()): pass"),
        ("x = (\n    await\n    f()\n)", "x = (\n    \n    f()\n)"),
        ("é = '💚'; await f()", "é = '💚'; f()"),
    ],
)
def test_keywords_are_struck_out(source: str, expected: str) -> None:
    assert translate(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from a.async_ import AsyncIterator", "from a.sync import Iterator"),
        ("from .async_ import b", "from .sync import b"),
        ("async_backends = make_async_store()", "sync_backends = make_sync_store()"),
        ("import redis.asyncio as client", "import redis as client"),
        ("from redis.asyncio.retry import Retry", "from redis.retry import Retry"),
        ("x: redis.asyncio.Redis", "x: redis.Redis"),
        ("await x.aclose()", "x.close()"),
        (
            "asynchronous = my_async, asyncio, Asyncify",
            "asynchronous = my_async, asyncio, Asyncify",
        ),
    ],
)
def test_names_are_replaced(source: str, expected: str) -> None:
    assert translate(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""Not `async with`: `await x`."""', '"""Not `with`: `x`."""'),
        ('""">>> await from_url("memory://")"""', '""">>> from_url("memory://")"""'),
        (
            '"""Callers await it, as async code does."""',
            '"""Callers await it, as async code does."""',
        ),
        ('"""Make an asynchronous cache."""', '"""Make a synchronous cache."""'),
        ('"""Asynchronously."""', '"""Synchronously."""'),
        ('x: "AsyncIterator[int]"', 'x: "Iterator[int]"'),
        ('load("cachetory.backends.async_.redis")', 'load("cachetory.backends.sync.redis")'),
        ("# see `redis.asyncio` in async_.py", "# see `redis` in sync.py"),
        ("f\"{f'{async_}'!r:>{async_}} `await f()`\"", "f\"{f'{sync}'!r:>{sync}} `f()`\""),
    ],
)
def test_text_follows_where_it_speaks_of_code(source: str, expected: str) -> None:
    assert translate(source) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/shelf/async_.py", "src/shelf/sync.py"),
        ("src/shelf/async_/redis.py", "src/shelf/sync/redis.py"),
        ("async_/async_.py", "sync/sync.py"),
        ("src/shelf/my_async_.py", "src/shelf/my_async_.py"),
        ("src/async_x/y.py", "src/async_x/y.py"),
    ],
)
def test_twin_stands_where_the_path_part_reads_sync(path: str, expected: str) -> None:
    assert unasync.twin_of(path) == expected


def test_write_new_source_makes_a_formatted_twin_with_header(project: Path) -> None:
    twin = (project / "src" / "shelf" / "sync.py").read_text("utf-8")
    header, code = twin.split("\n", 1)

    assert header.startswith("# Generated from src/shelf/async_.py by tools/unasync.py.")
    assert code == "import a\nfrom b import Iterator\n"


def test_write_twins_current_changes_nothing(project: Path) -> None:
    assert list(unasync.write(project)) == []
    assert list(unasync.problems(project)) == []


def test_check_twin_edited_shows_the_difference_and_the_remedy(project: Path) -> None:
    with (project / "src" / "shelf" / "sync.py").open("a", encoding="utf-8") as twin:
        twin.write("edited = True\n")

    (problem,) = unasync.problems(project)

    assert "-edited = True" in problem
    assert "run: .venv/bin/python tools/unasync.py" in problem


def test_check_twin_missing_names_it(project: Path) -> None:
    (project / "src" / "shelf" / "sync.py").unlink()

    (problem,) = unasync.problems(project)

    assert "src/shelf/sync.py is missing" in problem


def test_check_source_gone_names_the_orphan_and_write_removes_it(project: Path) -> None:
    source = project / "src" / "shelf" / "async_.py"
    source.rename(source.with_name("elsewhere.py"))

    problem, _unused = unasync.problems(project)

    assert "src/shelf/sync.py has no source any more" in problem
    assert list(unasync.write(project)) == ["removed src/shelf/sync.py"]


def test_check_file_without_header_refuses_it_and_write_keeps_it(project: Path) -> None:
    stray = project / "tests" / "sync" / "by_hand.py"
    stray.parent.mkdir(parents=True)
    stray.touch()

    (problem,) = unasync.problems(project)

    assert "tests/sync/by_hand.py has a path part `sync`, but it is not generated" in problem
    assert list(unasync.write(project)) == []


def test_check_hand_written_pair_is_left_alone(project: Path) -> None:
    runtime = project / "src" / "cachetory" / "_runtime"
    runtime.mkdir(parents=True)
    for name in ("async_.py", "sync.py"):
        (runtime / name).write_text("async_ = 1\n", "utf-8")

    assert list(unasync.problems(project)) == []


def test_check_rule_without_use_names_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(unasync.NAMES, "anext", "next")

    (problem,) = unasync.problems(project)

    assert "no source uses these names: anext; delete their lines" in problem


def test_twins_of_this_repository_are_up_to_date() -> None:
    command = [sys.executable, str(SCRIPT), "--check"]

    check = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)

    assert check.returncode == 0, check.stdout + check.stderr
