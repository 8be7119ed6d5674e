import itertools

import networkx as nx
import numpy as np
import pytest

from netsci_dst.analysis import directed_path_lengths


def weighted_digraph(seed, n=30, p=0.12):
    graph = nx.gnp_random_graph(n, p, seed=seed, directed=True)
    rng = np.random.default_rng(seed)
    for _, _, data in graph.edges(data=True):
        data["weight"] = float(rng.uniform(0.2, 5))
        data["length"] = 1 / data["weight"]
    return graph


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_lengths_are_those_of_networkx(seed, weighted):
    graph = weighted_digraph(seed)
    found = directed_path_lengths(graph, weighted=weighted)
    truth = dict(nx.all_pairs_dijkstra_path_length(graph, weight="length" if weighted else None))
    lengths = [truth[a][b] for a, b in itertools.permutations(graph, 2) if b in truth[a]]
    n = graph.number_of_nodes()
    assert found.characteristic == pytest.approx(np.mean(lengths))
    assert found.efficiency == pytest.approx(sum(1 / d for d in lengths) / (n * (n - 1)))
    assert found.reachable_share == pytest.approx(len(lengths) / (n * (n - 1)))


def test_undirected_graphs_are_followed_both_ways():
    graph = nx.les_miserables_graph()
    for _, _, data in graph.edges(data=True):
        data["length"] = 1 / data["weight"]
    found = directed_path_lengths(graph)
    assert found.characteristic == pytest.approx(
        nx.average_shortest_path_length(graph, weight="length")
    )
    assert found.reachable_share == 1
    few = directed_path_lengths(graph, samples=20)
    assert few.samples == 20
    assert few.characteristic == pytest.approx(found.characteristic, rel=0.2)


def test_graphs_without_links():
    found = directed_path_lengths(nx.empty_graph(3))
    assert np.isnan(found.characteristic)
    assert found.reachable_share == 0
