import networkx as nx
import numpy as np
import pytest

from netsci_dst.analysis import community_lineage, core_lineage


def caves(sizes):
    """Cliques in a row, each joined to the next by one link."""
    graph = nx.Graph()
    start = 0
    for size in sizes:
        nodes = range(start, start + size)
        graph.add_edges_from((a, b) for a in nodes for b in nodes if a < b)
        if start:
            graph.add_edge(start - 1, start)
        start += size
    return graph


def test_communities_that_stay_keep_their_number():
    first = caves([6, 6, 6])
    second = first.copy()
    second.remove_edges_from([(a, b) for a in range(12, 18) for b in range(12, 18) if a < b])
    second.add_edges_from([(12, a) for a in range(6)])  # one of the third joins the first
    found = community_lineage([first, first, second])
    by_time = {t: set(rows["community"]) for t, rows in found.groupby("time")}
    assert by_time[0] == by_time[1] == {0, 1, 2}
    assert len(by_time[2] & {0, 1, 2}) == 2
    start = found[found["time"] == 0]
    assert (start["event"] == "born").all()
    assert start["overlap"].isna().all()
    assert (found[found["time"] == 1]["overlap"] == 1).all()
    joined = found[(found["time"] == 2) & (found["size"] == 7)]
    assert joined["overlap"].tolist() == [pytest.approx(6 / 7)]


def test_the_core_is_followed():
    before = nx.disjoint_union(nx.complete_graph(5), nx.path_graph(6))
    after = before.copy()
    after.add_edges_from((a, b) for a in range(3, 9) for b in range(3, 9) if a < b)
    found = core_lineage([before, after])
    assert found["k_max"].tolist() == [4, 5]
    assert found["size"].tolist() == [5, 6]
    assert found["overlap"].tolist()[1] == pytest.approx(2 / 9)
    assert found["from_first"].tolist() == [1, pytest.approx(2 / 5)]
    assert np.isnan(found["overlap"][0])
