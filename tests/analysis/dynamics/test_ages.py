import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netsci_dst.analysis import link_ages, link_history, reliable_exploration, survival


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=2, max_size=60))
def test_survival_is_the_kaplan_meier_curve_of_scipy(spells):
    age = np.array([a for a, _ in spells], dtype=float)
    ended = np.array([e for _, e in spells])
    found = survival(age, ended)
    data = stats.CensoredData(uncensored=age[ended], right=age[~ended])
    truth = stats.ecdf(data).sf
    for a, share in zip(found.age[1:], found.share[1:]):
        assert share == pytest.approx(truth.evaluate(a), abs=1e-12)
    assert (np.diff(found.share) <= 0).all()
    assert (found.low <= found.share + 1e-12).all()
    assert (found.share <= found.high + 1e-12).all()
    assert found.links == age.size


def states(rng, n=12, steps=7):
    graphs = [nx.gnp_random_graph(n, 0.3, seed=1)]
    for _ in range(steps - 1):
        graph = graphs[-1].copy()
        links = list(graph.edges)
        graph.remove_edges_from([links[i] for i in rng.choice(len(links), 4, replace=False)])
        absent = list(nx.complement(graph).edges)
        graph.add_edges_from([absent[i] for i in rng.choice(len(absent), 4, replace=False)])
        graphs.append(graph)
    return graphs


def spells_one_by_one(graphs):
    found = []
    n = graphs[0].number_of_nodes()
    for u, v in nx.complete_graph(n).edges:
        there = [graph.has_edge(u, v) for graph in graphs] + [False]
        start = None
        for t, now in enumerate(there):
            if now and start is None:
                start = t
            if not now and start is not None:
                found.append((u * n + v, start, t))
                start = None
    return sorted(found)


@pytest.mark.parametrize("seed", range(4))
def test_spells_and_what_stayed_against_each_link_by_itself(seed):
    graphs = states(np.random.default_rng(seed))
    ages = link_ages(graphs)
    found = sorted(zip(ages.key.tolist(), ages.born.tolist(), ages.gone.tolist()))
    truth = spells_one_by_one(graphs)
    assert found == truth
    last = len(graphs) - 1
    shares = reliable_exploration(graphs)
    assert shares.size == last - 1
    for n, share in enumerate(shares, 1):
        tried = [(b, g) for _, b, g in truth if b > 0 and b + n <= last]
        assert share == pytest.approx(np.mean([g - b > n for b, g in tried]))
    assert (ages.initial == (ages.born == 0)).all()
    assert (ages.ended == (ages.gone <= last)).all()
    degrees = [dict(graph.degree) for graph in graphs]
    n = graphs[0].number_of_nodes()
    for key, born, degree in zip(ages.key, ages.born, ages.degree):
        u, v = divmod(int(key), n)
        assert degree == (degrees[born][u] + degrees[born][v]) / 2


def test_ages_by_degree_divide_the_gained_links():
    ages = link_ages(states(np.random.default_rng(0), n=30, steps=12))
    groups = ages.by_degree(3)
    assert sum(curve.links for _, _, curve in groups) == (~ages.initial).sum()
    assert all(low <= high for low, high, _ in groups)
    assert groups[0][1] < groups[-1][1]
    assert ages.survival(initial=True).links == ages.initial.sum()


def test_half_lives_are_in_the_unit_of_time(synthetic_run):
    ages = link_ages(synthetic_run)
    assert ages.unit == "epochs"
    assert link_history(synthetic_run).unit == "epochs"
    assert ages.survival(initial=True).half_life in (1, 2, 3)


def test_nothing_gained_has_no_share():
    same = [nx.path_graph(4)] * 4
    assert np.isnan(reliable_exploration(same)).all()
    assert link_ages(same).by_degree() == []


def test_links_that_go_at_a_constant_rate_have_the_half_life_of_that_rate():
    rng = np.random.default_rng(3)
    n, chance = 400, 0.2
    here = np.triu(rng.random((n, n)) < 0.02, 1)
    states = [here]
    for _ in range(25):
        stays = here & (rng.random((n, n)) >= chance)
        new = np.triu(rng.random((n, n)) < 0.004, 1) & ~here
        here = stays | new
        states.append(here)
    networks = [scipy.sparse.csr_array(state | state.T) for state in states]
    ages = link_ages(networks)
    # 0.8^4 < 1/2 < 0.8^3: for links gained as for those of the start, whatever their degrees.
    for curve in (ages.survival(), ages.survival(initial=True)):
        assert curve.half_life == 4
        assert curve.share[:12] == pytest.approx(0.8 ** curve.age[:12], abs=0.02)
        inside = (curve.low <= 0.8**curve.age) & (0.8**curve.age <= curve.high)
        assert inside[:12].mean() > 0.7
    assert {curve.half_life for _, _, curve in ages.by_degree()} <= {3, 4}
    shares = reliable_exploration(networks)
    assert shares[:8] == pytest.approx(0.8 ** np.arange(1, 9), abs=0.03)
