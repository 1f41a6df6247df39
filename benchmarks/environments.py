"""The virtual environments that the cases run in, made by uv on first use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DIRECTORY = ROOT / ".venv" / "benchmarks"
PINS = ROOT / "requirements" / "bench.txt"


class Environment(NamedTuple):
    """One set of installed packages.

    Attributes:
        name: its directory.
        requirements: what is installed.
        contestants: the libraries that it runs, by their names in the groups, with the names that
            they have in the tables; `None` for all, under the names that they have.
        groups: the groups that it takes part in; `None` for all.
        has_working_tree: whether `cachetory` is the one in `src`.
    """

    name: str
    requirements: tuple[str, ...]
    contestants: dict[str, str] | None = None
    groups: frozenset[str] | None = None
    has_working_tree: bool = True


def environments() -> tuple[Environment, ...]:
    """Give all environments."""
    return (
        Environment("main", _pins()),
        Environment(
            "redis-py-6",
            ("redis==6.4.0", "hiredis==3.5.0", "typing-extensions==4.16.0"),
            contestants={
                "cachetory": "cachetory on redis-py 6.4",
                "redis-py 8": "redis-py 6.4",
            },
            groups=frozenset({"redis", "redis-async"}),
        ),
        Environment(
            "release-3",
            ("cachetory[redis]==3.5.1", "redis==6.4.0", "hiredis==3.5.0"),
            contestants={"cachetory": "cachetory 3.5.1"},
            groups=frozenset(
                {
                    "memory",
                    "decorated",
                    "redis",
                    "redis-async",
                    "backend",
                    "backend-async",
                    "import",
                }
            ),
            has_working_tree=False,
        ),
    )


def make(environment: Environment) -> list[str]:
    """Make an environment unless it is there, and tell what could not be installed, and why.

    Raises:
        RuntimeError: if there can be no environment at all.
    """
    directory = DIRECTORY / environment.name
    stamp = directory / "installed.txt"
    wanted = "\n".join((sys.version, *environment.requirements))
    if stamp.exists() and stamp.read_text() == wanted:
        return []
    reason = _uv("venv", "--clear", "--python", sys.executable, str(directory))
    if reason:
        raise RuntimeError(reason)
    failures = _install(directory, environment.requirements)
    if not failures:
        stamp.write_text(wanted)
    return failures


def python_of(environment: Environment) -> str:
    """Give the path of the interpreter of an environment."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return str(DIRECTORY / environment.name / folder / name)


def _pins() -> tuple[str, ...]:
    lines = PINS.read_text().splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def _install(directory: Path, requirements: tuple[str, ...]) -> list[str]:
    """Install all at once or, if that fails, each that can be."""
    to = ("pip", "install", "--compile-bytecode", "--python", str(directory))
    if not _uv(*to, *requirements):
        return []
    reasons = {each: _uv(*to, "--no-deps", each) for each in requirements}
    return [
        f"`{each.partition(' ;')[0]}` could not be installed: {reason}"
        for each, reason in reasons.items()
        if reason
    ]


def _uv(*arguments: str) -> str:
    """Run uv and give the reason why it failed, or nothing."""
    uv = shutil.which("uv", path=Path(sys.executable).parent) or shutil.which("uv")
    if uv is None:
        return "uv is not installed; get it with: pip install uv"
    done = subprocess.run([uv, "--quiet", *arguments], capture_output=True, text=True, check=False)
    told = " ".join(done.stderr.split()) if done.returncode else ""
    return re.sub(r"https?://\S+", "the index", told)
