import random

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis import analyze, modularity, partition_modularity
from netsci_dst.analysis.directions import arcs
from netsci_dst.analysis.structure.leiden import leiden
from netsci_dst.errors import NetsciError
from netsci_dst.graphs import as_adjacency, as_igraph
from netsci_dst.topology import Topology

from ..conftest import random_chain


def groups(membership):
    return [set(np.flatnonzero(membership == c).tolist()) for c in np.unique(membership)]


@pytest.mark.parametrize("seed", range(4))
def test_modularity_of_a_partition_is_that_of_networkx(seed):
    graph = nx.gnp_random_graph(60, 0.1, seed=seed)
    labels = np.random.default_rng(seed).integers(0, 5, 60)
    truth = nx.community.modularity(graph, groups(labels))
    assert partition_modularity(graph, labels) == pytest.approx(truth, abs=1e-12)
    assert partition_modularity(graph, [f"c{x}" for x in labels]) == pytest.approx(truth)


def test_the_value_belongs_to_the_membership():
    graph = nx.convert_node_labels_to_integers(nx.les_miserables_graph())
    found = modularity(graph, n=4)
    assert found.value == max(found.values)
    assert len(found.values) == 4
    truth = nx.community.modularity(graph, groups(found.membership), weight=None)
    assert found.value == pytest.approx(truth)
    sizes = np.bincount(found.membership)
    assert (np.diff(sizes) <= 0).all()
    assert found.n_communities == sizes.size


def test_known_optima():
    # Zachary's karate club: 0.41979 is the proven maximum (Brandes et al. 2008).
    assert modularity(nx.karate_club_graph()).value == pytest.approx(0.419790, abs=1e-6)
    # k equal cliques without links between them: 1 - 1/k.
    cliques = nx.disjoint_union_all([nx.complete_graph(6)] * 5)
    found = modularity(cliques)
    assert found.value == pytest.approx(1 - 1 / 5)
    assert found.n_communities == 5
    # A complete graph and a star have no better partition than one that is worth 0.
    assert modularity(nx.complete_graph(8)).value == pytest.approx(0.0, abs=1e-12)
    assert modularity(nx.star_graph(8)).value == pytest.approx(0.0, abs=1e-12)
    # A ring of 24 cliques of 5, joined by one link each: neighbouring pairs merge (Fortunato and
    # Barthélemy 2007), which is worth 1 - 1/12 - 12/264.
    ring = nx.ring_of_cliques(24, 5)
    assert modularity(ring).value == pytest.approx(1 - 1 / 12 - 12 / 264, abs=2e-3)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_weights_and_directions_as_networkx_has_them(directed, weighted):
    rng = np.random.default_rng(4)
    graph = nx.gnp_random_graph(50, 0.1, seed=4, directed=True)
    for _, _, data in graph.edges(data=True):
        data["weight"] = float(rng.uniform(0.5, 3))
    labels = rng.integers(0, 4, 50)
    weight = "weight" if weighted else None
    if directed:
        truth = nx.community.modularity(graph, groups(labels), weight=weight)
    else:
        plain = nx.Graph()
        plain.add_nodes_from(graph)
        for u, v, data in graph.edges(data=True):
            before = plain.get_edge_data(u, v, {"weight": 0.0})["weight"]
            plain.add_edge(u, v, weight=before + data["weight"])
        truth = nx.community.modularity(plain, groups(labels), weight=weight)
    found = partition_modularity(graph, labels, weighted=weighted, directed=directed)
    assert found == pytest.approx(truth, abs=1e-12)


def test_communities_by_weight():
    # Two triangles joined by three links: by weight they fall apart, without it they do not.
    graph = nx.complete_graph(6)
    for u, v, data in graph.edges(data=True):
        data["weight"] = 10.0 if (u < 3) == (v < 3) else 0.5
    found = modularity(graph, weighted=True)
    assert found.n_communities == 2
    assert found.value == pytest.approx(
        nx.community.modularity(graph, [{0, 1, 2}, {3, 4, 5}], weight="weight")
    )
    assert modularity(graph).value == pytest.approx(0, abs=1e-12)


def test_threads_change_nothing():
    graph = nx.gnp_random_graph(300, 0.05, seed=2)
    one, two = (modularity(graph, n=4, threads=t) for t in (1, 2))
    assert one.values == two.values
    assert (one.membership == two.membership).all()


def test_planted_groups_are_found_again():
    graph = nx.planted_partition_graph(6, 40, 0.4, 0.02, seed=3)
    truth = np.repeat(np.arange(6), 40)
    found = modularity(graph)
    assert len({tuple(pair) for pair in zip(truth, found.membership)}) == 6
    assert found.value == pytest.approx(partition_modularity(graph, truth))


@pytest.mark.parametrize("name", ["barabasi", "random", "layers"])
def test_as_good_as_igraphs_leiden(name):
    graph = {
        "barabasi": lambda: nx.barabasi_albert_graph(400, 3, seed=1),
        "random": lambda: nx.gnp_random_graph(400, 0.02, seed=1),
        "layers": lambda: random_chain((100, 120, 110), 0.05, seed=1).to_scipy(),
    }[name]()
    reference = as_igraph(graph)
    igraph.set_random_number_generator(random.Random(0))
    try:
        best = max(reference.community_leiden("modularity", n_iterations=-1).q for _ in range(10))
    finally:
        igraph.set_random_number_generator(random)
    assert modularity(graph).value >= best - 0.01


