"""Links between the pages lead somewhere."""

from __future__ import annotations

import re

import pytest

from tests.docs.snippets import ROOT

PAGES = [
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "examples/*.md")
    for path in sorted(ROOT.glob(pattern))
]
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#]*)(?:#(?P<anchor>[^)]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def anchors_of(page: str) -> set[str]:
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(CODE.sub("", page))
    }


@pytest.mark.parametrize("page", PAGES)
def test_links_of_page_lead_somewhere(page: str) -> None:
    source = ROOT / page
    dead: list[str] = []
    for link in LINK.finditer(CODE.sub("", source.read_text("utf-8"))):
        target = source.parent / link["path"] if link["path"] else source
        anchor = link["anchor"]
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text("utf-8"))):
            dead.append(link[0])

    assert dead == []


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "zensical.toml").read_text("utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md")]

    assert [page for page in pages if f'"{page}"' not in navigation] == []
