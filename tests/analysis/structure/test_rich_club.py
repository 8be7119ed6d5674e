import networkx as nx
import numpy as np
import pytest

from netsci_dst.analysis import analyze, rich_club
from netsci_dst.analysis.nulls.models import degree_preserving
from netsci_dst.errors import NetsciError
from netsci_dst.topology import Topology

from ..conftest import random_chain


def test_coefficients_as_networkx_has_them():
    graph = nx.barabasi_albert_graph(80, 3, seed=2)
    found = rich_club(graph, n=2)
    truth = nx.rich_club_coefficient(graph, normalized=False)
    for k, phi in zip(found.degree, found.phi):
        if phi == phi:
            assert phi == pytest.approx(truth[int(k)])


def test_possible_links_of_layers():
    topology = random_chain((8, 9, 7), 0.4, 1)
    found = rich_club(topology, n=1)
    degrees = topology.degrees
    k = int(found.degree[1])
    rich = [int((degrees[topology.nodes(p.name)] > k).sum()) for p in topology.populations]
    u, v = topology.links()
    links = ((degrees[u] > k) & (degrees[v] > k)).sum()
    assert found.phi[1] == pytest.approx(links / (rich[0] * rich[1] + rich[1] * rich[2]))


def test_a_planted_club_is_found_and_none_where_there_is_none():
    rng = np.random.default_rng(1)
    links = np.zeros((60, 60), dtype=bool)
    links[:8, :8] = True  # the club
    for i in range(60):  # everybody has six links to the rest, the club more
        links[i, 8 + rng.permutation(52)[:6]] = True
        links[8 + rng.permutation(52)[: 6 if i < 8 else 0], i] = True
    club = rich_club(Topology.chain([links]), n=60, seed=1)
    assert club.p_value == pytest.approx(1 / 61)
    assert club.peak > 0.1
    none = rich_club(nx.gnp_random_graph(100, 0.08, seed=3), n=40, seed=1)
    assert none.p_value > 0.05
    assert club.p_text == "≤ 0.02 (60 nulls)"
    early = rich_club(nx.gnp_random_graph(100, 0.08, seed=3), seed=1)
    assert 20 < early.nulls < 200
    assert early.p_value >= 21 / (early.nulls + 1)


def test_equal_degrees_have_no_club():
    found = rich_club(nx.cycle_graph(8), n=2)
    assert np.isnan(found.peak)
    frame = analyze(nx.cycle_graph(8), "rich_club")
    (note,) = frame.attrs["notes"]
    assert "same degree" in note["reason"]
    with pytest.raises(NetsciError, match="number of null graphs"):
        rich_club(nx.path_graph(4), n=0)


def test_parts_are_tested_against_their_place_in_the_null_graphs_of_the_whole():
    topology = random_chain((12, 14, 13, 9), 0.3, 5)
    frame = analyze(topology, "rich_club", options={"rich_club": {"n": 7, "seed": 3}})
    parts = {"network": topology, "hidden-subgraph": topology.hidden}
    parts |= {layer.name: topology.part([layer.name]) for layer in topology.layers}
    assert set(frame["scope"]) == set(parts)
    nulls = [
        degree_preserving(topology, np.random.default_rng(child))
        for child in np.random.SeedSequence(3).spawn(7)
    ]
    for scope, part in parts.items():
        names = [layer.name for layer in part.layers]
        degrees = part.degrees

        def phi(t, k, part=part, degrees=degrees):
            u, v = t.links()
            links = ((degrees[u] > k) & (degrees[v] > k)).sum()
            most = 0
            for layer in part.layers:
                a, b = (degrees[part.nodes(p)] > k for p in (layer.source, layer.target))
                most += int(a.sum()) * int(b.sum())
            return links / most if most else np.nan

        levels = np.unique(degrees)[:-1]
        own = np.array([phi(part, k) for k in levels])
        random = np.array([[phi(t.part(names), k) for k in levels] for t in nulls])
        excess = own - random.mean(axis=0)
        best = int(np.nanargmax(excess))
        said = frame[frame["scope"] == scope].set_index("quantity")["value"]
        assert said["rich_club_peak"] == pytest.approx(excess[best])
        assert said["rich_club_degree"] == levels[best]
        peaks = np.nanmax(random - random.mean(axis=0), axis=1)
        assert said["rich_club_p"] == (1 + (peaks >= excess[best] - 1e-12).sum()) / 8
    alone = rich_club(topology, n=7, seed=3)
    assert (
        frame.set_index(["scope", "quantity"])["value"]["network", "rich_club_peak"] == alone.peak
    )
