"""Every value that was measured on a network, those of measures from outside with the others."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, Table, Words
from ..networks.data import NetworkData
from ..page_section import section
from .measures import last_values

# Of training, or with the words of it: a network of people has no neurons.
_ELSEWHERE = {("dormant", ""), ("degrees", "neurons")}


@section(
    "measures",
    page="network",
    title="Every measure",
    after="nodes",
    lead="All values that were stored, those of your own measures among them.",
    definition="One row for each quantity, with the word of its test where it has one. Measures "
    "from outside that store a number for each node are columns of the table of nodes, too.",
    source="Each measure names its source: netsci-dst list measures",
    computed_by="analyze",
)
def network_measures(network: NetworkData) -> Iterator[Block]:
    """Show every stored value of the network in a table."""
    rows = [
        (measure, quantity, value)
        for measure, quantity, scope, _, value in last_values(network)
        if scope == "network" and not {(measure, ""), (measure, quantity)} & _ELSEWHERE
    ]
    if not rows:
        yield Words("Nothing was analysed yet.", True, "")
        return
    yield Table(
        "measures", f"All {len(rows)} values", ["measure", "quantity", "value"], rows, fold=True
    )
