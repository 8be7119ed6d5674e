"""The networks of several methods side by side."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, View
from ..comparison.model import Comparison
from ..page_section import section


@section(
    "networks",
    page="comparison",
    title="The networks side by side",
    after="tables",
    lead="What each method made of its links; press play to watch them train together, or open one "
    "to dig in.",
    definition="Each disk is the last embedding of a run, each layered drawing its last snapshot. "
    "All are shown at the same share of their training.",
)
def compare_networks(comparison: Comparison) -> Iterator[Block]:
    """Show the networks that can be opened on this page, at the same share of training."""
    if any(run.run.path in (comparison.opened or {}) and run.topology for run in comparison.runs):
        yield View("compare-networks", "Networks", first=" ")
