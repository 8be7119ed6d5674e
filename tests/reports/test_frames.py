import networkx as nx
import numpy as np
import pytest

from netsci_dst.reports.frames import collect
from netsci_dst.reports.links import drawn_links
from netsci_dst.reports.run_data import RunData
from netsci_dst.topology import Layer, Population, Topology


def test_every_frame_is_its_snapshot(run):
    frames = collect(RunData(run))
    assert frames.steps == run.snapshots.steps
    for t, snapshot in enumerate(run.snapshots):
        graph = snapshot.to_networkx()
        assert frames.degree_out[t].tolist() == [d for _, d in graph.out_degree()]
        assert frames.degree_in[t].tolist() == [d for _, d in graph.in_degree()]
        core = nx.core_number(graph.to_undirected())
        assert frames.core[t].tolist() == [core[i] for i in range(len(core))]
        for layer, keys in zip(snapshot.topology.layers, frames.links[t]):
            assert keys.tolist() == layer.keys.tolist()


def test_binned_matrices_hold_every_link(run):
    frames = collect(RunData(run))
    layer = run.snapshots[-1].topology.layers[0]
    # 64 × 48 neurons fit a finer grid than that: one cell per possible link.
    picture = frames.matrices[-1][0][: layer.shape[0], : layer.shape[1]]
    assert np.array_equal(picture > 0, layer.to_scipy().toarray())


def test_binned_matrices_are_densities(tmp_path):
    from netsci_dst.run import Run
    from netsci_dst.snapshots import Snapshot

    ends = np.divmod(np.sort(np.random.default_rng(0).choice(200 * 150, 3000, False)), 150)
    layer = Layer.from_links("fc", "x", "y", (200, 150), *ends)
    run = Run.create(tmp_path / "large", {})
    for step in (0, 1):
        run.write_snapshot(
            Snapshot(Topology((Population("x", 200), Population("y", 150)), (layer,)), step)
        )
    frames = collect(RunData(run))
    bins = frames.bins
    u, v = np.indices(layer.shape)
    cell = (u * bins // 200) * bins + v * bins // 150
    dense = layer.to_scipy().toarray()
    counts = np.bincount(cell.ravel(), weights=dense.ravel(), minlength=bins * bins)
    possible = np.bincount(cell.ravel(), minlength=bins * bins)
    assert frames.matrices[0][0].ravel() == pytest.approx(counts / possible, abs=1e-6)


def test_the_strongest_links_are_drawn():
    rng = np.random.default_rng(0)
    u, v = np.divmod(np.sort(rng.choice(2500, 600, replace=False)), 50)
    weights = rng.normal(size=600).astype(np.float32)
    layer = Layer.from_links("a", "x", "y", (50, 50), u, v, weights)
    topology = Topology((Population("x", 50), Population("y", 50)), (layer,))
    links, how = drawn_links(topology, 100, np.zeros(100, dtype=int))
    assert how == "strongest by weight"
    best = np.sort(np.abs(weights))[-100:]
    drawn = np.isin(layer.keys, links[0])
    assert np.sort(np.abs(weights[drawn])) == pytest.approx(best)


def test_without_weights_the_core_is_drawn():
    clique = np.array([(i, j) for i in range(8) for j in range(8)])
    fringe = np.array([(i, i) for i in range(8, 40)])
    ends = np.concatenate([clique, fringe])
    layer = Layer.from_links("a", "x", "y", (40, 40), ends[:, 0], ends[:, 1])
    topology = Topology((Population("x", 40), Population("y", 40)), (layer,))
    graph = topology.to_networkx().to_undirected()
    core = np.array([nx.core_number(graph)[i] for i in range(80)])
    links, how = drawn_links(topology, 64, core)
    assert "best linked" in how
    assert set(links[0].tolist()) == {i * 40 + j for i, j in clique.tolist()}


def test_layers_share_the_cap_by_their_links():
    layers = (
        Layer.from_matrix("a", "x", "y", np.ones((30, 30), bool)),
        Layer.from_matrix("b", "y", "z", np.ones((30, 10), bool)),
    )
    topology = Topology((Population("x", 30), Population("y", 30), Population("z", 10)), layers)
    links, _ = drawn_links(topology, 400, np.zeros(70, dtype=int))
    assert [len(keys) for keys in links] == [300, 100]


def test_many_snapshots_are_thinned_and_it_is_said(make_run, tmp_path):
    run = make_run(tmp_path)
    steps = run.snapshots.steps
    frames = collect(RunData(run), max_frames=3)
    assert len(frames.steps) == 3
    assert (frames.steps[0], frames.steps[-1]) == (steps[0], steps[-1])
    assert f"3 of {len(steps)} snapshots" in frames.notes[0]


def test_angles_are_turned_not_stretched(run):
    data = RunData(run)
    frames = collect(data)
    assert frames.theta
    for e, theta in enumerate(frames.theta):
        t = frames.embedding_of.index(e)
        stored = data.array("embedding", "theta", frames.steps[t])
        nodes = data.array("embedding", "nodes", frames.steps[t])
        mine, theirs = np.exp(1j * theta[nodes]), np.exp(1j * stored)
        turned = abs((mine * theirs.conj()).mean()), abs((mine * theirs).mean())
        assert max(turned) == pytest.approx(1.0)


def test_no_snapshots_no_frames(tmp_path):
    from netsci_dst.run import Run

    assert collect(RunData(Run.create(tmp_path / "empty", {}))) is None
