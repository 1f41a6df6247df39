"""The figures as tables in Markdown, aligned so that they can be read as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.crew import Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.cases import Group
    from benchmarks.rounds import Figure

OURS = "cachetory"
TIMES = "\N{MULTIPLICATION SIGN}"
NOTHING = "\N{EN DASH}"
_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"))
_FEW = 10


def table(group: Group, figures: Mapping[Label, Figure]) -> str:
    """Lay out the figures of a group: a row for each library, the fastest first."""
    operations = list(group.baselines)
    rows = [
        [_emphasized(library), *(_cell(group, figures, library, each) for each in operations)]
        for library in _ranking(group, figures)
    ]
    return _aligned([["", *operations], *rows])


def _ranking(group: Group, figures: Mapping[Label, Figure]) -> list[str]:
    """Sort by the first column; those who are not in it come last, by their first figure."""
    places: dict[str, tuple[int, float]] = {}
    for column, operation in enumerate(group.baselines):
        for label, figure in figures.items():
            if (label.group, label.operation) == (group.name, operation):
                rank = figure.nanoseconds if figure.relation is None else figure.relation
                places.setdefault(label.library, (column, rank))
    return sorted(places, key=places.__getitem__)


def _cell(group: Group, figures: Mapping[Label, Figure], library: str, operation: str) -> str:
    figure = figures.get(Label(group.name, operation, library))
    if figure is None:
        return NOTHING
    if figure.relation is None or group.baselines[operation] == (library, operation):
        return _compact(figure.nanoseconds)
    return short(figure.relation) + ("" if group.additive else TIMES)


def _compact(nanoseconds: float) -> str:
    for size, unit in _UNITS:
        if nanoseconds >= size:
            return f"{short(nanoseconds / size)} {unit}"
    return f"{short(nanoseconds)} ns"


def short(number: float) -> str:
    """Write a number with two significant digits, or as a whole number."""
    if number >= _FEW:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 1 else f"{number:.2f}"


def _emphasized(library: str) -> str:
    return f"**{library}**" if library == OURS else library


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = []
    for row in (rows[0], rule, *rows[1:]):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
