"""The experiments of the papers: run what is missing, set the figures beside the published ones."""

from __future__ import annotations

from ._blocks import Counts, counts
from ._experiment import Experiment, Published, Row, experiments, load_experiment
from ._page import figures, markdown, page_blocks, write_page
from ._reproduce import Planned, Reproduction, planned, reproduce
from ._results import ResultTable

__all__ = [
    "Counts",
    "Experiment",
    "Planned",
    "Published",
    "Reproduction",
    "ResultTable",
    "Row",
    "counts",
    "experiments",
    "figures",
    "load_experiment",
    "markdown",
    "page_blocks",
    "planned",
    "reproduce",
    "write_page",
]
