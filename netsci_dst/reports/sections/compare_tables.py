"""The numbers of a comparison, one table for each setting."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, View
from ..comparison.model import Comparison
from ..comparison.tables import tables
from ..page_section import section


@section(
    "tables",
    page="comparison",
    title="In numbers",
    after="methods",
    lead="Methods in order of the metric; those marked with a bar cannot be told apart from the "
    "best sparse one.",
    definition="Mean ± half the 95 % t interval over seeds; a single run has no interval. AAE, the "
    "area across the epochs, is the mean of the metric over training, cut to the shortest run of "
    "the setting. ANP: share of active neurons. ITOP: share of links ever tried. γ: exponent of "
    "the degrees' tail, 10 means none. ASI: 1 when layers separate in the hyperbolic disk.",
    source="Zhang et al. (CHT), ICLR 2024; Liu et al., ICML 2021; Muscoloni & Cannistraci, 2019",
)
def compare_tables(comparison: Comparison) -> Iterator[Block]:
    """Show one table for each setting of data, model and sparsity."""
    yield View("compare-tables", "Methods by setting", first=tables(comparison))
