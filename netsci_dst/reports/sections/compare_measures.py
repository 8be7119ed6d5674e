"""Every measure, by method."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, View
from ..comparison.model import Comparison
from ..page_section import section


@section(
    "every-measure",
    page="comparison",
    title="Every measure, by method",
    after="wins",
    lead="Mean and 95 % interval over the runs shown; each small chart is one quantity.",
    definition="Against sparsity where there are several, else by method.",
    computed_by="analyze",
)
def compare_measures(comparison: Comparison) -> Iterator[Block]:
    """Show every quantity by method, small charts in a grid."""
    yield View("compare-multiples", "Quantities", first=" ")
