"""The figures as tables in Markdown, aligned so that they can be read as they are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.crew import Label

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from benchmarks.cases import Group
    from benchmarks.rounds import Figure

OURS = "cachetory"
TIMES = "\N{MULTIPLICATION SIGN}"
NOTHING = "\N{EN DASH}"
FAILS = "fails"
_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"))
_MICROSECOND = 1e3
_FEW = 10


def times_table(
    group: Group, figures: Mapping[Label, Figure], failed: Collection[Label] = ()
) -> str:
    """Lay out the times of a group: a row for each library, the fastest first."""
    return _table(group, figures, failed, partial(_time, group))


def costs_table(
    group: Group, figures: Mapping[Label, Figure], failed: Collection[Label] = ()
) -> str:
    """Lay out in the same way what an operation costs, client + server, in microseconds."""
    return _table(group, figures, failed, _costs)


def _table(
    group: Group,
    figures: Mapping[Label, Figure],
    failed: Collection[Label],
    describe: Callable[[Label, Figure], str],
) -> str:
    def cell(label: Label) -> str:
        if label in figures:
            return describe(label, figures[label])
        return FAILS if label in failed else NOTHING

    operations = list(group.baselines)
    rows = [
        [_emphasized(library), *(cell(Label(group.name, each, library)) for each in operations)]
        for library in _ranking(group, figures, failed)
    ]
    return _aligned([["", *operations], *rows])


def _ranking(group: Group, figures: Mapping[Label, Figure], failed: Collection[Label]) -> list[str]:
    """Sort by the first column; those who are not in it come last, by their first figure."""
    places: dict[str, tuple[int, float]] = {}
    for column, operation in enumerate(group.baselines):
        for label, figure in figures.items():
            if (label.group, label.operation) == (group.name, operation):
                rank = figure.nanoseconds if figure.relation is None else figure.relation
                places.setdefault(label.library, (column, rank))
    for label in failed:
        if label.group == group.name:
            places.setdefault(label.library, (len(group.baselines), 0))
    return sorted(places, key=places.__getitem__)


def _time(group: Group, label: Label, figure: Figure) -> str:
    operation = label.operation
    is_baseline = group.baselines[operation] == (label.library, operation)
    if figure.relation is None or is_baseline or operation in group.absolute:
        return _compact(figure.nanoseconds)
    return short(figure.relation) + ("" if group.additive else TIMES)


def _costs(_label: Label, figure: Figure) -> str:
    return f"{short(figure.client / _MICROSECOND)} + {short(figure.server / _MICROSECOND)}"


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
