"""The experiments of the papers: run what is missing, set the figures beside the published ones."""

from __future__ import annotations

from ._experiment import Experiment, Published, Row, experiments, load_experiment
from ._page import write_page
from ._reproduce import Reproduction, reproduce

__all__ = [
    "Experiment",
    "Published",
    "Reproduction",
    "Row",
    "experiments",
    "load_experiment",
    "reproduce",
    "write_page",
]
