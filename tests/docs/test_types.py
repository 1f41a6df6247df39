"""The Python blocks of the documentation and the examples name no generic type without its types.

Strict type checkers refuse `Cache[list]`, and readers copy what they see.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.docs.snippets import ROOT, blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BARE = {"dict", "frozenset", "list", "set", "tuple", "type"}
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
EXAMPLES = sorted(ROOT.glob("examples/**/*.py"))


def types_of(tree: ast.AST) -> Iterator[ast.expr]:
    """Find annotations, and the types in `Cache[…]` and the like."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            inner = node.slice
            yield from inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if isinstance(node, (ast.AnnAssign, ast.arg)) and node.annotation is not None:
            yield node.annotation
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
            yield node.returns


def bare_generics(code: str) -> list[str]:
    tree = ast.parse(code)
    return [it.id for it in types_of(tree) if isinstance(it, ast.Name) and it.id in BARE]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_names_no_generic_type_without_its_types(page: Path) -> None:
    blocks = blocks_of(page.read_text("utf-8"))

    assert [(it.line, found) for it in blocks if (found := bare_generics(it.code))] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_example_names_no_generic_type_without_its_types(example: Path) -> None:
    assert bare_generics(example.read_text("utf-8")) == []


def test_bare_generics_are_found() -> None:
    code = "cache = Cache[list](x)\ndef f(a: dict) -> tuple: ...\ny: set = set()\nz: list[int]\n"

    assert sorted(bare_generics(code)) == ["dict", "list", "set", "tuple"]
