"""Every measure, by method."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, View
from ..comparison.model import Comparison
from ..section import section


@section(
    "every-measure",
    page="comparison",
    title="Every measure, by method",
    after="wins",
    lead="Mean and 95 % interval over the runs shown; each small chart is one quantity.",
    definition="Against sparsity where there are several, else by method.",
    function="analyze",
)
def compare_measures(comparison: Comparison) -> Iterator[Block]:
    """Show every quantity by method, small charts in a grid."""
    yield View("compare-multiples", "Quantities", first=" ")
