"""The figures as a chart: small panels of bars in one SVG, for light and dark pages."""

from __future__ import annotations

from html import escape
from math import log10
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.groups import GROUPS, decorated, memory, redis_async, redis_sync, sqlite
from benchmarks.tables import OURS, TIMES, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.crew import Label
    from benchmarks.rounds import Figure


class Panel(NamedTuple):
    """One operation of one group, compared with its baseline."""

    title: str
    baseline: str
    group: str
    operation: str


class Bar(NamedTuple):
    """One library in a panel."""

    library: str
    ratio: float
    is_baseline: bool


PANELS = (
    Panel("Get from memory, with TTL", "dict.get", "memory", memory.GET),
    Panel("Set in memory, with TTL", "dict.get", "memory", memory.SET),
    Panel("Decorated f(k), a hit", "functools.lru_cache", "decorated", decorated.ONE),
    Panel(
        "Decorated async f(k), a hit",
        "functools.lru_cache",
        "decorated",
        decorated.ASYNC_ONE,
    ),
    Panel("Redis get", "redis-py 8", "redis", redis_sync.GET),
    Panel(
        "Redis, 100 async gets at once",
        "redis-py 8",
        "redis-async",
        redis_async.GETS_AT_ONCE,
    ),
    Panel("In a file, get", "plain sqlite3", "sqlite", sqlite.GET),
    Panel("In a file, 90/10 by 4 processes", "plain sqlite3", "sqlite", sqlite.among(sqlite.MIXED)),
)

_WIDTH, _MARGIN, _GAP = 860, 20, 36
_PANEL = (_WIDTH - 2 * _MARGIN - _GAP) // 2
_HEAD, _ROW, _BAR = 56, 21, 13
_NAMES, _FIGURES = 172, 52
_LONGEST = _PANEL - _NAMES - _FIGURES
_WIDE_RANGE = 20
"""If the largest ratio is more than so many times the smallest, the scale is logarithmic."""

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
        for (panel, bars), x in zip(pair, (_MARGIN, _MARGIN + _PANEL + _GAP), strict=False):
            body += _draw(panel, bars, x, y)
        y += _HEAD + _ROW * max(len(bars) for _, bars in pair) + _MARGIN
    summary, drawing = escape(_summary(drawn)), "\n".join(body)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}" height="{y}" \
role="img" aria-label="{summary}">
<style>{_STYLE}</style>
<rect class="page" width="{_WIDTH}" height="{y}" rx="8"/>
{drawing}
</svg>
"""


def _bars(panel: Panel, figures: Mapping[Label, Figure]) -> list[Bar]:
    baseline = GROUPS[panel.group].baselines[panel.operation][0]
    bars = [
        Bar(label.library.replace("`", ""), figure.relation, label.library == baseline)
        for label, figure in figures.items()
        if (label.group, label.operation) == (panel.group, panel.operation)
        and figure.relation is not None
    ]
    return sorted(bars, key=lambda bar: bar.ratio)


def _draw(panel: Panel, bars: list[Bar], x: int, y: int) -> list[str]:
    least, most = bars[0].ratio, bars[-1].ratio
    is_wide = most > _WIDE_RANGE * least
    floor = min(least, 1) / 2
    note = f"time as a multiple of {panel.baseline}, less is better" + ", log scale" * is_wide
    lines = [_text("title", x, y + 14, panel.title), _text("note", x, y + 32, note)]
    start = x + _NAMES
    for row, bar in enumerate(bars):
        top = y + _HEAD + row * _ROW - _BAR
        base = top + _BAR - 2
        share = log10(bar.ratio / floor) / log10(most / floor) if is_wide else bar.ratio / most
        length = _LONGEST * share
        bar_class, text_class = _classes(bar)
        size = f'width="{length:.0f}" height="{_BAR}"'
        lines += [
            _text(text_class, start - 8, base, bar.library, ' text-anchor="end"'),
            f'<rect class="{bar_class}" x="{start}" y="{top}" {size} rx="2"/>',
            _text(text_class, start + length + 6, base, short(bar.ratio) + TIMES),
        ]
    return lines


def _classes(bar: Bar) -> tuple[str, str]:
    if bar.library == OURS:
        return "ours", "own"
    return ("base", "note") if bar.is_baseline else ("bar", "name")


def _text(class_: str, x: float, y: float, text: str, attributes: str = "") -> str:
    return f'<text class="{class_}" x="{x:.0f}" y="{y:.0f}"{attributes}>{escape(text)}</text>'


def _summary(drawn: list[tuple[Panel, list[Bar]]]) -> str:
    """Tell in words what matters, for those who cannot see the chart."""
    return "; ".join(
        f"{panel.title}: {OURS} takes {short(bar.ratio)} times {panel.baseline}"
        for panel, bars in drawn
        for bar in bars
        if bar.library == OURS
    )
