"""Every Python block of README.md and of the documentation runs, against a real server."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.snippets import ROOT, Block, blocks_of

if TYPE_CHECKING:
    from tests.servers import Server


PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
RUN_SNIPPETS = (sys.executable, "-W", "error", "-m", "tests.docs.snippets")
WITH_SNIPPETS = [
    page.relative_to(ROOT).as_posix() for page in PAGES if any(blocks_of(page.read_text("utf-8")))
]


@pytest.mark.parametrize("page", WITH_SNIPPETS)
def test_snippets_of_page_run_without_error_or_warning(page: str, valkey_server: Server) -> None:
    outcome = subprocess.run(
        [*RUN_SNIPPETS, page, valkey_server.fresh_url()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    if outcome.returncode or outcome.stderr:
        pytest.fail(outcome.stderr, pytrace=False)


def test_blocks_of_page_are_found_with_line_and_output() -> None:
    page = "# Page\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n\n```console\n$ ls\n```\n"

    assert list(blocks_of(page)) == [Block(3, "print(1)\n", "1\n")]


def test_blocks_in_tab_are_dedented() -> None:
    page = '=== "Sync"\n\n    ```python\n    if x:\n\n        y()\n    ```\n'

    assert list(blocks_of(page)) == [Block(3, "if x:\n\n    y()\n", None)]


def test_blocks_marked_as_not_run_are_left_out() -> None:
    page = "<!-- not run: it would never end -->\n```python\nserve()\n```\n"

    assert list(blocks_of(page)) == []
