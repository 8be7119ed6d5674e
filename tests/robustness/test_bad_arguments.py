"""Functions given arguments of the wrong kind say so in one line."""

import networkx as nx
import numpy as np
import pytest
import scipy.sparse

from netsci_dst import analysis
from netsci_dst import link_prediction as lp
from netsci_dst.area import area_across_epochs
from netsci_dst.errors import NetsciError
from netsci_dst.topology import Layer, Topology

GRAPH = nx.karate_club_graph()
SQUARE = np.array([[1.0, 1, 0], [1, 0, 1], [0, 1, 1]])
CHAIN = Topology.chain([np.ones((3, 2)), np.ones((2, 4))])

BAD = {
    "k": lambda: lp.top_links(SQUARE, k=2.5),
    "k is NaN": lambda: lp.top_links(SQUARE, k=float("nan")),
    "ragged": lambda: lp.ra_l3([[1, 0], [1]]),
    "complex": lambda: lp.ra_l3(scipy.sparse.csr_array(SQUARE * 1j)),
    "pair of NaN": lambda: lp.scores_at(SQUARE, "ra_l3", [float("nan")], [0]),
    "pair of fractions": lambda: lp.scores_at(SQUARE, "ra_l3", [0.9], [1.9]),
    "repeats of spm": lambda: lp.spm(SQUARE, repeats=1.5),
    "repeats": lambda: analysis.structural_consistency(GRAPH, repeats=1.5),
    "runs": lambda: analysis.modularity(GRAPH, n=1.5),
    "seed": lambda: analysis.modularity(GRAPH, seed=-1),
    "seed of a fit": lambda: analysis.fit_power_law([1, 2, 3], seed=-1),
    "seed of an embedding": lambda: analysis.coalescent_embedding(GRAPH, seed=-1),
    "landmarks": lambda: analysis.coalescent_embedding(GRAPH, landmarks=5.5),
    "permutations": lambda: analysis.angular_separation_index(
        [1, 2, 3, 4], list("aabb"), permutations=2.5
    ),
    "labels": lambda: analysis.angular_separation_index([1, 2, 3, 4], ["a", "a", None, None]),
    "activity": lambda: analysis.activation_scores(["a"]),
    "mean": lambda: analysis.mean_and_error(["a"]),
    "degrees of NaN": lambda: analysis.degree_correlation([1, float("nan"), 2], [1, 2, 3]),
    "degrees of text": lambda: analysis.degree_correlation(["a", "b"], [1, 2]),
    "routing": lambda: analysis.greedy_routing(GRAPH, np.ones((34, 2))),
    "objects": lambda: analysis.k_shells(np.array([["a", "b"], ["b", "a"]], dtype=object)),
    "infinity": lambda: analysis.k_shells(np.array([[0, np.inf], [np.inf, 0]])),
    "complex graph": lambda: analysis.k_shells(np.array([[0, 1j], [1j, 0]])),
    "communities": lambda: analysis.partition_modularity(GRAPH, np.full(34, np.nan)),
    "radii": lambda: analysis.hyperbolic_distances([[0.0, -1.0], [1.0, 2.0]]),
    "far away": lambda: analysis.hyperbolic_distances([[0.0, 1e6], [1.0, 2.0]]),
    "hubs as a mask": lambda: analysis.credit_assigned_paths(CHAIN, hubs=[True] * 9),
    "hubs of fractions": lambda: analysis.credit_assigned_paths(CHAIN, hubs=[0.5]),
    "no nodes": lambda: analysis.topological_measures(nx.Graph()),
    "null graphs": lambda: analysis.rich_club(GRAPH, n=0.5),
    "area": lambda: area_across_epochs([1, 2], [1]),
}


@pytest.mark.parametrize("call", BAD.values(), ids=BAD)
def test_bad_arguments_are_refused_in_one_line(call):
    with pytest.raises(NetsciError) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_whole_numbers_of_any_type_and_nested_lists_will_do():
    keys, _ = lp.top_links([[1, 1, 0], [1, 0, 1], [0, 1, 1]], k=np.int64(2))
    assert len(keys) == 2
    found = analysis.coalescent_embedding(GRAPH, dimensions=2.0)
    assert found.theta is not None


def test_a_layer_does_not_share_memory_with_the_matrix_it_was_made_of():
    matrix = scipy.sparse.csr_array(np.array([[1.0, 2.0], [0.0, 3.0]], dtype=np.float32))
    matrix.data[1] = 0
    layer = Layer.from_matrix("a", "s", "t", matrix)
    assert (layer.weights.tolist(), layer.indices.tolist()) == ([1, 3], [0, 1])
    assert (matrix.data.tolist(), matrix.indptr.tolist()) == ([1, 0, 3], [0, 2, 3])
    matrix.data[:], matrix.indices[:] = 9, 0
    assert (layer.weights.tolist(), layer.indices.tolist()) == ([1, 3], [0, 1])
