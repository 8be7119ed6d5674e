"""A section on the page: what its function yields, in the order in which the template shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from markupsafe import Markup

from .chart import Chart, Control, Data, Heat, Series, Table, View, Words
from .page_section import Section, sections_of
from .plotly_chart import spec

MOST_POINTS = 1500
# More names than that leave a chart no room: they stand above the section once.
MOST_IN_LEGEND = 8


@dataclass
class Shown:
    """One section of one page, ready for the template.

    ``groups`` holds ``(kind, blocks)`` with kinds ``controls``, ``figures``, ``table``, ``words``.
    """

    section: Section
    uid: str
    groups: list[tuple[str, list[Any]]] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)

    @property
    def equation(self) -> Markup:
        """The equation, HTML of our own."""
        return Markup(self.section.equation)


@dataclass
class PageBlocks:
    """All sections of a subject, and what the page's scripts need for them."""

    shown: list[Shown]
    charts: dict[str, Any]
    data: dict[str, Any]


def page_blocks(page: str, subject: Any, uid: str) -> PageBlocks:
    """Make every section of a page for a subject; one that yields nothing is left out."""
    out = PageBlocks([], {}, {})
    for found in (s for s in sections_of(page) if s.on_page):
        shown = Shown(found, f"{uid}-{found.name}")
        for block in found.function(subject):
            _add(shown, block, out)
        if shown.groups:
            _share_legend(shown, out)
            out.shown.append(shown)
    return out


def _share_legend(shown: Shown, out: PageBlocks) -> None:
    """Where all charts of a section draw the same lines, one legend stands for all."""
    figures = [b for kind, blocks in shown.groups if kind == "figures" for b in blocks]
    charts = [b for b in figures if isinstance(b, Chart) and not b.live]
    many = [chart for chart in charts if len(chart.series) > MOST_IN_LEGEND]
    if many and len(charts) < len(figures):
        charts = figures = many
    named = {s.name: s.colour for chart in charts for s in chart.series}
    same = all(named.get(s.name) == s.colour for chart in charts for s in chart.series)
    if (len(charts) < 4 and not many) or len(charts) < len(figures) or not same or len(named) > 40:
        return
    shown.legend = [(name, colour or "") for name, colour in named.items()]
    for chart in charts:
        out.charts[chart.key]["layout"]["showlegend"] = False


def heading(block: Any) -> str:
    """Return a figure's title on the page, where the snapshot is said beside it."""
    live = getattr(block, "live", False)
    return re.sub(r", step \d+", "", block.title) if live else block.title


def _add(shown: Shown, block: Any, out: PageBlocks) -> None:
    if isinstance(block, Data):
        out.data[block.key] = block.make()
        return
    kind = {Control: "controls", Table: "table", Words: "words"}.get(type(block), "figures")
    if kind == "figures" and isinstance(block, (Chart, Heat)) and not block.live:
        out.charts[block.key] = page_spec(block)
    if kind in ("controls", "figures") and shown.groups and shown.groups[-1][0] == kind:
        shown.groups[-1][1].append(block)
    else:
        shown.groups.append((kind, [block]))


def page_spec(chart: Chart | Heat) -> dict[str, Any]:
    """Return the plotly specification of a chart, its long lines thinned, all numbers for CSV."""
    if isinstance(chart, Heat):
        return spec(chart)
    thin = replace(chart, series=tuple(_thinned(s) for s in chart.series))
    made = {**spec(thin), "overTime": chart.over_time}
    made["what"] = {"measure": chart.measure or chart.key, "scope": chart.scope}
    if any(len(s.x) > MOST_POINTS for s in chart.series):
        made["all"] = spec(chart)["data"]
    return made


def _thinned(series: Series) -> Series:
    n = len(series.x)
    if n <= MOST_POINTS:
        return series
    kept = np.unique(np.linspace(0, n - 1, MOST_POINTS).round().astype(int))
    return replace(series, x=np.asarray(series.x)[kept], y=np.asarray(series.y, dtype=float)[kept])


def kind_of(block: Any) -> str:
    """Return how the template shows a figure."""
    if isinstance(block, Heat) and block.live:
        return "images"
    return "plot" if isinstance(block, (Chart, Heat)) else "view"


def is_drawn(block: Any) -> bool:
    """Whether a figure is a picture with numbers, not words or tables of its own."""
    return not (isinstance(block, View) and block.first)


def scripts(pages: Iterable[str], suffix: str) -> Markup:
    """Return the scripts or styles of all sections of some pages, each file once."""
    texts = dict.fromkeys(s.assets(suffix) for page in pages for s in sections_of(page))
    return Markup("\n".join(text for text in texts if text))
