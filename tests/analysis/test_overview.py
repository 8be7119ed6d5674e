import networkx as nx
import pytest

from netsci_dst.analysis import topological_measures
from netsci_dst.errors import UnknownName

from .conftest import random_chain

QUICK = ["clustering", "paths", "lcp", "modularity", "k_shell", "power_law", "credit_paths"]


def test_the_karate_club():
    graph = nx.karate_club_graph()
    found = topological_measures(graph)
    assert found["nodes"] == 34
    assert found["links"] == 78
    assert found["mean_degree"] == pytest.approx(156 / 34)
    assert found["density"] == pytest.approx(nx.density(graph))
    assert found["clustering"] == pytest.approx(nx.average_clustering(graph))
    assert found["transitivity"] == pytest.approx(nx.transitivity(graph))
    assert found["assortativity"] == pytest.approx(nx.degree_assortativity_coefficient(graph))
    assert found["global_efficiency"] == pytest.approx(nx.global_efficiency(graph))
    assert found["k_max"] == max(nx.core_number(graph).values())
    assert found["small_world_sigma"] > 1
    assert 0 <= found["structural_consistency"] <= 1
    assert 0 <= found["power_law_p"] <= 1
    assert "paths" not in found


def test_a_layered_network():
    topology = random_chain((20, 30, 30, 10), 0.15, 1)
    found = topological_measures(topology, QUICK)
    assert found["paths"] > 0
    assert 0 <= found["hub_share_every"] <= found["hub_share_any"] <= 1
    assert "transitivity" not in found
    assert found["modularity_of_layers"] < 0 < found["modularity"]
    assert "small_world_sigma" not in found


def test_an_unknown_family():
    with pytest.raises(UnknownName, match="'small_world'"):
        topological_measures(nx.path_graph(4), ["small_worlds"])
