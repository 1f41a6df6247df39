"""The figures as a chart: small panels of bars in one SVG, for light and dark pages."""

from __future__ import annotations

from html import escape
from math import log10
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.groups import decorated, memory, redis_async, redis_sync
from benchmarks.tables import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.crew import Label
    from benchmarks.rounds import Figure


class Panel(NamedTuple):
    """One operation of one group."""

    title: str
    unit: str
    group: str
    operation: str


PANELS = (
    Panel("Get from memory, with TTL", "× dict.get", "memory", memory.GET),
    Panel("Set in memory, with TTL", "× dict.get", "memory", memory.SET),
    Panel("Decorated f(k), a hit", "× functools.lru_cache", "decorated", decorated.ONE),
    Panel("Decorated async f(k), a hit", "× functools.lru_cache", "decorated", decorated.ASYNC_ONE),
    Panel("Redis get", "× redis-py 8", "redis", redis_sync.GET),
    Panel("Redis, 100 async gets at once", "× redis-py 8", "redis-async", redis_async.GETS_AT_ONCE),
)

_WIDTH, _MARGIN, _GAP = 860, 20, 36
_PANEL = (_WIDTH - 2 * _MARGIN - _GAP) // 2
_HEAD, _ROW, _BAR = 52, 21, 13
_NAMES, _FIGURES = 172, 52
_LONGEST = _PANEL - _NAMES - _FIGURES
_WIDE_RANGE = 20
"""From this ratio of the longest to the shortest, bars are drawn on a logarithmic scale."""
_FEW = 10

_STYLE = """
svg { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.page { fill: #ffffff; } .title { font-weight: 600; font-size: 14px; }
text { fill: #1f2328; } .note { fill: #59636e; font-size: 11px; }
.bar { fill: #afb8c1; } .base { fill: #d8dee4; } .ours { fill: #0969da; } .own { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117; } text { fill: #e6edf3; } .note { fill: #9198a1; }
  .bar { fill: #59636e; } .base { fill: #343b44; } .ours { fill: #4493f8; }
}
"""


def chart(figures: Mapping[Label, Figure]) -> str:
    """Draw all panels that have figures, two in a row."""
    drawn = [(panel, bars) for panel in PANELS if (bars := _bars(panel, figures))]
    body, y = [], _MARGIN
    for start in range(0, len(drawn), 2):
        pair = drawn[start : start + 2]
        for (panel, bars), x in zip(pair, (_MARGIN, _MARGIN + _PANEL + _GAP)):
            body += _draw(panel, bars, x, y)
        y += _HEAD + _ROW * max(len(bars) for _, bars in pair) + _MARGIN
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y}" '
            f'viewBox="0 0 {_WIDTH} {y}" role="img" aria-label="{escape(_summary(drawn))}">',
            f"<style>{_STYLE}</style>",
            f'<rect class="page" width="{_WIDTH}" height="{y}" rx="8"/>',
            *body,
            "</svg>\n",
        )
    )


def _bars(panel: Panel, figures: Mapping[Label, Figure]) -> list[tuple[str, float]]:
    bars = [
        (label.library.replace("`", ""), figure.relation)
        for label, figure in figures.items()
        if (label.group, label.operation) == (panel.group, panel.operation)
        and figure.relation is not None
    ]
    return sorted(bars, key=lambda bar: bar[1])


def _draw(panel: Panel, bars: list[tuple[str, float]], x: int, y: int) -> list[str]:
    ratios = [ratio for _, ratio in bars]
    is_wide = max(ratios) > _WIDE_RANGE * min(ratios)
    note = f"time {panel.unit}, less is better" + ("; logarithmic scale" if is_wide else "")
    lines = [
        f'<text class="title" x="{x}" y="{y + 14}">{escape(panel.title)}</text>',
        f'<text class="note" x="{x}" y="{y + 32}">{escape(note)}</text>',
    ]
    for row, (library, ratio) in enumerate(bars):
        top = y + _HEAD + row * _ROW - _BAR
        base = top + _BAR - 2
        share = log10(ratio / min(ratios) * 2) / log10(max(ratios) / min(ratios) * 2)
        length = _LONGEST * (share if is_wide else ratio / max(ratios))
        bar_class, text_class = _classes(library, ratio)
        start = x + _NAMES
        lines += (
            f'<text class="{text_class}" x="{start - 8}" y="{base}" text-anchor="end">'
            f"{escape(library)}</text>",
            f'<rect class="{bar_class}" x="{start}" y="{top}" width="{length:.1f}" '
            f'height="{_BAR}" rx="2"/>',
            f'<text class="{text_class}" x="{start + length + 6:.1f}" y="{base}">'
            f"{_short(ratio)}×</text>",
        )
    return lines


def _classes(library: str, ratio: float) -> tuple[str, str]:
    if library == OURS:
        return "ours", "own"
    return ("base", "note") if ratio == 1 else ("bar", "name")


def _short(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= _FEW else f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"


def _summary(drawn: list[tuple[Panel, list[tuple[str, float]]]]) -> str:
    """Tell in words what matters, for those who cannot see the chart."""
    return "; ".join(
        f"{panel.title}: cachetory {_short(dict(bars)[OURS])} {panel.unit}"
        for panel, bars in drawn
        if OURS in dict(bars)
    )
