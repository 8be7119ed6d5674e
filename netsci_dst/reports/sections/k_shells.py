"""How deep in the network neurons lie."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..chart import Block, Chart, Series, Words
from ..colours import population_colours
from ..page_section import section
from ..run_data import RunData
from ..snapshot_pictures import node_word, snapshot_of


@section(
    "k_shells",
    title="k-shells",
    after="degrees",
    lead="Neurons that move to the right join a dense core; those at 0 are cut off.",
    definition="The k-core is what remains when neurons with fewer than k links are removed again "
    "and again; a neuron's shell is the largest k whose core still holds it.",
    equation="core(i) = max { k : i ∈ k-core }",
    source="Seidman, Social Networks 5, 1983; Matab, Survival of the most connected, figs. 11, 12",
    computed_by="k_shells",
)
def k_shells(run: RunData, step: int | None = None) -> Iterator[Block]:
    """Show how many neurons of each population lie in each k-shell (Survival fig. 12)."""
    if run.topology is None or not run.topology.layers:
        return
    snapshot = snapshot_of(run, step)
    core = run.array("k_shell", "coreness", snapshot.step)
    if core is None:
        yield Words("The k-shells of this snapshot were not computed.", True, "k_shell")
        return
    topology = snapshot.topology
    shells = np.arange(int(core.max(initial=0)) + 1)
    colours = population_colours(len(topology.graph_populations))
    series = tuple(
        Series(
            p.name,
            shells,
            np.bincount(core[topology.nodes(p.name)], minlength=shells.size),
            "bar",
            colours[i],
        )
        for i, p in enumerate(topology.graph_populations)
    )
    yield Chart(
        "k-shells",
        f"{node_word(run).capitalize()} in each k-shell, step {snapshot.step}",
        "k-shell",
        node_word(run),
        series,
        stacked=True,
        live=True,
        measure=f"{node_word(run)} in each k-shell",
    )