def test_groups_that_merge_early_part_again():
    """Local moves alone end with half as many groups as were planted."""
    chances = np.full((40, 40), 2e-4) + np.diag(np.full(40, 0.02))
    planted_graph = nx.stochastic_block_model([500] * 40, chances, seed=0)
    graph = igraph.Graph(20_000, list(planted_graph.edges))
    found = modularity(graph, n=1, tolerance=1e-4)
    planted = partition_modularity(graph, np.repeat(np.arange(40), 500))
    assert found.value >= planted - 0.003
    assert (np.bincount(found.membership) > 10).sum() == 40


def test_communities_hang_together():
    # What Leiden guarantees and Louvain does not.
    graph = nx.barabasi_albert_graph(300, 2, seed=5)
    for membership in leiden(as_adjacency(graph), seed=1, n=5):
        for group in groups(membership):
            assert nx.is_connected(graph.subgraph(group))


def test_seeds_repeat_and_differ():
    graph = nx.gnp_random_graph(200, 0.05, seed=0)
    a, b, c = modularity(graph, 1, 2), modularity(graph, 1, 2), modularity(graph, 2, 2)
    assert a.values == b.values
    assert (a.membership == b.membership).all()
    assert a.values != c.values
    assert modularity(graph, 1, 5).values[:2] == a.values


def test_graphs_without_links_and_isolated_nodes():
    empty = modularity(nx.empty_graph(4))
    assert np.isnan(empty.value)
    assert empty.n_communities == 4
    assert np.isnan(partition_modularity(nx.empty_graph(3), [0, 0, 1]))
    graph = nx.karate_club_graph()
    value = modularity(graph).value
    graph.add_nodes_from(range(100, 110))
    found = modularity(graph)
    assert found.value == pytest.approx(value)
    assert found.n_communities == 14


def test_wrong_requests():
    with pytest.raises(NetsciError, match="number of runs"):
        modularity(nx.path_graph(3), n=0)
    with pytest.raises(NetsciError, match="2 entries"):
        partition_modularity(nx.path_graph(3), [0, 1])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 40), p=st.floats(0.02, 0.5))
def test_any_order_of_nodes_gives_a_partition_no_worse_than_none(seed, n, p):
    graph = nx.gnp_random_graph(n, p, seed=seed)
    found = modularity(graph, n=2)
    if graph.number_of_edges() == 0:
        return
    assert -0.5 <= found.value <= 1
    assert found.value >= -1e-12
    order = np.random.default_rng(seed).permutation(n)
    matrix = as_adjacency(graph)
    turned = matrix[order][:, order]
    assert partition_modularity(turned, found.membership[order]) == pytest.approx(found.value)


def test_layers_as_a_partition():
    # All links lie between layers, none inside: Q = -Σ (D_c / 2m)².
    topology = Topology.chain([np.ones((2, 3)), np.ones((3, 4))])
    degrees = [2 * 3, 3 * 2 + 3 * 4, 4 * 3]
    truth = -sum((d / 36) ** 2 for d in degrees)
    assert partition_modularity(topology, topology.node_population) == pytest.approx(truth)


def test_the_network_its_hidden_part_and_each_layer_have_a_value():
    topology = random_chain((20, 25, 22, 18), 0.2, 5)
    frame = analyze(topology, "modularity", options={"modularity": {"n": 2}})
    found = frame[frame["quantity"] == "modularity"].set_index("scope")["value"]
    parts = {"network": topology, "hidden-subgraph": topology.hidden}
    parts |= {layer.name: topology.part([layer.name]) for layer in topology.layers}
    assert found.to_dict() == {scope: modularity(t, n=2).value for scope, t in parts.items()}
    of_layers = frame[frame["quantity"] == "modularity_of_layers"]["scope"].tolist()
    assert "network" in of_layers
    assert not {layer.name for layer in topology.layers} & set(of_layers)


@pytest.mark.parametrize("weighted", [False, True])
def test_annealing_leaves_what_is_clear_and_betters_what_is_not(weighted):
    clear = nx.planted_partition_graph(8, 60, 0.3, 0.01, seed=1)
    vague = nx.barabasi_albert_graph(3000, 5, seed=1)
    for graph in (clear, vague):
        if weighted:  # the same weight everywhere changes nothing
            nx.set_edge_attributes(graph, 7.0, "weight")
        matrix = arcs(graph).symmetric if weighted else as_adjacency(graph)
        without, annealed = (
            [partition_modularity(graph, m) for m in leiden(matrix, 1, 3, 1e-4, sweeps=sweeps)]
            for sweeps in (0, 60)
        )
        if graph is clear:
            assert annealed == pytest.approx(without, abs=1e-12)
        else:
            assert min(annealed) > max(without) + 0.003


def test_a_rough_tolerance_leaves_annealing_out():
    graph = nx.barabasi_albert_graph(1500, 4, seed=3)
    quick = modularity(graph, n=1, tolerance=1e-3).value
    (membership,) = leiden(as_adjacency(graph), 0, 1, 1e-3, sweeps=0)
    assert quick == pytest.approx(partition_modularity(graph, membership))
    assert modularity(graph, n=1, tolerance=9e-4).value > quick
