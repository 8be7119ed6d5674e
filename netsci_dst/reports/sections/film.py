"""The network in its layers and in the hyperbolic disk, snapshot by snapshot."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, Control, View, Words
from ..page_section import section
from ..run_data import RunData
from ..snapshot_pictures import drawn, picture


@section(
    "film",
    title="The network, snapshot by snapshot",
    after="first",
    lead="Press play and watch which neurons gather links and which fall silent; hover a neuron to "
    "light its links in every view.",
    definition="Left: each neuron as a dot in its population, inputs on their own grid, larger "
    "with more links; faint dots have no link. Right: the coalescent embedding of the largest "
    "component in the hyperbolic disk: popular neurons lie near the centre, similar ones at "
    "similar angles. Angles are turned (never stretched) from one embedding to the next so that "
    "neurons move as little as they can. ASI, the angular separation index, is 1 when every layer "
    "has an arc of its own and 0 when they mix as far as they can.",
    equation="r<sub>i</sub> = 2β ln i + 2(1 − β) ln N, β = 1 / (γ − 1), i = rank by degree;&emsp; "
    "ASI = 1 − Σ mistakes / Σ worst case",
    source="Muscoloni et al., Nature Communications 8, 2017; Muscoloni & Cannistraci, Angular "
    "separability of data clusters, 2019; Zhang et al. (CHT), ICLR 2024, fig. 2A",
    computed_by="coalescent_embedding, angular_separation_index",
)
def film(run: RunData, step: int | None = None, links: int = 3000) -> Iterator[Block]:
    """Show the network in its layers, and the hyperbolic disk where an embedding is stored."""
    if run.topology is None or not run.topology.layers:
        return
    for note in run.frames.notes if run.frames else ():
        yield Words(note)
    choices = {"layer": "by layer"}
    if run.has("k_shell"):
        choices["core"] = "by k-shell"
    if run.array("modularity", "membership", run.run.snapshots[-1].step) is not None:
        choices["community"] = "by community"
    yield Control("colour", "Colour", choices, value="layer")
    yield Control("links", "links", value=1)
    if run.has("embedding"):
        yield Control("spread", "spread the radii")
    yield View(
        "network",
        "Layered network",
        lambda: picture(run, "network", 4.5, step),
        lambda: drawn(run, "network", step, links),
        wide=True,
    )
    if run.has("embedding"):
        yield View(
            "disk",
            "Hyperbolic disk",
            lambda: picture(run, "disk", 3.6, step),
            lambda: drawn(run, "disk", step, links),
        )
    else:
        yield Words("No embedding is stored for this run.", True, "embedding")
