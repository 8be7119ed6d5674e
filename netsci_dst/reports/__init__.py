"""Reports, figures and films, and the door through which sections of them come in."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import show
    from .chart import Chart, Control, Data, Heat, Mark, Panel, Series, Table, View, Words
    from .figure_files import figures
    from .film_file import film
    from .networks.node_table import node_table
    from .page import report
    from .page_section import Section, section, sections_of
    from .run_data import RunData
    from .watching import watch

_HOMES = {
    "report": ".page",
    "figures": ".figure_files",
    "film": ".film_file",
    "node_table": ".networks.node_table",
    "watch": ".watching",
    "RunData": ".run_data",
    **dict.fromkeys(("Section", "section", "sections_of"), ".page_section"),
    **dict.fromkeys(("Chart", "Series", "Mark", "Heat", "Panel", "Table"), ".chart"),
    **dict.fromkeys(("Control", "Data", "View", "Words"), ".chart"),
}

__all__ = [
    "Chart",
    "Control",
    "Data",
    "Heat",
    "Mark",
    "Panel",
    "RunData",
    "Section",
    "Series",
    "Table",
    "View",
    "Words",
    "figures",
    "film",
    "node_table",
    "report",
    "section",
    "sections_of",
    "show",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name == "show":
        return importlib.import_module(".show", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = importlib.import_module(_HOMES[name], __name__)
    except ModuleNotFoundError as error:
        if error.name != "markupsafe":
            raise
        from ..errors import MissingDependency

        raise MissingDependency("jinja2", "report", "a report") from error
    value = getattr(home, name)
    globals()[name] = value
    return value
