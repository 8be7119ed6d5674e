"""Sub-ranking of tied links, against the steps of CHT appendix J done with networkx and scipy."""

import networkx as nx
import numpy as np
import pytest
from scipy.stats import spearmanr

from netsci_dst import link_prediction as lp
from netsci_dst.link_prediction import _rules
from netsci_dst.link_prediction._bipartite import bipartite
from netsci_dst.link_prediction._subranking import link_scores, shortest_path_correlation


@pytest.mark.parametrize("kind", ["ch3_l3p", "ch2_l3p", "ra_l3", "cn_l3", "ch2_l3n", "ch3_l3n"])
def test_a_link_scores_by_its_paths_without_itself(kind):
    layer = np.random.default_rng(4).random((11, 9)) < 0.3
    rule = getattr(_rules, kind.upper())
    scores = link_scores(bipartite(layer), rule)
    for key, score in zip(np.flatnonzero(layer), scores):
        without = layer.copy()
        without.ravel()[key] = False
        expected = getattr(lp, kind)(without).ravel()[key]
        if kind == "ra_l3":
            # Degrees, unlike external links, do count the link: rebuild them.
            expected = _ra_with_link(layer, *np.unravel_index(key, layer.shape))
        assert score == pytest.approx(expected, rel=1e-11)


def _ra_with_link(layer, u, v):
    total = 0.0
    for z1 in np.flatnonzero(layer[u]):
        for z2 in np.flatnonzero(layer[:, v]):
            if z1 != v and z2 != u and layer[z2, z1]:
                total += 1 / np.sqrt(layer[:, z1].sum() * layer[z2].sum())
    return total


def test_correlations_of_shortest_paths():
    layer = np.random.default_rng(0).random((10, 12)) < 0.35
    weight = 1 / (1 + link_scores(bipartite(layer), _rules.CH3_L3P))
    graph = nx.Graph()
    graph.add_nodes_from(range(22))
    for (u, v), w in zip(np.argwhere(layer), weight):
        graph.add_edge(int(u), 10 + int(v), weight=w)
    length = dict(nx.all_pairs_dijkstra_path_length(graph))
    distance = np.array([[length[i].get(j, np.inf) for j in range(22)] for i in range(22)])
    keys = np.flatnonzero(~layer)[:40]
    found = shortest_path_correlation(bipartite(layer), _rules.CH3_L3P, keys)
    distance = np.round(distance, 10)
    for key, value in zip(keys, found):
        u, v = divmod(int(key), 12)
        expected = spearmanr(distance[u], distance[10 + v]).statistic
        assert value == pytest.approx(expected, abs=1e-9)


def test_ties_are_ordered_by_correlation():
    layer = np.random.default_rng(9).random((25, 25)) < 0.1
    keys, scores = lp.top_links(layer, "cn_l3", 60, ties="spearman", rng=0)
    correlation = shortest_path_correlation(bipartite(layer), _rules.CN_L3, keys)
    np.testing.assert_array_equal(scores, np.sort(lp.cn_l3(layer).ravel())[::-1][:60])
    for value in np.unique(scores):
        assert (np.diff(correlation[scores == value]) <= 1e-12).all()
    # The cut through the last group of ties keeps its best correlated links.
    last = np.flatnonzero(lp.cn_l3(layer).ravel() == scores[-1])
    all_of_them = shortest_path_correlation(bipartite(layer), _rules.CN_L3, last)
    kept = np.isin(last, keys)
    assert all_of_them[kept].min() >= all_of_them[~kept].max(initial=-1) - 1e-12
