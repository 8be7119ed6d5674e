"""The numbers behind every snapshot view: a row per snapshot of degrees, shells, links, angles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NetsciError
from ..snapshots import Snapshot
from ..topology import Layer, Population, Topology
from .layout import network_layout
from .links import drawn_links

if TYPE_CHECKING:
    from .run_data import RunData

MAX_FRAMES = 400
LINK_BUDGET = 1_200_000
MAX_LINKS_PER_FRAME = 12_000
MATRIX_BUDGET = 1_600_000
# Neurons times snapshots whose degrees, and whose angles, travel in one page.
NODE_BUDGET = 1_800_000
ANGLE_BUDGET = 700_000


@dataclass
class Frames:
    """Per-snapshot arrays of one run; the first axis of each is the snapshot.

    Attributes
    ----------
    populations
        The nodes of the graph, population after population.
    steps, epochs
        When each snapshot was taken; ``times`` its place on the axis of time.
    degree_in, degree_out, core
        Per node; total degree is their sum. The coreness is 0 where none was computed
        (``has_core`` tells).
    links
        Per snapshot and layer, the sorted keys (source * n_target + target) of the drawn links.
    n_links
        All links per snapshot and layer, drawn or not.
    matrices
        Binned adjacency, ``(snapshots, layers, bins, bins)``, native order and by degree.
    activity
        ``E|h| / mean E|h|`` per node, NaN where not recorded; None when nowhere.
    first_hidden
        Per snapshot, for the inputs that lie on a grid, the first hidden layer mapped back.
    theta, r
        Polar coordinates per embedding; ``embedding_of`` maps a snapshot to its embedding.
    """

    populations: tuple[Population, ...]
    layer_names: list[str]
    layer_ends: list[tuple[int, int]]
    directed: bool
    steps: list[int] = field(default_factory=list)
    epochs: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    degree_in: Any = field(default_factory=list)
    degree_out: Any = field(default_factory=list)
    core: Any = field(default_factory=list)
    links: list[list[NDArray[np.int64]]] = field(default_factory=list)
    n_links: list[list[int]] = field(default_factory=list)
    matrices: list[NDArray[Any]] = field(default_factory=list)
    by_degree: list[NDArray[Any]] = field(default_factory=list)
    activity: Any = field(default_factory=list)
    first_hidden: list[NDArray[np.float64]] = field(default_factory=list)
    theta: list[NDArray[np.float64]] = field(default_factory=list)
    r: list[NDArray[np.float64]] = field(default_factory=list)
    embedding_of: list[int] = field(default_factory=list)
    community: NDArray[np.int64] | None = None
    bins: int = 0
    link_cap: int = 0
    chosen_by: str = ""
    has_core: bool = False
    topology: Topology | None = None
    notes: list[str] = field(default_factory=list)
    _places: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def places(self, aspect: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x and y of each node in the unit square: in layers, or by springs."""
        if self._places is None:
            if self.directed or self.topology is None:
                self._places = network_layout(self.populations, aspect)
            else:
                from .networks.places import spring_layout

                self._places = spring_layout(self.topology)
        return self._places

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return sum(p.size for p in self.populations)


