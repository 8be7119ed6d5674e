"""Figures for a notebook: ``netsci_dst.show.NAME(run)`` returns a plotly figure.

Every section of a report is a function here by its name, those that others register too. Each takes
a `Run`, its path, or anything else that a report takes, and the options of its section, such as
``step``; ``what`` picks one of several figures.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import NetsciError, RunError, UnknownName
from ..run import Run
from .chart import Chart, Heat, View
from .measure_charts import through_time
from .need import need
from .page_section import PAGES, Section, sections_of
from .plotly_chart import figure
from .run_data import RunData
from .subjects import open_subjects, page_subject

if TYPE_CHECKING:
    from ipywidgets import VBox
    from plotly.graph_objects import Figure

__all__ = ["measure", "slider"]  # and every section, by `__getattr__`

RunLike = Run | str | os.PathLike[str]

# Names that people look for -> sections (of one page or another), figure.
_SHORT: dict[str, tuple[tuple[str, ...], str | None]] = {
    "ccdf": (("degrees",), "degrees-ccdf"),
    "degrees": (("degrees",), "degrees-histogram"),
    "k_shells": (("k_shells", "core"), None),
    "input_map": (("inputs",), "input-map"),
    "network": (("film", "network"), "network"),
    "disk": (("film", "network"), "disk"),
}
_PREFIXES = ("training-", "evolution-", "compare-", "degrees-", "dormant-")


def measure(run: RunLike, name: str, quantity: str) -> Figure:
    """Show any quantity of any measure through the snapshots, a line per scope.

    Parameters
    ----------
    run
        A run or its path, analysed before.
    name, quantity
        A measure, and one of the quantities that it stored.

    Returns
    -------
    plotly.graph_objects.Figure
        Steps across, the quantity up.

    Raises
    ------
    NetsciError
        If the run holds no such quantity.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> import netsci_dst as nd
    >>> run = nd.Run.create(tempfile.mkdtemp() + "/run", {"seed": 0})
    >>> _ = run.write_snapshot(nd.Snapshot(nd.Topology.chain([np.eye(4)]), step=0))
    >>> _ = nd.analyze(run, "degrees")
    >>> [line.name for line in nd.show.measure(run, "degrees", "links").data]
    ['network']
    """
    data = RunData(open_subjects(run)[0])
    chart = through_time(data, name, quantity)
    if not chart.series:
        known = sorted({q for q, _ in data.quantities(name)})
        hint = f"it has {', '.join(known)}" if known else "compute it with nd.analyze"
        raise NetsciError(f"{data.name} holds no {quantity!r} of measure {name!r}; {hint}")
    return figure(chart)


def slider(run: RunLike, view: str | Callable[..., Figure] = "ccdf") -> VBox:
    """Return a slider over the snapshots with one of the figures of this module below.

    Parameters
    ----------
    run
        A run or its path.
    view
        A function of this module, or its name.

    Returns
    -------
    ipywidgets.VBox
        The slider with the figure; a notebook shows it.

    Raises
    ------
    RunError
        If the run has no snapshot.
    MissingDependency
        If the notebook extra is not installed.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> import netsci_dst as nd
    >>> run = nd.Run.create(tempfile.mkdtemp() + "/run", {"seed": 0})
    >>> for step in range(3):
    ...     _ = run.write_snapshot(nd.Snapshot(nd.Topology.chain([np.eye(4)]), step))
    >>> nd.show.slider(run, nd.show.degrees).children[0].options
    (0, 1, 2)
    """
    widgets = need("ipywidgets", "notebook", "a slider in a notebook")
    opened = open_subjects(run)[0]
    steps = opened.snapshots.steps
    if not steps:
        raise RunError(f"{opened.path} has no snapshots to slide over")
    if isinstance(view, str):
        view = __getattr__(view)
    control = widgets.SelectionSlider(options=steps, value=steps[-1], description="step")
    go = need("plotly.graph_objects", purpose="a figure")
    shown = go.FigureWidget(view(opened, step=steps[-1]))

    def move(change: Any) -> None:
        fresh = view(opened, step=change["new"])
        with shown.batch_update():
            shown.data = []
            shown.add_traces(list(fresh.data))
            shown.layout = fresh.layout

    control.observe(move, names="value")
    return widgets.VBox([control, shown])


def __getattr__(name: str) -> Callable[..., Figure]:
    if name.startswith("__"):
        raise AttributeError(name)
    wanted, key = _SHORT.get(name, ((name,), None))
    found = [s for page in PAGES for s in sections_of(page) if _spoken(s.name) in wanted]
    if not found:
        raise AttributeError(str(UnknownName("view", name, __dir__())))
    return _shower(name, found, key)


def __dir__() -> list[str]:
    named = {_spoken(s.name) for page in PAGES for s in sections_of(page)}
    return sorted({"measure", "slider", *_SHORT, *named})


def _spoken(name: str) -> str:
    return name.replace("-", "_")


def _shower(name: str, found: list[Section], key: str | None) -> Callable[..., Figure]:
    def show(subject: Any, what: str | None = None, **options: Any) -> Figure:
        page, data = _subject(subject)
        section = next((s for s in found if s.page == page), None)
        if section is None:
            raise NetsciError(f"{name} belongs to the page of a {found[0].page}, not of a {page}")
        for option in options:
            if option not in section.options():
                raise UnknownName(f"option of {name}:", option, section.options())
        return _drawn(section, data, key or what, options)

    show.__name__ = name
    options = ", ".join(f"{k}={v!r}" for k, v in found[0].options().items())
    doc = (found[0].function.__doc__ or found[0].lead).strip()
    show.__doc__ = f"{doc}\n\nOptions: what=None{', ' + options if options else ''}."
    return show


def _subject(subject: Any) -> tuple[str, Any]:
    return page_subject(open_subjects(subject))


def _drawn(section: Section, data: Any, what: str | None, options: dict[str, Any]) -> Figure:
    known: dict[str, Chart | Heat | View] = {}
    for block in section.figures(data, **options):
        known[block.key] = block
    shown = {k: b for k, b in known.items() if not isinstance(b, View) or b.show is not None}
    if not shown:
        raise RunError(f"there is nothing to show of {section.title.lower()!r} here")
    block = _pick(shown, what)
    if isinstance(block, View):
        assert block.show is not None
        return block.show()
    return figure(block)


def _pick(known: dict[str, Any], what: str | None) -> Any:
    if what is None:
        return next(iter(known.values()))
    for key, block in known.items():
        short = next((key.removeprefix(p) for p in _PREFIXES if key.startswith(p)), key)
        if what in (key, short):
            return block
    if what == "disk":
        raise NetsciError(
            "no embedding is stored for this network; compute it with "
            "nd.analyze(…, measures=['embedding'])"
        )
    raise UnknownName("figure", what, known)
