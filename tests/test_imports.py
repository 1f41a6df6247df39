"""The library imports without any optional package, and the basic path stays light."""

from __future__ import annotations

import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

import cachetory

ROOT = Path(cachetory.__file__).parent

WRAPPERS = (
    "backends/*/django*.py",
    "django/*",
    "backends/*redis*.py",
    "serializers/compressors/*zstd*.py",
    "serializers/msgpack.py",
    "testing*",
)

BARE = """
import sys
allowed = {*sys.stdlib_module_names, "cachetory", "typing_extensions"}
class Bare:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"No module named {name!r} in a bare environment", name=name)
sys.meta_path.insert(0, Bare())
"""

IMPORT_EACH = """
import importlib, traceback
failed = False
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed = True
        print(f"cannot import {name}:", *traceback.format_exception_only(error))
sys.exit(failed)
"""

WATCH_IMPORTS = """
import importlib, sys
allowed = {*sys.stdlib_module_names, "cachetory", "typing_extensions"} - {"asyncio"}
loaded = set(sys.modules)
importers = {}
class Watch:
    def find_spec(self, name, path=None, target=None):
        frame = sys._getframe(1)
        while frame.f_globals["__name__"].startswith("importlib"):
            frame = frame.f_back
        importers.setdefault(name, frame.f_globals["__name__"])
sys.meta_path.insert(0, Watch())
importlib.import_module(sys.argv[1])
heavy = {name for name in set(sys.modules) - loaded if name.partition(".")[0] not in allowed}
for name in sorted(heavy):
    print(f"{name} was loaded, first by {importers.get(name)}")
"""


def modules() -> list[str]:
    """Name every module of the library that needs no optional package."""
    files = [file.relative_to(ROOT) for file in sorted(ROOT.rglob("*.py"))]
    return [
        ".".join(["cachetory", *file.with_suffix("").parts]).removesuffix(".__init__")
        for file in files
        if not any(fnmatch(file.as_posix(), pattern) for pattern in WRAPPERS)
    ]


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_imports_environment_bare_all_succeed() -> None:
    result = run(BARE + IMPORT_EACH, *modules())

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "module",
    [
        "cachetory.caches.sync",
        "cachetory.decorators.sync",
        "cachetory.backends.sync",
        "cachetory.serializers",
    ],
)
def test_imports_basic_path_load_no_third_party_package_nor_asyncio(module: str) -> None:
    result = run(WATCH_IMPORTS, module)

    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
