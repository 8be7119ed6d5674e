"""Charts of a snapshot's structure: k-shells, dormant neurons, adjacency, input maps, measures."""

from __future__ import annotations

import numpy as np

from ...errors import NetsciError
from .._chart import Chart, Heat, Panel, Series
from .._colours import palette
from .._data import RunData
from .._layout import on_grid
from ._snapshot import snapshot_of


def k_shell_chart(data: RunData, step: int | None = None) -> Chart:
    """Return how many neurons of each population lie in each k-shell (Survival fig. 12)."""
    from ...graphs import as_igraph

    snapshot = snapshot_of(data, step)
    topology = snapshot.topology
    core = np.asarray(as_igraph(topology).coreness())
    shells = np.arange(int(core.max(initial=0)) + 1)
    colours = palette(len(topology.graph_populations))
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
    return Chart(
        "k-shells", f"k-shells, step {snapshot.step}", "k-shell", "neurons", series, y_log=False
    )


def adjacency_chart(data: RunData, step: int | None = None, bins: int = 96) -> Heat:
    """Return each layer's adjacency matrix, neurons sorted by degree, binned when large."""
    from .._frames import _binned, _rank_by_degree

    snapshot = snapshot_of(data, step)
    topology = snapshot.topology
    panels = []
    for layer in topology.layers:
        picture = _binned(layer, bins, *_rank_by_degree(topology, layer, topology.degrees))
        panels.append(Panel(layer.name, picture[: min(bins, layer.shape[0]), : layer.shape[1]]))
    return Heat(
        "adjacency",
        f"Adjacency, step {snapshot.step}, neurons by degree",
        "density",
        tuple(panels),
        "target neuron",
        "source neuron",
    )


def input_map_chart(data: RunData, step: int | None = None) -> Heat:
    """Return the degrees of the input neurons on their grid (Survival fig. 8)."""
    snapshot = snapshot_of(data, step)
    topology = snapshot.topology
    inputs = [p for p in topology.graph_populations if on_grid(p)]
    if not inputs:
        raise NetsciError(
            f"{data.name}: no input population lies on a grid; give it a shape, such as (28, 28)"
        )
    panels = []
    for population in inputs:
        degrees = topology.degrees[topology.nodes(population.name)].reshape(population.shape)
        if degrees.ndim == 2:
            panels.append(Panel(population.name, degrees))
        else:
            panels += [Panel(f"{population.name}, channel {c}", d) for c, d in enumerate(degrees)]
    return Heat(
        "input-map", f"Degrees of the inputs, step {snapshot.step}", "degree", tuple(panels)
    )


def dormant_chart(data: RunData, threshold: int = 10) -> Chart:
    """Return through the snapshots the share of neurons of at most ``threshold`` links."""
    run = data.run
    populations = data.populations
    shares: dict[str, list[float]] = {p.name: [] for p in populations}
    epochs = []
    for snapshot in run.snapshots:
        epochs.append(snapshot.epoch)
        degrees = snapshot.topology.degrees
        for p in populations:
            own = degrees[snapshot.topology.nodes(p.name)]
            shares[p.name].append(float((own <= threshold).mean()))
    colours = palette(len(populations))
    return Chart(
        "dormant",
        f"Neurons with at most {threshold} links",
        "epoch",
        "share of neurons",
        tuple(
            Series(name, epochs, y, "line+points", colours[i])
            for i, (name, y) in enumerate(shares.items())
        ),
        x_is_epoch=True,
    )


def measure_chart(data: RunData, measure: str, quantity: str, label: str = "") -> Chart:
    """Return a quantity of a measure through the snapshots, a line per scope."""
    scopes = [scope for name, scope in data.quantities(measure) if name == quantity]
    colours = palette(len(scopes))
    series = []
    for i, scope in enumerate(scopes):
        rows = data.series(measure, quantity, scope)
        y = rows["value"].astype(float).to_numpy()
        keep = np.isfinite(y)
        if keep.any():
            x = rows["epoch"].astype(float).to_numpy()[keep]
            series.append(Series(scope, x, y[keep], "line+points", colours[i]))
    text = label or quantity.replace("_", " ")
    return Chart(
        f"measure-{measure}-{quantity}",
        f"{measure.replace('_', ' ')}: {text}",
        "epoch",
        text,
        tuple(series),
        x_is_epoch=True,
    )
