"""What must not change when neurons are renamed, isolated ones are added, or links turned round."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis import (
    assortativity,
    bipartite_clustering,
    centralities,
    characteristic_path_length,
    credit_assigned_paths,
    lcp_correlation,
    path_lengths,
    rich_club,
)
from netsci_dst.topology import Topology

from .conftest import random_chain


def rich_club_above_0(topology):
    # Isolated neurons add possible links at k = 0 alone.
    found = rich_club(topology, n=1)
    return np.nansum(found.phi[found.degree > 0])


MEASURES = {
    "assortativity": assortativity,
    "clustering": lambda t: bipartite_clustering(t).value,
    "lcp": lambda t: lcp_correlation(t).value,
    "path_length": characteristic_path_length,
    "paths": lambda t: float(credit_assigned_paths(t).total),
    "rich_club": rich_club_above_0,
}
SIZES = (7, 9, 8, 6)


def matrices(topology):
    return [layer.to_scipy().toarray() for layer in topology.layers]


def renamed(topology, rng):
    order = [rng.permutation(size) for size in SIZES]
    return Topology.chain([m[order[i]][:, order[i + 1]] for i, m in enumerate(matrices(topology))])


def turned_round(topology, rng):
    return Topology.chain([m.T for m in matrices(topology)[::-1]])


def with_isolated(topology, rng):
    more = rng.integers(0, 3, 4)
    return Topology.chain(
        [np.pad(m, ((0, more[i]), (0, more[i + 1]))) for i, m in enumerate(matrices(topology))]
    )


@pytest.mark.parametrize("change", [renamed, turned_round, with_isolated])
@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), density=st.floats(0.1, 0.7))
def test_invariance(name, change, seed, density):
    topology = random_chain(SIZES, density, seed)
    other = change(topology, np.random.default_rng(seed))
    before, after = MEASURES[name](topology), MEASURES[name](other)
    assert after == pytest.approx(before, rel=1e-9, abs=1e-12, nan_ok=True)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_order_of_nodes_chooses_among_components_of_one_size(seed):
    rng = np.random.default_rng(seed)
    shapes = (nx.path_graph(4), nx.star_graph(3), nx.complete_graph(4), nx.path_graph(2))
    graph = nx.disjoint_union_all(shapes)
    order = rng.permutation(len(graph)).tolist()
    other = nx.relabel_nodes(graph, dict(enumerate(order)))
    before, after = path_lengths(graph), path_lengths(nx.Graph(sorted(other.edges)))
    shuffled = nx.Graph()
    shuffled.add_nodes_from(range(len(graph)))
    shuffled.add_edges_from(other.edges)
    for found in (after, path_lengths(shuffled)):
        assert vars(found) | {"pairs": 0} == vars(before) | {"pairs": 0}
    means = [nx.average_shortest_path_length(part) for part in shapes[:3]]
    assert before.characteristic == pytest.approx(np.mean(means))
    assert before.efficiency_component == pytest.approx(
        np.mean([nx.global_efficiency(part) for part in shapes[:3]])
    )
    vectors = [centralities(g).eigenvector for g in (graph, shuffled)]
    assert np.allclose(vectors[0], vectors[1][order])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_paths_through_a_neuron_follow_it(seed):
    topology = random_chain(SIZES, 0.4, seed)
    back = credit_assigned_paths(turned_round(topology, None)).through
    sizes = np.cumsum((0, *SIZES[::-1]))
    parts = [back[sizes[i] : sizes[i + 1]] for i in range(4)][::-1]
    assert np.concatenate(parts).tolist() == credit_assigned_paths(topology).through.tolist()
