import networkx as nx
import numpy as np
import pytest

from netsci_dst.analysis import analyze, centralities

from ..conftest import random_chain

GRAPHS = {
    "karate": nx.karate_club_graph(),
    "pieces": nx.disjoint_union(nx.grid_2d_graph(4, 5), nx.cycle_graph(9)),
    "long": nx.path_graph(50),
    "isolated": nx.disjoint_union(nx.lollipop_graph(5, 4), nx.empty_graph(3)),
    "layers": nx.Graph(random_chain((9, 12, 8), 0.25, 1).to_networkx()),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_as_networkx_has_them(name):
    graph = GRAPHS[name]
    found = centralities(graph)
    assert found.degree.tolist() == [d for _, d in graph.degree]
    truths = {
        "betweenness": nx.betweenness_centrality(graph),
        "closeness": nx.closeness_centrality(graph),
        "harmonic": nx.harmonic_centrality(graph),
    }
    for key, truth in truths.items():
        np.testing.assert_allclose(getattr(found, key), [truth[v] for v in graph], atol=1e-12)
    rank = nx.pagerank(graph, weight=None, tol=1e-12, max_iter=1000)
    np.testing.assert_allclose(found.pagerank, [rank[v] for v in graph], atol=1e-8)
    main = max(nx.connected_components(graph), key=len)
    leading = nx.eigenvector_centrality_numpy(graph.subgraph(main), weight=None)
    truth = np.array([leading.get(v, 0.0) for v in graph])
    np.testing.assert_allclose(found.eigenvector, truth / truth.max(), atol=1e-6)


def test_sampled_centralities_approach_those_of_all_nodes():
    graph = nx.barabasi_albert_graph(300, 3, seed=2)
    exact = centralities(graph)
    drawn = [centralities(graph, samples=60, seed=seed) for seed in range(25)]
    for name in ("betweenness", "harmonic"):
        mean = np.mean([getattr(found, name) for found in drawn], axis=0)
        truth = getattr(exact, name)
        assert np.corrcoef(mean, truth)[0, 1] > 0.99
        assert mean.sum() == pytest.approx(truth.sum(), rel=0.05)
    assert (centralities(graph, samples=300).betweenness == exact.betweenness).all()


def test_closed_forms():
    star = centralities(nx.star_graph(6))
    assert star.betweenness.tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert star.closeness[0] == 1
    ring = centralities(nx.cycle_graph(9))
    assert np.ptp(ring.betweenness) == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(ring.eigenvector, 1)
    empty = centralities(nx.empty_graph(3))
    assert not empty.betweenness.any()
    assert not empty.eigenvector.any()


def test_measure(synthetic_run):
    frame = analyze(synthetic_run, "centrality", steps=[0]).set_index("quantity")["value"]
    truth = centralities(synthetic_run.snapshots[0])
    assert frame["betweenness_max"] == pytest.approx(truth.betweenness.max())
    assert frame["pagerank_mean"] == pytest.approx(truth.pagerank.mean())
