"""Which inputs the network looks at."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import NetsciError
from ..chart import Heat, Panel
from ..layout import on_grid
from ..page_section import section
from ..run_data import RunData
from ..snapshot_pictures import snapshot_of


@section(
    "inputs",
    title="Input maps",
    after="adjacency",
    lead="A network that has found what matters puts its links where the pictures differ, and few "
    "on the margins.",
    definition="The number of links of every input neuron, on the grid of the image, and the "
    "first hidden layer mapped back: the paths of two links that leave each input. The colour "
    "scales are the same through all snapshots.",
    equation="d<sub>u</sub> = Σ<sub>v</sub> A<sub>1</sub>[u, v];&emsp; paths<sub>u</sub> = "
    "Σ<sub>v</sub> A<sub>1</sub>[u, v] d<sub>v</sub><sup>out</sup>",
    source="Matab, Survival of the most connected, figs. 8, 19",
    computed_by="input_maps",
)
def inputs(run: RunData, step: int | None = None) -> Iterator[Heat]:
    """Show the degrees of the input neurons on their grid (Survival fig. 8)."""
    if any(on_grid(p) for p in run.populations):
        yield input_map(run, step)


def input_map(run: RunData, step: int | None = None) -> Heat:
    """Return the picture; an error says so where no input lies on a grid."""
    snapshot = snapshot_of(run, step)
    topology = snapshot.topology
    found = [p for p in topology.graph_populations if on_grid(p)]
    if not found:
        raise NetsciError(
            f"{run.name}: no input population lies on a grid; give it a shape, such as (28, 28)"
        )
    panels = []
    for population in found:
        degrees = topology.degrees[topology.nodes(population.name)].reshape(population.shape)
        if degrees.ndim == 2:
            panels.append(Panel(population.name, degrees))
        else:
            panels += [Panel(f"{population.name}, channel {c}", d) for c, d in enumerate(degrees)]
    return Heat(
        "input-map",
        f"Links of each input, step {snapshot.step}",
        "links",
        tuple(panels),
        live=True,
        measure="degree",
    )
