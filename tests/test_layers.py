"""Imports within the library point down only, and optional packages stay behind their wrappers.

sync  async_                                    the short way in
shortcuts  testing  integrations  django  cli  from_diskcache
decorators
caches  backends                                neither knows the other
serializers  _shell                             neither knows the other
interfaces
_runtime
policy  loading  lookup                         what users are given and give
_core                                           pure
durations
errors  events                                  neither knows the other
"""

from __future__ import annotations

import ast
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cachetory

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(cachetory.__file__).parent

LAYERS = (
    {"errors", "events"},
    {"durations"},
    {"_core"},
    {"policy", "loading", "lookup"},
    {"_runtime"},
    {"interfaces"},
    {"serializers", "_shell"},
    {"caches", "backends"},
    {"decorators"},
    {"shortcuts", "testing", "integrations", "django", "cli", "from_diskcache"},
    {"sync", "async_", "__init__"},
)
HEIGHT = {part: height for height, layer in enumerate(LAYERS) for part in layer}
LAZY = {("caches", "backends"), ("caches", "serializers")}
IMPURE = {"asyncio", "logging", "random", "socket", "sqlite3", "subprocess", "threading", "time"}
UNRESTRICTED = {*sys.stdlib_module_names, "annotationlib", "cachetory", "typing_extensions"}
WRAPPERS = {
    "backports": "serializers/compressors/*zstd*.py",
    "compression": "serializers/compressors/*zstd*.py",
    "django": "*django*",
    "ormsgpack": "serializers/msgpack.py",
    "pytest": "testing*",
    "redis": "backends/*redis*.py",
    "hiredis": "backends/*redis*.py",
    "zstandard": "serializers/compressors/*zstd*.py",
}


class Import(NamedTuple):
    """One imported name, and from where; `nesting` tells what it is imported within."""

    file: str
    line: int
    target: str
    nesting: str

    @property
    def part(self) -> str:
        return self.file.split("/")[0].removesuffix(".py")

    @property
    def target_part(self) -> str | None:
        package, _, rest = self.target.partition(".")
        part = rest.split(".")[0]
        if package != "cachetory":
            return None
        return part if part in HEIGHT else "__init__"

    def __str__(self) -> str:
        return f"src/cachetory/{self.file}:{self.line} imports {self.target}"


def imports_of(file: Path) -> Iterator[Import]:
    name = file.relative_to(ROOT).as_posix()
    package = ["cachetory", *Path(name).parts[:-1]]

    def visit(node: ast.AST, nesting: str) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, node.lineno, alias.name, nesting)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            for alias in node.names:
                target = ".".join([*above, *filter(None, [node.module]), alias.name])
                yield Import(name, node.lineno, target, nesting)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            nesting = "function"
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            nesting = "type checking"
        for child in ast.iter_child_nodes(node):
            yield from visit(child, nesting)

    return visit(ast.parse(file.read_text("utf-8")), "module")


FILES = sorted(ROOT.rglob("*.py"))
IMPORTS = [found for file in FILES for found in imports_of(file)]


def refuse(broken: list[Import], rule: str) -> None:
    assert not broken, "\n".join([rule, *map(str, broken)])


def test_imports_within_the_library_point_down() -> None:
    refuse(
        [
            found
            for found in IMPORTS
            if found.target_part not in (None, found.part)
            and HEIGHT[found.target_part] >= HEIGHT.get(found.part, len(LAYERS))
            and not (found.nesting == "function" and (found.part, found.target_part) in LAZY)
        ],
        "A module imports its own part of the library or a lower layer (see the picture in this "
        "file). Move the shared code down, or take it as a parameter. `caches` may import the "
        "registries of `backends` and `serializers` within a function.",
    )


def test_parts_of_the_library_are_all_in_the_picture() -> None:
    parts = {file.relative_to(ROOT).parts[0].removesuffix(".py") for file in FILES}

    assert parts <= HEIGHT.keys(), "Give every module and package right below `cachetory` a layer."


def test_colours_do_not_know_each_other() -> None:
    opposites = {"async_": "sync", "sync": "async_"}
    refuse(
        [
            found
            for found in IMPORTS
            for part in Path(found.file).with_suffix("").parts
            if found.target_part and opposites.get(part) in found.target.split(".")
        ],
        "`async_` never imports `sync`, nor the reverse. Move what both need to a module without "
        "colour, and what truly differs to `_runtime`.",
    )


def test_core_is_pure() -> None:
    refuse(
        [
            found
            for found in IMPORTS
            if found.part == "_core"
            and found.nesting != "type checking"
            and found.target.split(".")[0] in IMPURE
        ],
        "`_core` has no I/O, lock, thread, clock or chance of its own. Take the time, the random "
        "number or the guard as a parameter, or move the code to `_runtime` or `_shell`.",
    )


def test_third_party_packages_stay_behind_their_wrappers() -> None:
    refuse(
        [
            found
            for found in IMPORTS
            if (package := found.target.split(".")[0]) not in UNRESTRICTED
            and not fnmatch(found.file, WRAPPERS.get(package, ""))
        ],
        "An optional package is imported only in the module that wraps it, which the registry of "
        "schemes loads on demand. Go through that module, or list a new one in WRAPPERS.",
    )