def collect(
    data: RunData,
    *,
    max_frames: int = MAX_FRAMES,
    link_budget: int = LINK_BUDGET,
    progress: Callable[[int, int], None] | None = None,
) -> Frames | None:
    """Read the snapshots of a run once and return what the views need; None without links."""
    index = data.run.snapshots.index
    if not index or not data.populations:
        return None
    last = data.topology
    assert last is not None
    places = _spread(len(index), min(max_frames, max(NODE_BUDGET // last.n_nodes, 3)))
    order = {p.name: i for i, p in enumerate(data.populations)}
    frames = Frames(
        data.populations,
        [layer.name for layer in last.layers],
        [(order[layer.source], order[layer.target]) for layer in last.layers],
        last.is_layered,
        topology=last,
    )
    if len(places) < len(index):
        frames.notes.append(f"{len(places)} of {len(index)} snapshots are shown, evenly spaced.")
    per_frame = max(link_budget // len(places), min(link_budget, 1_000))
    frames.link_cap = min(MAX_LINKS_PER_FRAME, per_frame)
    frames.bins = _bins(len(places), len(last.layers))
    skipped = 0
    for done, place in enumerate(places):
        snapshot = data.run.snapshots[place]
        if not _fits(snapshot, frames):
            skipped += 1
            continue
        _add(frames, snapshot, data)
        if progress:
            progress(done + 1, len(places))
    if skipped:
        frames.notes.append(f"{skipped} snapshots with other populations or layers are left out.")
    if not frames.steps:
        return None
    for name in ("degree_in", "degree_out", "core"):
        setattr(frames, name, np.array(getattr(frames, name)))
    _add_embeddings(frames, data)
    return frames


def _spread(n: int, most: int) -> list[int]:
    return sorted({round(i) for i in np.linspace(0, n - 1, min(n, most))})


def _bins(snapshots: int, layers: int) -> int:
    """Cells per side of a binned matrix, so that all of them stay within a budget."""
    return int(min(96, max(24, np.sqrt(MATRIX_BUDGET / (2 * snapshots * max(layers, 1))))))


def _fits(snapshot: Snapshot, frames: Frames) -> bool:
    topology = snapshot.topology
    same = [(p.name, p.size) for p in topology.graph_populations] == [
        (p.name, p.size) for p in frames.populations
    ]
    return same and [layer.name for layer in topology.layers] == frames.layer_names


def _add(frames: Frames, snapshot: Snapshot, data: RunData) -> None:
    topology = snapshot.topology
    into, out = np.zeros(topology.n_nodes, np.int64), np.zeros(topology.n_nodes, np.int64)
    for layer in topology.layers:
        out[topology.nodes(layer.source)] += layer.out_degrees
        into[topology.nodes(layer.target)] += layer.in_degrees
    core = data.array("k_shell", "coreness", snapshot.step)
    if core is None or len(core) != topology.n_nodes:
        core = np.zeros(topology.n_nodes, np.int64)
    else:
        frames.has_core = True
    frames.steps.append(snapshot.step)
    frames.epochs.append(snapshot.epoch)
    frames.times.append(data.when(snapshot.step, snapshot.epoch))
    frames.degree_in.append(into)
    frames.degree_out.append(out)
    frames.core.append(np.asarray(core, dtype=np.int64))
    links, frames.chosen_by = drawn_links(topology, frames.link_cap, frames.core[-1])
    frames.links.append(links)
    frames.n_links.append([layer.n_links for layer in topology.layers])
    rank = [rank_by_degree(topology, layer, into + out) for layer in topology.layers]
    frames.matrices.append(np.array([binned(x, frames.bins) for x in topology.layers]))
    frames.by_degree.append(
        np.array([binned(x, frames.bins, *rank[i]) for i, x in enumerate(topology.layers)])
    )
    frames.activity.append(activity_of(snapshot))
    if frames.directed:
        frames.first_hidden.append(_first_hidden(snapshot))


def rank_by_degree(
    topology: Any, layer: Layer, degrees: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rank by degree of each source and each target of a layer within its side."""

    def rank(population: str) -> NDArray[np.int64]:
        own = degrees[topology.nodes(population)]
        place = np.empty(own.size, np.int64)
        place[np.argsort(-own, kind="stable")] = np.arange(own.size)
        return place

    return rank(layer.source), rank(layer.target)


def binned(
    layer: Layer,
    bins: int,
    rows: NDArray[np.int64] | None = None,
    columns: NDArray[np.int64] | None = None,
) -> NDArray[np.float32]:
    """Density of links in each cell of a coarse grid over the adjacency matrix."""
    n, m = layer.shape
    height, width = min(bins, n), min(bins, m)
    u, v = layer.sources.astype(np.int64), layer.indices.astype(np.int64)
    u, v = (u if rows is None else rows[u]), (v if columns is None else columns[v])
    cell = (u * height // n) * width + v * width // m
    counts = np.bincount(cell, minlength=height * width).reshape(height, width)
    tall = np.diff(np.ceil(np.arange(height + 1) * n / height))
    wide = np.diff(np.ceil(np.arange(width + 1) * m / width))
    out = np.zeros((bins, bins), np.float32)
    out[:height, :width] = counts / np.outer(tall, wide)
    return out


def activity_of(snapshot: Snapshot) -> NDArray[np.float32] | None:
    """Return each neuron's mean activity over its population's, None where none was recorded."""
    topology = snapshot.topology
    if not snapshot.activity:
        return None
    out = np.full(topology.n_nodes, np.nan, np.float32)
    for population in topology.graph_populations:
        mean = snapshot.activity.get(population.name, {}).get("mean_abs")
        if mean is not None:
            out[topology.nodes(population.name)] = mean / (float(mean.mean()) or 1.0)
    return out


def _first_hidden(snapshot: Snapshot) -> NDArray[np.float64]:
    from ..analysis import input_maps
    from .layout import on_grid

    topology = snapshot.topology
    out = np.zeros(topology.n_nodes)
    if any(on_grid(p) for p in topology.graph_populations):
        for found in input_maps(topology):
            out[topology.nodes(found.population)] = np.nan_to_num(found.first_hidden.ravel())
    return out


def _add_embeddings(frames: Frames, data: RunData) -> None:
    from ..analysis import align_angles

    previous: dict[int, float] = {}
    steps = [s for s in frames.steps if data.array("embedding", "nodes", s) is not None]
    most = max(ANGLE_BUDGET // frames.n_nodes, 2)
    if len(steps) > most:
        frames.notes.append(f"{most} of {len(steps)} embeddings are shown, evenly spaced.")
        steps = [steps[i] for i in _spread(len(steps), most)]
    elif steps and len(steps) < len(frames.steps):
        frames.notes.append(
            f"The disk has {len(steps)} embeddings for {len(frames.steps)} snapshots; in between "
            "neurons stay where they were while links and sizes move on."
        )
    chosen = set(steps)
    for step in frames.steps:
        names = ("theta", "r", "nodes")
        parts = [data.array("embedding", n, step) if step in chosen else None for n in names]
        theta, r, nodes = parts
        if theta is not None and r is not None and nodes is not None:
            angle = dict(zip(nodes.tolist(), theta.tolist()))
            if previous.keys() & angle.keys():
                angle = dict(zip(angle, align_angles(previous, angle).tolist()))
            full = np.full((2, frames.n_nodes), np.nan)
            full[0, nodes], full[1, nodes] = list(angle.values()), r
            previous = angle
            frames.theta.append(full[0])
            frames.r.append(full[1])
        frames.embedding_of.append(len(frames.theta) - 1)
    # Snapshots before the first embedding show the first.
    frames.embedding_of = [max(i, 0) for i in frames.embedding_of] if frames.theta else []


def communities(data: RunData, frames: Frames) -> NDArray[np.int64] | None:
    """Return the community of each node at the last analysed snapshot, or None."""
    for step in reversed(frames.steps):
        try:
            found = data.array("modularity", "membership", step)
        except NetsciError:
            return None
        if found is not None and len(found) == frames.n_nodes:
            return np.asarray(found, dtype=np.int64)
    return None
