"""The Python blocks of a Markdown page, run one after another as a reader would type them.

    python -m tests.docs.snippets docs/tutorial.md redis://127.0.0.1:6379/1

All blocks of a page share one namespace and one event loop, and may use `await` at the top level.
A block of `text` right below a Python block is what it prints. A server at
`redis://localhost:6379` is replaced by the one given. A block below `<!-- not run: reason -->`
is left out. Files are made in a directory that is removed afterwards.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import logging
import os
import re
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
LOCAL_SERVER = re.compile(r"redis://localhost:6379(?:/\d+)?")

_BLOCK = re.compile(
    r"(?P<left_out><!-- not run: \S.*-->\s*)?"
    r"^(?P<indent>[ ]*)```python[^\n]*\n(?P<code>.*?)^(?P=indent)```\n"
    r"(?:\n*(?P=indent)```text[^\n]*\n(?P<output>.*?)^(?P=indent)```\n)?",
    re.DOTALL | re.MULTILINE,
)


class Block(NamedTuple):
    """One Python block of a page."""

    line: int
    code: str
    output: str | None


def blocks_of(page: str) -> Iterator[Block]:
    """Find the blocks of a page that are to be run; the text of tabs is indented."""
    for found in _BLOCK.finditer(page):
        if not found["left_out"]:
            indent, output = len(found["indent"]), found["output"]
            yield Block(
                page.count("\n", 0, found.start("code")),
                _dedent(found["code"], indent),
                None if output is None else _dedent(output, indent),
            )


def run_page(path: Path, server: str) -> None:
    """Run all blocks of a page; what goes wrong is told with the line in the page."""
    page = LOCAL_SERVER.sub(server, path.read_text("utf-8"))
    main = sys.modules["__main__"] = ModuleType("__main__")  # where classes will be looked up
    loop = asyncio.new_event_loop()
    try:
        for block in blocks_of(page):
            _run(block, path, vars(main), loop.run_until_complete)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _run(
    block: Block, path: Path, namespace: dict[str, Any], wait: Callable[[Any], object]
) -> None:
    code = compile(
        "\n" * block.line + block.code,
        str(path),
        "exec",
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        dont_inherit=True,
    )
    printed = StringIO()
    with redirect_stdout(printed):
        if code.co_flags & inspect.CO_COROUTINE:
            wait(eval(code, namespace))
        else:
            exec(code, namespace)
    if block.output is not None and printed.getvalue() != block.output:
        raise AssertionError(
            f"{path}:{block.line} prints\n{printed.getvalue()}instead of\n{block.output}"
        )


def _dedent(text: str, indent: int) -> str:
    return "".join(line[indent:] or "\n" for line in text.splitlines(keepends=True))


if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())  # failures are shown on purpose
    page = Path(sys.argv[1]).resolve()
    with TemporaryDirectory() as directory:
        os.chdir(directory)
        run_page(page, sys.argv[2])
        os.chdir(ROOT)
